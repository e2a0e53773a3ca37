"""Values in a text that a person can point at: to copy them, and to filter by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from probes.text import visible
from widgets.tones import Tone

Place = tuple[str, str, int]
"""Where a value stands: its section's title, its fact's label or its line, and which one there."""


@dataclass(frozen=True, slots=True)
class Value:
    """`name`: what it is, as in "the port". `text`: what is copied, safe to show.

    `asks`: by which fields of the filter language, and which whole text of each, it is found; empty
    where no filter can.
    """

    name: str
    text: str
    asks: tuple[tuple[str, str], ...] = ()


class Said(NamedTuple):
    """A piece of text, how it is shown, and the value that it stands for, if any."""

    text: str
    tone: Tone
    value: Value | None = None


def asked(name: str, field: str, text: str) -> Value:
    """A value that one field of the filter language finds. `text` may be any process's."""
    return Value(name, visible(text), ((field, text),))


def told(name: str, text: str) -> Value:
    """A value that can be copied and no more."""
    return Value(name, visible(text))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value is drawn: `column`, from the left or from above, and the cells it takes."""

    place: Place
    value: Value
    column: int
    x: int
    y: int
    width: int


def beside(spots: list[Spot], here: Spot, step: int, *, abreast: bool) -> Spot:
    """The value to the left (-1) or to the right (1). `spots`: as they are read.

    `abreast`: columns stand beside each other; else at a line's end, the next line is beside it.
    """
    line = [spot for spot in spots if (spot.column, spot.y) == (here.column, here.y)]
    at = line.index(here) + step
    if 0 <= at < len(line):
        return line[at]
    if not abreast:
        return spots[max(0, min(spots.index(here) + step, len(spots) - 1))]
    others = [spot for spot in spots if (spot.column - here.column) * step > 0]
    return min(others, key=lambda spot: _apart(spot, here.x, here.y), default=here)


def below(spots: list[Spot], here: Spot, step: int) -> Spot:
    """The value on the next line below (1) or above (-1); behind a column's last, in the next."""
    column = [spot for spot in spots if spot.column == here.column]
    ahead = [spot for spot in column if (spot.y - here.y) * step > 0]
    if not ahead:
        ahead = [spot for spot in spots if (spot.column - here.column) * step > 0]
        if not ahead:
            return here
        columns = [spot.column for spot in ahead]
        nearest = min(columns) if step > 0 else max(columns)
        ahead = [spot for spot in ahead if spot.column == nearest]
    lines = [spot.y for spot in ahead]
    line = min(lines) if step > 0 else max(lines)
    return min(
        [spot for spot in ahead if spot.y == line],
        key=lambda spot: _apart(spot, here.x, line),
    )


def _apart(spot: Spot, x: int, y: int) -> tuple[int, int]:
    """How far a spot is from a point, in lines and cells."""
    cells = max(spot.x - x, x - (spot.x + spot.width - 1), 0)
    return abs(spot.y - y), cells
