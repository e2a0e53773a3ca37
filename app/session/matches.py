"""The rows of a session that a filter keeps, as they came in, and their counts."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress, count

from app.filters.mask import Mask, both
from app.filters.query import Query
from app.session.ageing import Ageing, crossed
from app.session.follower import Follower
from app.session.span import Span
from app.session.store import CHUNK, Store
from app.session.tally import Tally
from probes.connections import Connections
from probes.record import Connection


class Matches:
    """Sequence numbers of rows of a store that match a query, ascending.

    The store may run ahead: rows are taken in by `catch_up`, and those that were there before by
    the steps of `look_back`.
    """

    def __init__(self, store: Store, query: Query, now_ns: int, span: Span | None = None) -> None:
        """Nothing yet of what the store has: see `look_back`.

        `now_ns`: what the query's ages count back from, until `age`; since the epoch. `span`: only
        rows of that time, None is any.
        """
        self._store = store
        self._query = query
        self._now_ns = now_ns
        self._test = query.test(lambda: self._now_ns)
        self._ageing = Ageing(store)
        self._span = span
        self._numbers: array[int] = array("Q")
        self._head = 0  # numbers of evicted rows that still lie in the array
        self._from = self._next = store.end  # what matches between the two is in the array
        # What looking back has found and not put in yet, the newest first.
        self._pending: list[array[int]] = []
        self._looked_from = store.end
        self._ahead = 0
        self._tally = Tally()
        self._followers: list[Follower] = []

    def join(self, follower: Follower) -> tuple[int, int]:
        """Tell `follower` what comes and leaves from now on.

        Returns the numbers from which up to, not including, which it is not told of the rows that
        match already.
        """
        if self._pending:
            self._settle()
        self._followers.append(follower)
        return self._looked_from, self._next

    def part(self, follower: Follower) -> None:
        """Tell it no more."""
        self._followers.remove(follower)

    @property
    def query(self) -> Query:
        """The filter."""
        return self._query

    @property
    def now_ns(self) -> int:
        """What the query's ages count back from."""
        return self._now_ns

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

    def before(self, sequence: int, most: int) -> array[int]:
        """The newest numbers ahead of `sequence`, so many at most; ascending."""
        place = self._place(sequence)
        return self._numbers[max(self._head, place - most) : place]

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
                yield self.put_ahead()
        self._settle()
        yield self.put_ahead()

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

    def put_ahead(self) -> int:
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
                self._leave(evicted[start:end], rows)
            elif end > start:
                taken = [there - number for there in evicted[start:end]]
                self._leave(evicted[start:end], rows.at(taken))
            number += len(rows)
        self._head += len(evicted)
        if self._head * 4 > len(self._numbers):
            del self._numbers[: self._head]
            self._head = 0
        self._next = max(self._next, first)
        self._from = max(self._from, first)
        self._looked_from = max(self._looked_from, first)
        return len(evicted) - self.put_ahead()

    def changed(self, changed: Sequence[tuple[int, Connection]]) -> bool:
        """Rows of the store have got a name or a result; `changed` as `Store.learn` returns it.

        Returns whether others match now.
        """
        if self._pending:
            self._settle()
        known: dict[int, Connection] = {}
        for number, row in changed:
            if self._from <= number < self._next:
                known.setdefault(number, row)  # as it was ahead of all changes
        if not known:
            return False
        rows = self._store.at(list(known))
        gone: list[int] = []
        new: list[int] = []
        for (number, before), row, now in zip(known.items(), rows, self._mask(rows), strict=True):
            was = self.index(number) is not None
            if was and now:
                self._tally.rename(before, row)
                for follower in self._followers:
                    follower.changed(number, before, row)
            elif was:
                gone.append(number)
                self._leave([number], Connections.of([before]))
            elif now:
                new.append(number)
                self._come([number], Connections.of([row]))
        self._exchange(gone, new)
        return bool(gone or new)

    def age(self, now_ns: int) -> tuple[Sequence[int], Sequence[int]]:
        """Time has gone to `now_ns`: rows match no longer, or now do, for their age.

        Returns the numbers of both, ascending.
        """
        if self._pending:
            self._settle()
        bands = crossed(self._query.spans_ns, self._now_ns, now_ns)
        self._now_ns = now_ns
        gone: list[int] = []
        new: list[int] = []
        for numbers, rows in self._ageing.within(bands, self._from, self._next):
            mask = self._mask(rows)
            was = [self.index(number) is not None for number in numbers]
            left = [before and not now for before, now in zip(was, mask, strict=True)]
            came = [now and not before for before, now in zip(was, mask, strict=True)]
            if any(left):
                old = list(compress(numbers, left))
                self._leave(old, rows.kept(left))
                gone += old
            if any(came):
                now = list(compress(numbers, came))
                self._come(now, rows.kept(came))
                new += now
        self._exchange(gone, new)
        return gone, new

    def _exchange(self, gone: Sequence[int], new: Sequence[int]) -> None:
        """Take numbers out that are there, and put others in; both ascending."""
        for changes, kept in ((gone, 0), (new, 1)):
            if not changes:
                continue
            numbers, at = array("Q"), self._head
            for number in changes:
                place = bisect_left(self._numbers, number, lo=at)
                numbers += self._numbers[at:place]
                numbers.extend((number,) * kept)
                at = place + 1 - kept
            self._numbers, self._head = numbers + self._numbers[at:], 0

    def _place(self, sequence: int) -> int:
        return bisect_left(self._numbers, sequence, lo=self._head)

    def _mask(self, rows: Connections) -> Mask:
        mask = self._test(rows)
        return mask if self._span is None else both(mask, self._span.mask(rows))

    def _taken(self, number: int, rows: Connections) -> array[int]:
        """Count those of `rows`, the first of which is `number`, that match, and give theirs."""
        if not self._query.terms and self._span is None:
            numbers = array("Q", range(number, number + len(rows)))
            self._come(numbers, rows)
            return numbers
        mask = self._mask(rows)
        numbers = array("Q", compress(count(number), mask))
        if numbers:
            self._come(numbers, rows, mask if 0 in mask else None)
        return numbers

    def _come(self, numbers: Sequence[int], rows: Connections, mask: Mask | None = None) -> None:
        """Count rows, those that `mask` means, and tell of them by their numbers."""
        self._tally.add(rows, mask)
        if self._followers:
            rows = rows if mask is None else rows.kept(mask)
        for follower in self._followers:
            follower.came(numbers, rows)

    def _leave(self, numbers: Sequence[int], rows: Connections) -> None:
        self._tally.remove(rows)
        for follower in self._followers:
            follower.left(numbers, rows)
