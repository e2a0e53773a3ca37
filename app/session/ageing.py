"""Which rows of a store come to an age, without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.session.store import CHUNK, Store
from probes.connections import Connections

Band = tuple[int, int]
"""Times from the first up to, not including, the second; nanoseconds since the epoch."""


class Ageing:
    """Finds rows of a store by their times, which are in hardly any order.

    Of each full chunk of rows the earliest and the latest time is remembered, so that a search
    looks into one or two of them, and at the newest rows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._extents: dict[int, tuple[int, int]] = {}  # by the number of a chunk's first row

    def within(
        self, bands: Sequence[Band], start: int, stop: int
    ) -> Iterator[tuple[list[int], Connections]]:
        """The rows from `start` up to, not including, `stop` whose time is in one of `bands`.

        In pieces, each with the sequence numbers of its rows.
        """
        self._extents = {n: extent for n, extent in self._extents.items() if n >= self._store.first}
        for number, rows in self._store.pieces(start, stop):
            low, high = self._extent(number, rows)
            for since, until in bands:
                if low < until and high >= since:
                    break
            else:
                continue
            indexes = [
                index
                for index, at in enumerate(rows.times)
                if any(since <= at < until for since, until in bands)
            ]
            if indexes:
                yield [number + index for index in indexes], rows.at(indexes)

    def _extent(self, number: int, rows: Connections) -> tuple[int, int]:
        known = self._extents.get(number)
        if known is None:
            known = min(rows.times), max(rows.times)
            if len(rows) == CHUNK:
                self._extents[number] = known
        return known


def crossed(spans_ns: Sequence[int], then_ns: int, now_ns: int) -> list[Band]:
    """The times whose ages, between the two moments, came to be one of `spans_ns`.

    A clock that was set back makes them younger, and they are the same ones.
    """
    before, after = sorted((then_ns, now_ns))
    return [(before - span, after - span) for span in spans_ns] if before != after else []
