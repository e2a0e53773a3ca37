"""One session as a screen needs it: drained, stored, filtered, held still while paused."""

from __future__ import annotations

from dataclasses import dataclass

from app.filters.pinned import Filters
from app.session.capture import Capture
from app.session.order import Order
from app.session.store import MAX_ROWS, Store
from app.session.view import View
from probes.connections import Connections
from probes.record import Resolution


@dataclass(frozen=True, slots=True)
class Change:
    """What one `Session.advance` did to the rows that are shown.

    `evicted`: by how many rows the top is nearer than before; below 0 where some were put ahead.
    `touched`: they are others, or others in number. `changed`: not only by new ones at the end.
    """

    evicted: int
    touched: bool
    changed: bool = False


class Session:
    """A capture, what it gave so far, and what of that is shown."""

    def __init__(self, capture: Capture, max_rows: int = MAX_ROWS) -> None:
        self.capture = capture
        self.store = Store(max_rows)
        self.view = View(self.store)
        self.filters = Filters()
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether the view stands still. Capture goes on."""
        return self._paused

    @property
    def held_back(self) -> int:
        """Connections that came in since the view was paused, whether the filter keeps them."""
        return self.view.behind

    def advance(self) -> Change:
        """Take in what was captured since the last call."""
        items, before = self.capture.drain(), len(self.view)
        renamed = False
        for item in items:
            if isinstance(item, Connections):
                self.store.add(item)
            else:
                renamed |= self._learn(item)
        # Rows are counted as shown before they are evicted, not after.
        if not self._paused:
            self.view.catch_up()
        # Taking rows out of an order costs its whole length: many at once, then.
        slack = self.store.max_rows // 16 if self.view.order else 0
        more = len(self.view) != before
        evicted = self.view.forget(self.store.evict(slack))
        return Change(evicted, bool(renamed or evicted or more), changed=renamed)

    def pause(self, paused: bool) -> None:
        """Hold the view still, or let it go on with all that came meanwhile."""
        self._paused = paused
        if not paused:
            self.view.catch_up()

    def apply_filters(self) -> None:
        """Begin to show what `filters` say now. A paused view takes in what has come so far."""
        self.view.filter(self.filters.query)

    def sort(self, order: Order | None) -> None:
        """Begin to show the rows in an order; None is that of arrival."""
        self.view.sort(order)

    def work(self, seconds: float) -> Change:
        """Go on with what filtering and sorting have left to do, for so long."""
        ahead = self.view.work(seconds)
        touched = bool(ahead) or not self.view.is_working
        return Change(-ahead, touched, changed=touched)

    def _learn(self, resolution: Resolution) -> bool:
        changed = self.store.learn(resolution)
        self.view.renamed(changed)
        return bool(changed)
