"""Counts by key, and the highest of them at hand without looking at all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from heapq import nlargest
from typing import Final, Generic, Protocol, TypeVar

LISTED: Final = 500
"""How many of the highest are at hand."""


class _Counted(Protocol):
    count: int


_Entry = TypeVar("_Entry", bound=_Counted)


class Leaders(Generic[_Entry]):
    """Entries with a count each; who has none any more is forgotten.

    Every entry outside of a small set of leaders has at most `_floor`, so that the highest are
    found among the leaders. Counting is a step or two; only when so many leaders have fallen that
    `LISTED` are not left at the floor or above it, all entries are looked at once.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        self._leaders: dict[Hashable, _Entry] = {}
        self._floor = 0

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
            self._leaders.pop(key, None)
            return
        self._entries[key] = entry
        if entry.count > self._floor:
            self._leaders[key] = entry
            if len(self._leaders) > 4 * LISTED:
                self._choose(self._leaders)

    def highest(self, order: Callable[[_Entry], tuple[int, ...]]) -> list[_Entry]:
        """The `LISTED` entries that come last by `order`, the last one first.

        `order`: the entry's count, then whatever decides between equal counts.
        """
        sure = sum(entry.count >= self._floor for entry in self._leaders.values())
        if sure < min(LISTED, len(self._entries)):
            self._floor = 0
            self._choose(self._entries)
        return nlargest(LISTED, self._leaders.values(), order)

    def _choose(self, among: dict[Hashable, _Entry]) -> None:
        """Lead with the highest of `among`; whoever is not among them has at most the floor."""
        if len(among) <= 2 * LISTED:
            self._leaders = dict(among)
            return
        best = nlargest(2 * LISTED, among.items(), key=lambda item: item[1].count)
        self._leaders = dict(best)
        self._floor = max(self._floor, best[-1][1].count)
