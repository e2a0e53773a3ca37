"""Counting the rows that match, from a moment on at which some were matched already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from app.session.matches import Matches
from app.session.store import CHUNK, Store
from probes.connections import Connections
from probes.outcome import OUTCOMES, OutcomeKind
from probes.record import Connection

_AT_ONCE: Final = CHUNK // 4  # rows; where no two are alike, 10 to 20 ms

_WELL: Final = (OutcomeKind.CONNECTED, OutcomeKind.IN_PROGRESS)
FAILED: Final = tuple(outcome is not None and outcome.kind not in _WELL for outcome in OUTCOMES)
"""For each byte of `probes.outcome`, whether it stands for a failure."""


class Counting(ABC):
    """Counts matches as they come and go, and by `step` those that were there before.

    A subclass says what counting is. Rows from `_low` up to, not including, `_mark` are those of
    which `step` has not counted any yet, the newest of them first.
    """

    def __init__(self, store: Store, matches: Matches) -> None:
        self._store = store
        self._matches = matches
        self._low, self._mark = matches.join(self)
        self.edits = 0
        """Goes up whenever rows leave or change."""

    @abstractmethod
    def _count(self, rows: Connections, sign: int) -> None:
        """Count rows (1), or take them back (-1)."""

    @property
    def is_counting(self) -> bool:
        """Whether there are matches that are not counted yet."""
        return self._mark > self._low

    @property
    def is_working(self) -> bool:
        """Whether `step` has anything to do."""
        return self.is_counting

    def step(self) -> None:
        """Go on, for some 10 ms."""
        numbers = self._matches.before(self._mark, _AT_ONCE)
        numbers = numbers[bisect_left(numbers, self._low) :]
        if numbers:
            self._mark = numbers[0]
            self._count(self._store.at(numbers), 1)
        else:
            self._mark = self._low

    def came(self, numbers: Sequence[int], rows: Connections) -> None:
        """Rows match that did not; `numbers`: theirs, ascending."""
        self._take(numbers, rows, 1)

    def left(self, numbers: Sequence[int], rows: Connections) -> None:
        """Rows match no longer, or were evicted."""
        self.edits += 1
        self._take(numbers, rows, -1)

    def changed(self, number: int, before: Connection, after: Connection) -> None:
        """A row that matches still is another one."""
        self.edits += 1
        # In this order, so that a group of this row alone does not leave and come anew.
        self._take([number], Connections.of([after]), 1)
        self._take([number], Connections.of([before]), -1)

    def _take(self, numbers: Sequence[int], rows: Connections, sign: int) -> None:
        if self.is_counting and numbers[0] < self._mark and numbers[-1] >= self._low:
            mask = [number < self._low or number >= self._mark for number in numbers]
            rows = rows.kept(mask)
        if len(rows):
            self._count(rows, sign)
