"""How many connections there were when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.session.store import Store

_FINEST_NS: Final = 1_000_000
_AT_ONCE: Final = 98_304  # rows: 15 ms
_STEPS: Final = 8192  # beyond them, steps become twice as long


@dataclass(frozen=True, slots=True)
class Course:
    """Connections in equal stretches of time, from `start_ns` up to, not including, `end_ns`."""

    counts: tuple[int, ...]
    start_ns: int
    end_ns: int


class History:
    """Counts of a store's rows by time, as fine as a few thousand steps over all of it are.

    Rows are looked at when somebody asks for it, each once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = 0
        self._step_ns = _FINEST_NS
        self._counts: Counter[int] = Counter()

    def over(self, cells: int) -> Course | None:
        """The counts of the rows looked at, in so many stretches; None where there are none.

        Each stretch is a step at least, so there may be fewer.
        """
        store = self._store
        if not len(store) or not self._counts or cells < 1:
            return None
        # Rows come in the order of their time, but for some that were held back.
        first = self._step(store[store.first].time_ns) if store.first else min(self._counts)
        last = max(self._counts)
        first = min(first, last)
        steps = last - first + 1
        cells = min(cells, steps)
        counts = [0] * cells
        for step, count in self._counts.items():
            if step >= first:
                counts[(step - first) * cells // steps] += count
        return Course(tuple(counts), first * self._step_ns, (last + 1) * self._step_ns)

    @property
    def behind(self) -> bool:
        """Whether there are rows to look at."""
        return self._next < self._store.end

    def catch_up(self) -> None:
        """Look at rows that came in since, at some hundred thousand at the most."""
        for number, rows in self._store.pieces(self._next, min(self._store.end, self._until)):
            self._count(rows.times)
            self._next = number + len(rows)

    @property
    def _until(self) -> int:
        return max(self._next, self._store.first) + _AT_ONCE

    def _count(self, times: Iterable[int]) -> None:
        self._counts.update(map(self._step, times))
        while len(self._counts) > _STEPS:
            self._step_ns *= 2
            finer, self._counts = self._counts, Counter()
            for step, count in finer.items():
                self._counts[step // 2] += count

    def _step(self, time_ns: int) -> int:
        return time_ns // self._step_ns
