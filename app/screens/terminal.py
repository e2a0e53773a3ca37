"""The terminal that the dashboard is drawn on, checked before anything is drawn."""

from __future__ import annotations

import io
import os
import sys
from typing import Final

SMALLEST: Final = (40, 10)  # columns and lines, below which nothing useful fits


def refusal() -> str | None:
    """Why the dashboard cannot be shown here, and what to do; None where it can."""
    if not sys.stdin.isatty():
        return (
            "standard input is not a terminal, and the dashboard takes its keys there. Use --plain"
        )
    kind = os.environ.get("TERM", "")
    if kind in {"", "dumb"}:
        told = "TERM is not set" if not kind else "TERM is 'dumb'"
        return f"{told}: this terminal cannot show the dashboard. Use --plain"
    size = os.get_terminal_size(sys.stdout.fileno())
    columns, lines = SMALLEST
    # 0 by 0 is a terminal that does not tell, such as a serial line.
    if 0 < size.columns < columns or 0 < size.lines < lines:
        return (
            f"the terminal has {size.columns} columns and {size.lines} lines; the dashboard needs "
            f"{columns} and {lines}. Make it larger, or use --plain"
        )
    return None


def draw_on_stdout() -> None:
    """Have Textual draw on standard output.

    It draws through `sys.__stderr__`, and standard error may be anywhere: `2>errors.log`.
    """
    terminal = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.__stderr__ = io.TextIOWrapper(terminal, encoding="utf-8")  # type: ignore[misc]
