"""Rows kept sorted by a column, without ever holding up whoever waits for a key."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from itertools import filterfalse
from typing import Final

from app.session.matches import Matches
from app.session.order import Order, Value
from app.session.radix import in_order
from app.session.store import CHUNK, Store

_KNOWN: Final = 65_536
_AT_ONCE: Final = 256  # places that are looked for in one step
_FEW: Final = 8000  # rows that are put into their places; more are sorted with all others
_PAUSE: Final = 2.0  # seconds from one sorting of all rows to the next
_NUMBER_BITS: Final = 40  # of a sequence number: a day at 12 million connections a second


class Sorting:
    """The sequence numbers of some matches in an order. It is begun by `begin`, done by `step`."""

    def __init__(
        self,
        store: Store,
        matches: Matches,
        order: Order,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`order.descending` may be changed at any time. `clock`: seconds."""
        self.order = order
        self._store = store
        self._matches = matches
        self._clock = clock
        self._sorted: array[int] = array("Q")  # ascending
        self._known: dict[int, tuple[object, Value]] = {}  # values by their part's identity
        self._to = 0  # numbers from here on are not among them yet
        self._job: Iterator[None] | None = None
        self._begun_at = 0.0
        self._is_stale = False
        self._is_inserting = False
        self.is_ready = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sorted)

    def __getitem__(self, index: int) -> int:
        """The sequence number at `index`, from 0 on."""
        return self._sorted[~index if self.order.descending else index]

    def numbers(self) -> array[int]:
        """A copy of all."""
        return self._sorted[:: -1 if self.order.descending else 1]

    def index(self, sequence: int) -> int | None:
        """Where a row that is in the store stands, or None."""
        place = bisect_left(self._sorted, self._key(sequence), key=self._key)
        if place == len(self._sorted) or self._sorted[place] != sequence:
            return None
        return len(self._sorted) - 1 - place if self.order.descending else place

    @property
    def is_working(self) -> bool:
        """Whether `step` has anything to do."""
        return self._job is not None or bool(self._new())

    def begin(self) -> None:
        """Begin to sort all matches; what was sorted before stays until that is done."""
        if self._job is None:
            numbers, end = self._matches.since(0), self._matches.next
            self._job = self._sort(self._store.snapshot(), numbers, end)
            self._begun_at = self._clock()
            self._is_stale = False

    def outdate(self) -> None:
        """Rows that were sorted have changed; they are sorted again soon."""
        self._is_stale = True

    def step(self) -> None:
        """Go on, for some 10 ms."""
        if self._job is None:
            self._job = self._insert(self._new(), self._matches.next)
        if next(self._job, self) is self:
            self._job = None
            self.is_ready = True

    def catch_up(self) -> None:
        """There are new matches, which `step` puts in their places, or will be before long."""
        if self._job is not None or not self.is_ready:
            return
        is_due = self._clock() - self._begun_at >= _PAUSE
        if is_due and (self._is_stale or len(self._matches.since(self._to)) > _FEW):
            self.begin()

    def _new(self) -> Sequence[int]:
        """Rows to be put into their places."""
        if not self.is_ready or self._to == self._matches.next:
            return ()
        new = self._matches.since(self._to)
        return new if len(new) <= _FEW else ()

    def forget(self, first: int) -> None:
        """Rows ahead of `first` were evicted."""
        if self._is_inserting:
            self._job, self._is_inserting = None, False  # it looks at rows that are gone
        self._sorted = array("Q", filter(first.__le__, self._sorted))

    def drop(self, gone: Collection[int]) -> None:
        """These rows do not match any more."""
        if gone:
            self._sorted = array("Q", filterfalse(frozenset(gone).__contains__, self._sorted))
            if self._job is not None:  # it may give them back
                self.outdate()

    def _sort(self, store: Store, numbers: Sequence[int], end: int) -> Iterator[None]:
        pieces = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
        ranks = yield from self._ranks(store, pieces)
        keys: list[list[int]] = []
        bits = self.order.minor_bits
        for piece in pieces:
            rows = store.at(piece)
            # A name may have come meanwhile, and has no rank: the rows are sorted again soon.
            ranked = [ranks.get(key, 0) for key in map(id, self.order.parts(rows))]
            if bits:
                columns = zip(ranked, self.order.minors(rows), strict=True)
                ranked = [rank << bits | minor for rank, minor in columns]
            columns = zip(ranked, piece, strict=True)
            keys.append([rank << _NUMBER_BITS | number for rank, number in columns])
            yield
        result = array("Q")
        yield from in_order(keys, (1 << _NUMBER_BITS) - 1, result)
        self._sorted, self._to = result, end
        if self._store.first > store.first:
            self.forget(self._store.first)

    def _ranks(
        self, store: Store, pieces: Sequence[Sequence[int]]
    ) -> Generator[None, None, dict[int, int]]:
        """The place of each part's value among all values, by the part's identity.

        From here on numbers are compared, and not texts. The store holds the parts.
        """
        values: dict[int, Value] = {}
        runs: list[list[Value]] = []
        for piece in pieces:
            parts = self.order.parts(store.at(piece))
            distinct = dict(zip(map(id, parts), parts, strict=True))
            new = {
                key: self.order.value(part) for key, part in distinct.items() if key not in values
            }
            values |= new
            runs.append(sorted(set(new.values())))
            yield
        ordered = yield from _merged(runs)
        rank = {value: number for number, value in enumerate(ordered)}
        return {key: rank[value] for key, value in values.items()}

    def _insert(self, numbers: Sequence[int], end: int) -> Iterator[None]:
        """Put matches ahead of `end` in their places; all show at once, when that is done.

        They are newer than what is sorted: each comes behind all that are equal to it, so that a
        place is looked for once for all that are equal to each other.
        """
        self._is_inserting = True
        equals: dict[tuple[Value, int], list[int]] = {}
        for number in numbers:
            value, minor, _ = self._key(number)
            equals.setdefault((value, minor), []).append(number)
        yield
        old, done = self._sorted, 0
        # Joined at the end, since an array that grows is copied time and again.
        pieces: list[memoryview] = []
        with memoryview(old) as view:
            for count, key in enumerate(sorted(equals), 1):
                # Some 20 looks at others.
                place = bisect_left(old, (*key, end), lo=done, key=self._key)
                pieces += (view[done:place], memoryview(array("Q", equals[key])))
                done = place
                if count % _AT_ONCE == 0:
                    yield
            pieces.append(view[done:])
            yield
            joined = b"".join(pieces)
            pieces.clear()
        yield
        result = array("Q")
        result.frombytes(joined)
        self._sorted, self._to, self._is_inserting = result, end, False

    def _key(self, number: int) -> tuple[Value, int, int]:
        rows, index = self._store.place(number)
        part = self.order.part(rows, index)
        known = self._known.get(id(part))
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            # With the part: it must not go, or its identity comes to mean another.
            known = self._known[id(part)] = part, self.order.value(part)
        return known[1], self.order.minor(rows, index), number


def _merged(runs: list[list[Value]]) -> Generator[None, None, list[Value]]:
    """All of the sorted `runs` as one, in steps."""
    while len(runs) > 1:
        merged = []
        for at in range(0, len(runs) - 1, 2):
            run = runs[at] + runs[at + 1]
            run.sort()  # two runs in a row are what list.sort() looks for
            merged.append(run)
            yield
        runs = merged + runs[len(merged) * 2 :]
    return runs[0] if runs else []
