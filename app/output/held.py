"""Rows on their way to being printed, which wait for what became of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from probes.connections import Connections
from probes.outcome import IN_PROGRESS
from probes.results import Results, place_of

SOON: Final = 0.1
"""Seconds in which a failure is told that was there when its connect() returned."""

_IN_PROGRESS: Final = bytes([IN_PROGRESS])


class _Batch(NamedTuple):
    due: float
    rows: Connections


class Held:
    """Holds every row for a moment, and one whose outcome is still to come for `seconds`.

    In the order in which they came, but for those that waited longer.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: 0 holds none. `clock`: seconds."""
        self._seconds = seconds
        self._clock = clock
        self._fresh: deque[_Batch] = deque()
        self._awaited: deque[_Batch] = deque()
        self._answered = False  # some of those may not be awaited any longer

    def add(self, rows: Connections) -> None:
        """Take rows in."""
        self._fresh.append(_Batch(self._clock() + min(SOON, self._seconds), rows))

    def settle(self, results: Results) -> None:
        """Say in the rows what became of them; those that are not there any more stay as told."""
        # Most are of the newest.
        batches = [*reversed(self._fresh), *reversed(self._awaited)]
        self._answered = self._answered or bool(self._awaited)
        for index, number in enumerate(results.numbers):
            for _, rows in batches:
                if rows.numbers[0] <= number <= rows.numbers[-1]:
                    place = place_of(number, rows)
                    if place is not None:
                        results.put(index, rows, place)
                        break

    def ready(self, *, ending: bool = False) -> list[Connections]:
        """What is not to be held any longer; `ending`: all."""
        now = self._clock()
        found: list[Connections] = []
        if self._awaited and (ending or self._answered or self._awaited[0].due <= now):
            found += self._no_longer_awaited(now, ending=ending)
        while self._fresh and (ending or self._fresh[0].due <= now):
            rows = self._fresh.popleft().rows
            longer = self._seconds - SOON
            if ending or longer <= 0 or _IN_PROGRESS not in rows.outcomes.tobytes():
                found.append(rows)
                continue
            awaited = [code == IN_PROGRESS for code in rows.outcomes]
            self._awaited.append(_Batch(now + longer, rows.kept(awaited)))
            found.append(rows.kept([not each for each in awaited]))
        return [rows for rows in found if len(rows)]

    def _no_longer_awaited(self, now: float, *, ending: bool) -> list[Connections]:
        found: list[Connections] = []
        still: deque[_Batch] = deque()
        for batch in self._awaited:
            rows = batch.rows
            if ending or batch.due <= now:
                found.append(rows)
                continue
            awaited = [code == IN_PROGRESS for code in rows.outcomes]
            if not all(awaited):
                found.append(rows.kept([not each for each in awaited]))
                rows = rows.kept(awaited)
            if len(rows):
                still.append(_Batch(batch.due, rows))
        self._awaited, self._answered = still, False
        return found
