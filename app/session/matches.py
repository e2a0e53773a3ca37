"""The rows of a session that a filter keeps, as they came in, and their counts."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress, count

from app.filters.query import Query
from app.session.store import CHUNK, Store
from app.session.tally import Tally
from probes.connections import Connections
from probes.record import Connection


class Matches:
    """Sequence numbers of rows of a store that match a query, ascending.

    The store may run ahead: rows are taken in by `catch_up`, and those that were there before by
    the steps of `look_back`.
    """

    def __init__(self, store: Store, query: Query) -> None:
        """Nothing yet of what the store has: see `look_back`."""
        self._store = store
        self._query = query
        self._numbers: array[int] = array("Q")
        self._head = 0  # numbers of evicted rows that still lie in the array
        self._from = self._next = store.end  # what matches between the two is in the array
        # What looking back has found and not put in yet, the newest first.
        self._pending: list[array[int]] = []
        self._looked_from = store.end
        self._ahead = 0
        self._tally = Tally()

    @property
    def query(self) -> Query:
        """The filter."""
        return self._query

    @property
    def tally(self) -> Tally:
        """Counts over the rows that match."""
        return self._tally

    @property
    def next(self) -> int:
        """The first sequence number that was not looked at yet; the store's end at the most."""
        return self._next

    def __len__(self) -> int:
        """How many match."""
        return len(self._numbers) - self._head

    def __getitem__(self, index: int) -> int:
        """The sequence number at `index`, from 0 on."""
        return self._numbers[self._head + index]

    def index(self, sequence: int) -> int | None:
        """Where a sequence number stands, or None."""
        place = self._place(sequence)
        found = place < len(self._numbers) and self._numbers[place] == sequence
        return place - self._head if found else None

    def numbers(self) -> array[int]:
        """A copy of all."""
        return self._numbers[self._head :]

    def since(self, sequence: int) -> array[int]:
        """All numbers from `sequence` on."""
        return self._numbers[self._place(sequence) :]

    def look_back(self) -> Iterator[int]:
        """Look at the rows that were there before, the newest first.

        Each step takes some milliseconds and gives how many rows it put ahead of the others: the
        first ones soon, the rest in few and ever larger portions, since each moves all rows.
        """
        looked_at, portion = 0, CHUNK
        while self._looked_from > self._store.first:
            for number, rows in self._store.pieces_back(0, self._looked_from):
                self._pending.append(self._taken(number, rows))
                self._looked_from = number
                looked_at += len(rows)
                if looked_at >= portion:
                    portion *= 2
                    looked_at = 0
                    self._settle()
                yield self._reported()
        self._settle()
        yield self._reported()

    def _settle(self) -> None:
        """Put what was found by looking back ahead of the others."""
        numbers = array("Q")
        for piece in reversed(self._pending):
            numbers += piece
        self._pending.clear()
        self._ahead += len(numbers)
        self._numbers = numbers + self._numbers[self._head :]
        self._head = 0
        self._from = self._looked_from

    def _reported(self) -> int:
        """How many rows were put ahead since this was last asked."""
        ahead, self._ahead = self._ahead, 0
        return ahead

    def catch_up(self) -> None:
        """Take in the rows that the store got since."""
        for number, rows in self._store.pieces(self._next, self._store.end):
            self._numbers.extend(self._taken(number, rows))
        self._next = self._store.end

    def forget(self, gone: Sequence[Connections]) -> int:
        """The store evicted `gone`; returns by how many rows the others stand further ahead."""
        if self._pending:
            self._settle()
        first = self._store.first
        evicted = self._numbers[self._head : self._place(first)]
        number = first - sum(map(len, gone))
        for rows in gone:
            start, end = bisect_left(evicted, number), bisect_left(evicted, number + len(rows))
            if end - start == len(rows):
                self._tally.remove(rows)
            elif end > start:
                self._tally.remove(rows.at([there - number for there in evicted[start:end]]))
            number += len(rows)
        self._head += len(evicted)
        if self._head * 4 > len(self._numbers):
            del self._numbers[: self._head]
            self._head = 0
        self._next = max(self._next, first)
        self._from = max(self._from, first)
        self._looked_from = max(self._looked_from, first)
        return len(evicted) - self._reported()

    def renamed(self, changed: Sequence[tuple[int, Connection]]) -> bool:
        """Rows of the store have got a name; `changed` as `Store.learn` returns it.

        Returns whether others match now.
        """
        if self._pending:
            self._settle()
        known = [(number, row) for number, row in changed if self._from <= number < self._next]
        if not known:
            return False
        rows = self._store.at([number for number, _ in known])
        gone: set[int] = set()
        new: list[int] = []
        for (number, before), row, now in zip(known, rows, self._query.mask(rows), strict=True):
            was = self.index(number) is not None
            if was and now:
                self._tally.rename(before, row)
            elif was:
                gone.add(number)
                self._tally.remove(Connections.of([before]))
            elif now:
                new.append(number)
                self._tally.add(Connections.of([row]))
        if gone or new:
            kept = [number for number in self._numbers[self._head :] if number not in gone]
            self._numbers = array("Q", sorted(kept + new))
            self._head = 0
        return bool(gone or new)

    def _place(self, sequence: int) -> int:
        return bisect_left(self._numbers, sequence, lo=self._head)

    def _taken(self, number: int, rows: Connections) -> array[int]:
        """Count those of `rows`, the first of which is `number`, that match, and give theirs."""
        if not self._query.terms:
            self._tally.add(rows)
            return array("Q", range(number, number + len(rows)))
        mask = self._query.mask(rows)
        if all(mask):
            self._tally.add(rows)
        elif any(mask):
            self._tally.add(rows.kept(mask))
        return array("Q", compress(count(number), mask))
