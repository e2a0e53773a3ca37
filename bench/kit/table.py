"""Tables for a terminal and for README alike: the first column to the left, numbers right."""

from __future__ import annotations

from collections.abc import Sequence


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    print(f"\n{title}")
    for line in lines:
        first, *rest = line
        cells = [f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip(), flush=True)


def ratio(value: float, limit: float) -> str:
    """How many times `limit` it is: `0.83`."""
    return f"{value / limit:.2f}"
