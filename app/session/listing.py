"""The newest rows of a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import compress
from typing import Final

from app.session.matches import Matches
from app.session.store import CHUNK, Store
from probes.connections import Connections, Endpoint
from probes.record import Host, Process

_AT_ONCE: Final = CHUNK // 2

LONGEST: Final = 1000
"""Rows that are listed; who wants to see more keeps the group alone."""

Belongs = Callable[[Process, Endpoint, Host | None, int], bool]
"""Whether a row of such parts is one of the group's."""


class Listing:
    """Looks for the rows of a group among matches, in steps, the newest of them first."""

    def __init__(self, store: Store, matches: Matches, belongs: Belongs) -> None:
        self._store = store
        self._matches = matches
        self._belongs = belongs
        self._wanted = 0
        self._at = self._to = matches.next
        self.numbers: list[int] = []
        """Sequence numbers, the newest first."""

    @property
    def is_working(self) -> bool:
        """Whether `step` has anything to do."""
        return self._at > self._store.first and len(self.numbers) < self._wanted

    def expect(self, count: int) -> None:
        """Look for so many, and at most for `LONGEST`, and no further."""
        self._wanted = min(count, LONGEST)

    def step(self) -> None:
        """Look at some thousand rows."""
        numbers = self._matches.before(self._at, _AT_ONCE)
        self._at = numbers[0] if numbers else 0
        self.numbers += self._found(list(numbers))
        del self.numbers[LONGEST:]

    def catch_up(self) -> None:
        """Look at matches that came since, at a few thousand at most."""
        numbers, self._to = self._matches.since(self._to)[-CHUNK:], self._matches.next
        self.numbers[:0] = self._found(list(numbers))
        del self.numbers[LONGEST:]

    def prune(self) -> None:
        """Leave out what matches no longer, or belongs to another group now."""
        there = [n for n in reversed(self.numbers) if self._matches.index(n) is not None]
        self.numbers = self._found(there)

    def _found(self, numbers: list[int]) -> list[int]:
        """Those of `numbers`, ascending, that are the group's; the newest first."""
        rows = self._store.at(numbers)
        keys = list(_keys(rows))
        last = dict(zip(keys, range(len(keys)), strict=True))
        own = {
            key
            for key, at in last.items()
            if self._belongs(rows.processes[at], rows.endpoints[at], rows.hosts[at], rows.ports[at])
        }
        return list(compress(numbers, map(own.__contains__, keys)))[::-1]


def _keys(rows: Connections) -> Iterator[tuple[int, int, int, int]]:
    return zip(
        *(map(id, rows.processes), map(id, rows.endpoints), map(id, rows.hosts)),
        rows.ports,
        strict=True,
    )
