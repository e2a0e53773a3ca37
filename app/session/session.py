"""One session as a screen needs it: drained, stored, filtered, held still while paused."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.filters.pinned import Filters
from app.session.capture import Capture
from app.session.history import History
from app.session.order import Order
from app.session.span import Span
from app.session.store import MAX_ROWS, Store
from app.session.view import View
from probes.connections import Connections
from probes.record import Connection, HookKind, Resolution
from probes.recordings.pace import Pace
from probes.results import Results


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

    def __init__(
        self,
        capture: Capture,
        max_rows: int = MAX_ROWS,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`now_ns`: nanoseconds since the epoch."""
        self.capture = capture
        self.store = Store(max_rows)
        self._now_ns = now_ns
        self.view = View(self.store, now_ns=self._now)
        self.filters = Filters()
        self.forgotten: Callable[[list[Connections]], object] = lambda _rows: None
        """Is given the rows that are evicted."""
        self.told: Callable[[Sequence[tuple[int, Connection]]], object] = lambda _rows: None
        """Is given the rows of which more was told; as `Store.learn` returns them."""
        self.history = History(self.store)
        self.span: Span | None = None
        """The time that the rows shown are of; None is any."""
        self.pace: Pace | None = None
        """At which a recording is played; None for what happens now."""
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether the view stands still. Capture goes on."""
        return self._paused

    @property
    def held_back(self) -> int:
        """Connections that came in since the view was paused, whether the filter keeps them."""
        return self.view.behind

    @property
    def limits(self) -> list[str]:
        """What limits the rows that are shown, for a person, a part each."""
        return [*self.filters.parts, *([str(self.span)] if self.span else [])]

    def lift(self) -> None:
        """Have nothing limit them; see `apply_filters`."""
        self.filters.clear()
        self.span = None

    def advance(self) -> Change:
        """Take in what was captured since the last call."""
        items, before = self.capture.drain(), len(self.view)
        renamed = False
        for item in items:
            if isinstance(item, Connections):
                self.store.add(item)
            elif isinstance(item, Results):
                renamed |= self._settle(item)
            else:
                renamed |= self._learn(item)
        # Rows are counted as shown before they are evicted, not after.
        if not self._paused:
            self.view.catch_up()
        # Taking rows out of an order costs its whole length: many at once, then.
        aged, by_age = (0, False) if self._paused else self.view.age()
        slack = self.store.max_rows // 16 if self.view.order else 0
        more = len(self.view) != before
        gone = self.store.evict(slack)
        self.forgotten(gone)
        evicted = self.view.forget(gone)
        touched = bool(renamed or evicted or more or by_age)
        return Change(evicted + aged, touched, changed=renamed or by_age)

    def pause(self, paused: bool) -> None:
        """Hold the view still, or let it go on with all that came meanwhile."""
        self._paused = paused
        if not paused:
            self.view.catch_up()

    def apply_filters(self) -> None:
        """Begin to show what `filters` and `span` say now.

        A paused view takes in what has come so far.
        """
        self.view.filter(self.filters.query, self.span)

    def sort(self, order: Order | None) -> None:
        """Begin to show the rows in an order; None is that of arrival."""
        self.view.sort(order)

    def work(self, seconds: float) -> Change:
        """Go on with what filtering and sorting have left to do, for so long."""
        ahead = self.view.work(seconds)
        touched = bool(ahead) or not self.view.is_working
        return Change(-ahead, touched, changed=touched)

    def _now(self) -> int:
        """What the age of a row counts back from: a recording's own end, as far as it was read."""
        watching = self.capture.progress.watching
        if watching is None or watching.hook.kind is not HookKind.RECORDING:
            return self._now_ns()
        return self.store[self.store.end - 1].time_ns if len(self.store) else 0

    def _learn(self, resolution: Resolution) -> bool:
        changed = self.store.learn(resolution)
        self.view.changed(changed, "host")
        self.told(changed)
        return bool(changed)

    def _settle(self, results: Results) -> bool:
        changed = self.store.settle(results)
        self.view.changed(changed, "result")
        self.told(changed)
        return bool(changed)
