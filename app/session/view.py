"""What of the session is shown: the rows that a filter keeps, in an order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from app.filters.query import Query
from app.session.branches import Branches
from app.session.groups import Groups
from app.session.matches import Matches
from app.session.order import Order
from app.session.sorting import Sorting
from app.session.span import Span
from app.session.store import CHUNK, Store
from app.session.tally import Tally
from probes.connections import Connections
from probes.record import Connection

_AGE_EVERY: Final = 1_000_000_000  # nanoseconds

Grouped: TypeAlias = Groups | Branches
Grouping: TypeAlias = Callable[[Store, Matches], Grouped]
"""Makes the counts of rows in groups."""


class View:
    """The rows of a store that match a query. `len(view)` and `view[i]` are what a table reads.

    The store may run ahead: rows are taken in by `catch_up`, and until then the view stands still.
    What takes long in a long session, to filter, to sort and to group, is only begun by `filter`,
    `sort` and `group`: `work` does it, a little at a time. Until then the view shows what it has.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.perf_counter,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`clock`: seconds, for how long `work` may go on.

        `now_ns`: nanoseconds since the epoch, for the age of rows.
        """
        self._store = store
        self._clock = clock
        self._now_ns = now_ns
        self._matches = Matches(store, Query.everything, now_ns())
        self._filling: Iterator[int] | None = self._matches.look_back() if len(store) else None
        self._sorting: Sorting | None = None
        self._grouping: Grouping | None = None
        self._grouped: Grouped | None = None

    @property
    def grouped(self) -> Grouped | None:
        """The rows that are shown in groups; None where nobody asked. `filter` makes it another."""
        return self._grouped

    @property
    def is_counting(self) -> bool:
        """Whether there are rows yet to be counted in groups."""
        grouped = self._grouped
        return grouped is not None and (self._filling is not None or grouped.is_counting)

    @property
    def query(self) -> Query:
        """The filter in force."""
        return self._matches.query

    @property
    def order(self) -> Order | None:
        """The order that was asked for; None is that of arrival."""
        return None if self._sorting is None else self._sorting.order

    @property
    def tally(self) -> Tally:
        """Counts over the rows that are shown."""
        return self._matches.tally

    @property
    def behind(self) -> int:
        """How many rows came into the store since `catch_up`."""
        return self._store.end - self._matches.next

    @property
    def is_working(self) -> bool:
        """Whether `work` has anything to do."""
        sorting = self._sorting is not None and self._sorting.is_working
        grouping = self._grouped is not None and self._grouped.is_working
        return sorting or grouping or self._filling is not None

    def __len__(self) -> int:
        """How many rows are shown."""
        return len(self._shown)

    def __getitem__(self, index: int) -> Connection:
        """The row at `index`, the first in order at 0."""
        return self._store[self.sequence(index)]

    @property
    def matching(self) -> int:
        """How many rows match: some of them may still have to be put into the order."""
        return len(self._matches)

    def sequence(self, index: int) -> int:
        """The sequence number of the row at `index`; IndexError where there is none."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._shown[index]

    def index(self, sequence: int) -> int | None:
        """Where the row of this number stands, or None where it is not shown."""
        if not self._store.first <= sequence < self._store.end:
            return None
        return self._shown.index(sequence)

    def rows(self) -> Iterator[Connections]:
        """All that is shown now, in order and in pieces, which another thread may go through."""
        store, shown = self._store.snapshot(), self._shown
        numbers = shown.numbers()
        pieces = (numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK))
        return map(store.at, pieces) if shown is self._matches else map(_picker(store), pieces)

    def filter(self, query: Query, span: Span | None = None) -> None:
        """Begin to show the rows that match `query` instead, in the order of arrival at first.

        `span`: only those of that time.
        """
        self._matches = Matches(self._store, query, self._now_ns(), span)
        self._filling = self._matches.look_back()
        if self._grouping is not None:
            self._grouped = self._grouping(self._store, self._matches)
        if self._sorting is not None:
            self._sorting = Sorting(self._store, self._matches, self._sorting.order)

    def sort(self, order: Order | None) -> None:
        """Begin to show the rows in `order`."""
        if order is None:
            self._sorting = None
        elif self._sorting is not None and self._sorting.order.key == order.key:
            self._sorting.order = order
        else:
            self._sorting = Sorting(self._store, self._matches, order)
            if self._filling is None:
                self._sorting.begin()

    def group(self, grouping: Grouping | None) -> None:
        """Begin to count the rows that are shown in groups; None counts them no more."""
        if self._grouped is not None:
            self._matches.part(self._grouped)
        self._grouping = grouping
        self._grouped = None if grouping is None else grouping(self._store, self._matches)

    def work(self, seconds: float) -> int:
        """Go on with what was begun, for so long and a step at least.

        Returns how many rows came ahead of all others; 0 unless they are in the order of arrival.
        """
        until = self._clock() + seconds
        ahead = 0
        while self.is_working:
            if self._filling is None:
                if self._grouped is not None and self._grouped.is_working:
                    self._grouped.step()
                else:
                    assert self._sorting is not None
                    self._sorting.step()
            elif (found := next(self._filling, None)) is not None:
                ahead += found
            else:
                self._filling = None
                if self._sorting is not None:
                    self._sorting.begin()
            if self._clock() >= until:
                break
        return ahead if self._shown is self._matches else 0

    def catch_up(self) -> None:
        """Take in the rows that the store got since."""
        self._matches.catch_up()
        if self._sorting is not None:
            self._sorting.catch_up()

    def forget(self, gone: Sequence[Connections]) -> int:
        """The store evicted `gone`; returns by how many rows the others stand further ahead."""
        if not gone:
            # Rows that were found meanwhile may have been put ahead for another change's sake.
            return -self._matches.put_ahead() if self._shown is self._matches else 0
        evicted = self._matches.forget(gone)
        if self._sorting is not None:
            self._sorting.forget(self._store.first)
        return evicted if self._shown is self._matches else 0

    def changed(self, changed: Sequence[tuple[int, Connection]], key: str) -> bool:
        """Rows of the store are others in the column `key`; `changed` as `Store.learn` returns it.

        Returns whether rows were put in or taken out ahead of the newest.
        """
        moved = self._matches.changed(changed)
        if changed and self.order and (moved or self.order.changes_with == key):
            assert self._sorting is not None
            self._sorting.outdate()
        return moved

    def age(self) -> tuple[int, bool]:
        """Rows come to match, or match no longer, as time goes: looked at once a second.

        Returns by how many rows the others stand further ahead, and whether any row came or went.
        """
        if not self.query.spans_ns:
            return 0, False
        now_ns = self._now_ns()
        if abs(now_ns - self._matches.now_ns) < _AGE_EVERY:
            return 0, False
        oldest = self._matches[0] if len(self._matches) else 0
        gone, new = self._matches.age(now_ns)
        if self._sorting is not None and (gone or new):
            self._sorting.drop(gone)
            if new:
                self._sorting.outdate()
        at_top = bool(gone) and gone[0] == oldest and not new and self._shown is self._matches
        return len(gone) if at_top else 0, bool(gone or new)

    @property
    def _shown(self) -> Matches | Sorting:
        if self._sorting is not None and self._sorting.is_ready:
            return self._sorting
        return self._matches


def _picker(store: Store) -> Callable[[Sequence[int]], Connections]:
    """Make the function that gives rows in any order."""

    def pick(numbers: Sequence[int]) -> Connections:
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        places = sorted(range(len(numbers)), key=order.__getitem__)
        return store.at([numbers[place] for place in order]).at(places)

    return pick
