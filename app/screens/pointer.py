"""The cursor that goes from value to value over several sheets of facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.containers import VerticalScroll
from textual.geometry import Offset

from widgets import values
from widgets.facts import FactSheet
from widgets.values import Spot, Value


class Pointer:
    """Stands on a value, and stays there while what is shown around it changes."""

    def __init__(self, box: VerticalScroll, sheets: Sequence[FactSheet]) -> None:
        """`box`: scrolls the sheets, which are read one after the other."""
        self._box = box
        self._sheets = sheets
        self._spot: Spot | None = None

    @property
    def value(self) -> Value | None:
        """The value that it is on."""
        return None if self._spot is None else self._spot.value

    def follow(self) -> None:
        """Find the value again after the sheets have changed, or another in its place."""
        was, spots = self._spot, self._spots()
        if not spots:
            self._put(None)
            return
        if was is None:
            self._put(spots[0])
            return
        there = [spot for spot in spots if spot.place == was.place]
        self._put(min(there or spots, key=lambda spot: _apart(spot, was)))

    def settle(self) -> None:
        """Find it again, and scroll to it."""
        self.follow()
        self._reveal()

    def below(self, step: int) -> None:
        """Go to the next line's value; -1: that of the line above."""
        self._go(lambda spots, here: values.below(spots, here, step))

    def beside(self, step: int, *, abreast: bool) -> None:
        """Go to the right; -1: to the left. `abreast`: the sheets stand beside each other."""
        self._go(lambda spots, here: values.beside(spots, here, step, abreast=abreast))

    def next(self, step: int) -> None:
        """Go on as they are read, by so many."""
        self._go(lambda spots, here: spots[(spots.index(here) + step) % len(spots)])

    def go_to(self, sheet: FactSheet, spot: Spot) -> bool:
        """Go to one of a sheet's spots; whether that is another than it was on."""
        x, y = self._corner(sheet)
        column = self._sheets.index(sheet)
        found = replace(spot, column=column, x=spot.x + x, y=spot.y + y)
        is_new = self._spot is None or found.place != self._spot.place
        self._put(found)
        self._reveal()
        return is_new

    def _go(self, way: Callable[[list[Spot], Spot], Spot]) -> None:
        self.follow()
        if self._spot is not None:
            self._put(way(self._spots(), self._spot))
            self._reveal()

    def _spots(self) -> list[Spot]:
        """All values, as they are read, by their place in the box."""
        found: list[Spot] = []
        for column, sheet in enumerate(self._sheets):
            x, y = self._corner(sheet)
            found += [
                replace(spot, column=column, x=spot.x + x, y=spot.y + y) for spot in sheet.spots
            ]
        return found

    def _corner(self, sheet: FactSheet) -> Offset:
        """Where a sheet begins in the box."""
        box = self._box
        return sheet.content_region.offset - box.content_region.offset + box.scroll_offset

    def _put(self, spot: Spot | None) -> None:
        self._spot = spot
        for column, sheet in enumerate(self._sheets):
            sheet.point(spot.place if spot is not None and spot.column == column else None)

    def _reveal(self) -> None:
        """Scroll as little as shows it; with the first and the last value, all that is beyond."""
        spot, spots, box = self._spot, self._spots(), self._box
        if spot is None:
            return
        lines = [each.y for each in spots]
        top = 0 if spot.y == min(lines) else spot.y
        end = box.virtual_size.height if spot.y == max(lines) else spot.y + 1
        bottom = min(end - box.scrollable_content_region.height, spot.y)
        place = max(min(box.scroll_offset.y, top), bottom)
        box.scroll_to(y=place, animate=False, force=True)


def _apart(spot: Spot, was: Spot) -> tuple[int, int, int]:
    return abs(spot.column - was.column), abs(spot.y - was.y), abs(spot.x - was.x)
