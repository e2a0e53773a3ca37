"""Entries with a number each, and those with the highest at hand without looking at all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import nlargest
from typing import Final, Generic, Protocol, TypeVar

LISTED: Final = 500
"""How many of the highest are at hand."""


class _Counted(Protocol):
    count: int


_Entry = TypeVar("_Entry", bound=_Counted)


def _count(entry: _Counted) -> int:
    return entry.count


class Leaders(Generic[_Entry]):
    """Entries with a count each; who has none any more is forgotten.

    Every entry outside of a small set of leaders has at most `_floor`, so that the highest are
    found among the leaders. Counting is a step or two; only when so many leaders have fallen that
    `LISTED` are not left at the floor or above it, all entries are looked at once.
    """

    def __init__(
        self,
        entries: dict[Hashable, _Entry] | None = None,
        measure: Callable[[_Entry], int] = _count,
    ) -> None:
        """`entries`: those that are there, which somebody else may keep; see `touched`.

        `measure`: by what they are the highest.
        """
        self._entries: dict[Hashable, _Entry] = {} if entries is None else entries
        self._measure = measure
        self._leaders: dict[Hashable, _Entry] = {}
        self._floor: float = float("-inf")
        self._choose(self._entries)

    def __len__(self) -> int:
        """How many keys have a count."""
        return len(self._entries)

    def get(self, key: Hashable) -> _Entry | None:
        """The entry of `key`; None where nothing is counted."""
        return self._entries.get(key)

    def count(self, key: Hashable, entry: _Entry, change: int) -> None:
        """Change the count of `key`, whose entry is `entry` from now on."""
        entry.count += change
        if entry.count <= 0:
            self._entries.pop(key, None)
            self.gone(key)
            return
        self._entries[key] = entry
        self.touched(key, entry)

    def touched(self, key: Hashable, entry: _Entry) -> None:
        """The entry of `key`, which may be new, has another measure."""
        if self._measure(entry) > self._floor:
            self._leaders[key] = entry
            if len(self._leaders) > 4 * LISTED:
                self._choose(self._leaders)

    def gone(self, key: Hashable) -> None:
        """There is no entry of `key` any more."""
        self._leaders.pop(key, None)

    def highest(self, order: Callable[[_Entry], tuple[int, ...]]) -> list[_Entry]:
        """The `LISTED` entries that come last by `order`, the last one first.

        `order`: the entry's measure, then whatever decides between equal ones.
        """
        sure = sum(self._measure(entry) >= self._floor for entry in self._leaders.values())
        if sure < min(LISTED, len(self._entries)):
            self._floor = float("-inf")
            self._choose(self._entries)
        return nlargest(LISTED, self._leaders.values(), order)

    def _choose(self, among: dict[Hashable, _Entry]) -> None:
        """Lead with the highest of `among`; whoever is not among them has at most the floor."""
        if len(among) <= 2 * LISTED:
            self._leaders = dict(among)
            return
        best = nlargest(2 * LISTED, among.items(), key=lambda item: self._measure(item[1]))
        self._leaders = dict(best)
        self._floor = max(self._floor, self._measure(best[-1][1]))
