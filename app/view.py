"""What of the session is shown: the rows that a filter keeps, in order, and their counts."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from app.query import Query
from app.store import Store
from app.tally import Tally
from probes.record import Connection


class View:
    """The rows of a store that match a query. `len(view)` and `view[i]` are what a table reads.

    The store may run ahead: rows are taken in by `catch_up`, and until then the view stands still.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._query = Query.everything
        self._shown: array[int] = array("Q")  # sequence numbers, ascending
        self._head = 0  # shown rows that were evicted and still lie in the array
        self._next = store.first  # the first sequence number that was not looked at yet
        self._evicted = store.first
        self._tally = Tally()

    @property
    def query(self) -> Query:
        """The filter in force."""
        return self._query

    @property
    def tally(self) -> Tally:
        """Counts over the rows that are shown."""
        return self._tally

    @property
    def behind(self) -> int:
        """How many rows of the store were not looked at yet."""
        return self._store.end - self._next

    def __len__(self) -> int:
        """How many rows are shown."""
        return len(self._shown) - self._head

    def __getitem__(self, index: int) -> Connection:
        """The row at `index`, oldest first."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._store[self._shown[self._head + index]]

    def filter(self, query: Query) -> None:
        """Show the rows that match `query` instead; takes in what the store has."""
        self._query = query
        self._shown = array("Q")
        self._head = 0
        self._next = self._store.first
        self._evicted = self._store.first
        self._tally = Tally()
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the rows that the store got since."""
        matches, tally = self._query.matches, self._tally
        for sequence in range(max(self._next, self._store.first), self._store.end):
            row = self._store[sequence]
            if matches(row):
                self._shown.append(sequence)
                tally.add(row)
        self._next = self._store.end

    def forget(self, gone: Sequence[Connection]) -> int:
        """The store evicted `gone`; returns how many of them were shown, at the top."""
        start = self._evicted
        self._evicted += len(gone)
        evicted = 0
        while self._head < len(self._shown) and self._shown[self._head] < self._evicted:
            self._tally.remove(gone[self._shown[self._head] - start])
            self._head += 1
            evicted += 1
        if self._head * 4 > len(self._shown):
            del self._shown[: self._head]
            self._head = 0
        return evicted

    def renamed(self, changed: Sequence[tuple[int, Connection]]) -> bool:
        """Rows of the store have got a name; `changed` as `Store.learn` returns it.

        Returns whether rows were put in or taken out ahead of the newest.
        """
        moved = False
        for sequence, before in changed:
            if sequence >= self._next:
                continue
            after = self._store[sequence]
            index = bisect_left(self._shown, sequence, lo=self._head)
            was = index < len(self._shown) and self._shown[index] == sequence
            now = self._query.matches(after)
            if was and now:
                self._tally.rename(before, after)
            elif was:
                del self._shown[index]
                self._tally.remove(before)
                moved = True
            elif now:
                self._shown.insert(index, sequence)
                self._tally.add(after)
                moved = True
        return moved

    def position(self, row: Connection) -> int | None:
        """Where `row` stands, or None where it is not shown; looks from the newest back."""
        for index in range(len(self) - 1, -1, -1):
            if self[index] is row:
                return index
        return None
