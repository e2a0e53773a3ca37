"""One row of a ranking, as text: in words or with a bar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.cells import cell_len

from probes.text import visible
from widgets.fit import count, keep_end, keep_start, pad

Piece = tuple[str, str]
"""A text, and the name of its style: label, fact or bar."""

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_ONE_LINE: Final = 56  # cells from which on a name and its facts share one line
_COUNT: Final = 7
_SHARE: Final = 5
_CLOCK: Final = 8


class RankingKind(StrEnum):
    """What a line shows beside the name and the count."""

    FACTS = "facts"
    """When it was last seen, and `detail`; on a second line where the ranking is narrow."""
    BARS = "bars"
    """A bar, scaled to the largest count, and the share."""


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One name: `key` says which to the application, `label` is shown.

    `share`: 0.0 to 1.0 of all connections. `detail`: further facts, the most recent first.
    `last_seen`: HH:MM:SS, local time. Texts may come from other processes as they are.
    """

    key: str
    label: str
    count: int
    share: float = 0.0
    detail: str = ""
    last_seen: str = ""


def lines_per_row(kind: RankingKind, width: int) -> int:
    """Give the number of lines that a row takes in a ranking `width` cells wide."""
    return 2 if kind is RankingKind.FACTS and width < _ONE_LINE else 1


def row_pieces(
    row: RankingRow, kind: RankingKind, line: int, width: int, largest: int
) -> list[Piece]:
    """Give line `line` of a row in `width` cells; `largest` is the count that fills a bar."""
    if kind is RankingKind.BARS:
        return _bar_pieces(row, width, largest)
    number = pad(count(row.count, _COUNT), _COUNT, right=True)
    if lines_per_row(kind, width) == 2:
        if line == 0:
            label = max(1, width - _COUNT - 3)
            return [(f" {pad(keep_end(visible(row.label), label), label)} {number} ", "label")]
        facts = keep_start(f"{row.last_seen}  {visible(row.detail)}", width - 4)
        return [(f"   {pad(facts, width - 4)} ", "fact")]
    rest = width - _COUNT - _CLOCK - 7
    label = rest // 2
    detail = pad(keep_start(visible(row.detail), rest - label), rest - label)
    return [
        (f" {pad(keep_end(visible(row.label), label), label)} {number}", "label"),
        (f"  {pad(row.last_seen, _CLOCK)}  {detail} ", "fact"),
    ]


def _bar_pieces(row: RankingRow, width: int, largest: int) -> list[Piece]:
    rest = width - _COUNT - _SHARE - 3
    label = max(8, min(32, rest * 2 // 3))
    number = pad(count(row.count, _COUNT), _COUNT, right=True)
    return [
        (f" {pad(keep_start(visible(row.label), label), label)} ", "label"),
        (_bar(row.count, largest, max(0, rest - label - 1)), "bar"),
        (f" {number}", "label"),
        (f"{pad(_percent(row.share), _SHARE, right=True)} ", "fact"),
    ]


def wrapped(text: str, width: int) -> list[str]:
    """Break `text` between words into lines of at most `width` cells."""
    lines = [""]
    for word in text.split():
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _bar(value: int, largest: int, width: int) -> str:
    """Draw a bar in steps of an eighth, `width` cells for `largest`; never empty for a count."""
    if largest < 1 or width < 1:
        return " " * max(0, width)
    eighths = max(1, round(value * width * 8 / largest)) if value else 0
    full, part = divmod(min(eighths, width * 8), 8)
    return (_EIGHTHS[-1] * full + (_EIGHTHS[part] if part else "")).ljust(width)


def _percent(share: float) -> str:
    """`12%`; `<1%` for what is there but rounds to nothing."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"
