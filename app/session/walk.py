"""A walk through the rows that are shown, one at a time."""

from __future__ import annotations

from app.session.store import Store
from app.session.view import View
from probes.record import Connection


class Walk:
    """Stands on a connection, which it keeps also when that is evicted or filtered out."""

    def __init__(self, store: Store, view: View, index: int) -> None:
        """`index`: the place of the first one in `view`."""
        self._store = store
        self._view = view
        self._index = index
        self._sequence = view.sequence(index)
        self._row = view[index]

    @property
    def sequence(self) -> int:
        """The number of the connection in the store."""
        return self._sequence

    @property
    def row(self) -> Connection:
        """The connection, with all that was learned about it since."""
        if self._store.first <= self._sequence < self._store.end:
            self._row = self._store[self._sequence]
        return self._row

    @property
    def index(self) -> int | None:
        """Where it stands among what is shown, from 0; None where it is shown no more."""
        return self._view.index(self._sequence)

    @property
    def total(self) -> int:
        """How many are shown."""
        return len(self._view)

    def move(self, by: int) -> bool:
        """Go on by so many rows, to the end at most; whether that is another connection."""
        if not len(self._view):
            return False
        here = self.index
        # From one that is not shown any more, to what took its place.
        there = (self._index if here is None else here) + by
        self._index = max(0, min(there, len(self._view) - 1))
        before, self._sequence = self._sequence, self._view.sequence(self._index)
        return self._sequence != before
