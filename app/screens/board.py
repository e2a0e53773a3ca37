"""The session as it stands on the screen: table, panels, filter line, status line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import DataTable

from app.filters.query import Key, Query, QueryError, parse
from app.screens import words
from app.screens.panels import NO_SYSTEM, host_rows, system_rows
from app.screens.place import Place
from app.screens.words import Rate
from app.session.order import Order, clicked_order, next_order, turned
from app.session.session import Change, Session
from probes.record import Connection
from widgets.columns import Sorted
from widgets.connection_table import ConnectionTable
from widgets.filter_bar import FilterBar
from widgets.placeholder import Placeholder
from widgets.ranking import Ranking, RankingKind
from widgets.status_bar import StatusBar

_PANELS_EVERY: Final = 5  # calls of `advance`
_WORK_EVERY: Final = 5  # calls of `advance`: new rows are put into an order so often
_SLICE: Final = 0.01  # seconds of work between two looks at the keys
_BREATH: Final = 0.001  # seconds at least for the keys
_LONG: Final = 0.2  # seconds until one wonders


class Board(Vertical):
    """Shows a session, and lets its filters be typed and chosen.

    `advance` is to be called some ten times a second; everything else is for keys.
    """

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for the rate and for how long something takes."""
        super().__init__()
        self._session = session
        self._clock = clock
        self._rate = Rate(clock)
        self._absence: Sequence[str] = ()
        self._panels_due = 0  # calls of `advance`
        self._panels_stale = False
        self._work_due = 0  # calls of `advance`
        self._at_work = False
        self._doing = ""
        self._placeholder = Placeholder(id="placeholder")
        self._hosts = Ranking(
            "Hosts", RankingKind.FACTS, "Hostnames appear as programs look them up.", id="hosts"
        )
        self._systems = Ranking(
            "Autonomous systems",
            RankingKind.BARS,
            "Shares appear with the first connection to an IP address.",
            id="systems",
        )
        self._table = ConnectionTable(session.view, id="table")
        self._place = Place(self._table, session.view)
        self._filter_bar = FilterBar()
        self._status_bar = StatusBar()
        panels = Vertical(self._hosts, self._systems, id="panels")
        self._body = Container(self._placeholder, self._table, panels, id="body")

    def compose(self) -> ComposeResult:
        """The table or what stands in its place, the panels, and the lines below."""
        yield self._body
        yield self._filter_bar
        yield self._status_bar

    @property
    def selected(self) -> Connection | None:
        """The connection under the cursor; None while there is no table."""
        return self._table.selected if self._table.display else None

    def advance(self) -> None:
        """Show what was captured since the last call."""
        with self._place.kept() as changes:
            changes.append(self._session.advance())
        self._panels_stale |= changes[0].touched
        self._refresh_panels()
        self._refresh_words()
        self._work_due -= 1
        if self._session.view.is_working and not self._at_work and self._work_due <= 0:
            self._work_on()

    def apply_filters(self) -> None:
        """Show what the filters say now; the cursor stays on its row where that is still shown."""
        self._filter_bar.show_active(self._session.filters.parts)
        self._begin(self._session.apply_filters, "filtering")

    def sort(self, order: Order | None) -> None:
        """Show the rows in `order`, None is that of arrival; the cursor stays on its row."""
        self._table.set_sorted(Sorted(order.key, order.descending) if order else None)
        self._begin(lambda: self._session.sort(order), "sorting")

    def sort_by_next(self) -> None:
        """Sort by the next column; after the last one, and before the first, by arrival."""
        self.sort(next_order(self._session.view.order, self._table.shown_columns))

    def turn(self) -> None:
        """Sort the other way round; what is in the order of arrival, newest first."""
        self.sort(turned(self._session.view.order))

    def _begin(self, change: Callable[[], None], doing: str) -> None:
        """Make a change that may take longer, as far as a moment's work brings it.

        `doing`: what it is called, should it take so long that one wonders.
        """
        session = self._session
        with self._place.kept() as changes:
            change()
            changes += [session.work(_SLICE), Change(0, touched=True, changed=True)]
        self._panels_stale, self._panels_due = True, 0
        self._refresh_panels()
        if session.view.is_working:
            self._work_on(doing)
        else:
            self._at_work, self._doing = False, ""
        self._refresh_words()

    @work(exclusive=True)
    async def _work_on(self, doing: str = "") -> None:
        """Do what filtering and sorting have left to do, and let keys in between."""
        self._at_work = True
        began = self._clock()
        while self._session.view.is_working:
            # Not 0: what a key sets in motion takes more than one turn of the loop.
            await asyncio.sleep(_BREATH)
            if not self.is_attached:  # the screen was left meanwhile
                return
            if doing and self._clock() - began >= _LONG:
                self._doing = doing
            with self._place.kept() as changes:
                changes.append(self._session.work(_SLICE))
            self._panels_stale |= changes[0].touched
        self._at_work, self._doing, self._panels_due = False, "", 0
        self._work_due = _WORK_EVERY
        self._refresh_panels()
        self._refresh_words()

    def open_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._filter_bar.open(str(self._session.filters.typed))

    def toggle_following(self) -> None:
        """Follow the newest connection, in the order of arrival; or stand still."""
        if self._session.view.order is not None:
            self.sort(None)
        self._table.following = not self._table.following
        self._refresh_words()

    def toggle_pause(self) -> None:
        """Hold the table still while capture goes on, or go on with all that came meanwhile."""
        with self._place.kept() as changes:
            self._session.pause(not self._session.paused)
            changes.append(Change(0, touched=True, changed=True))
        self._panels_stale = True
        self._refresh_words()

    def toggle_panel(self, name: str) -> None:
        """Show or hide "hosts" or "systems".

        Beside a wide table both may stand; below a narrow one, one at most.
        """
        if self.screen.has_class("-wide"):
            self._body.toggle_class(f"-without-{name}")
        else:
            other = "systems" if name == "hosts" else "hosts"
            self._body.remove_class(f"-with-{other}").toggle_class(f"-with-{name}")
        if isinstance(self.screen.focused, Ranking):
            self._table.focus()

    def _refresh_panels(self) -> None:
        self._panels_due -= 1
        if self._panels_stale and self._panels_due <= 0:
            self._panels_stale = False
            self._panels_due = _PANELS_EVERY
            tally = self._session.view.tally
            self._hosts.set_rows(host_rows(tally), len(tally.hosts))
            self._systems.set_rows(system_rows(tally), len(tally.systems))

    def _refresh_words(self) -> None:
        """Titles, the status line, and the placeholder. Each redraws only what has changed."""
        session = self._session
        self._status_bar.set_status(words.status(session, self._rate.now(session)))
        self._table.entitle(words.title(session, self._doing), words.subtitle(session, self._table))
        self._show_placeholder(words.absence(session, self.app.size))

    def _show_placeholder(self, reason: Sequence[str]) -> None:
        absent = bool(reason)
        if absent and reason != self._absence:
            self._placeholder.show(*reason)
        self._absence = reason
        if self._table.display == absent:
            self._placeholder.display = absent
            self._table.display = not absent
            if not absent and self.screen.focused is None:
                self._table.focus()

    @on(FilterBar.Changed)
    def _judge(self, event: FilterBar.Changed) -> None:
        self._parsed(event.text)

    @on(FilterBar.Submitted)
    def _take_filter(self, event: FilterBar.Submitted) -> None:
        query = self._parsed(event.text)
        if query is None:
            return
        self._filter_bar.close()
        self._session.filters.type(query)
        self.apply_filters()
        self._table.focus()

    @on(FilterBar.Cancelled)
    def _leave_filter(self) -> None:
        self._table.focus()

    def _parsed(self, text: str) -> Query | None:
        """The query, or None where it is wrong and the filter line says why."""
        try:
            query = parse(text)
        except QueryError as error:
            self._filter_bar.show_error(error.message, error.position)
            return None
        self._filter_bar.clear_error()
        return query

    @on(Ranking.Chosen)
    def _keep_chosen(self, event: Ranking.Chosen) -> None:
        if event.key == NO_SYSTEM:
            return
        key = Key.HOST if event.ranking is self._hosts else Key.AS
        self._session.filters.type(Query.of(key, event.key))
        self.apply_filters()

    @on(DataTable.HeaderSelected)
    def _sort_by_clicked(self, event: DataTable.HeaderSelected) -> None:
        self.sort(clicked_order(self._session.view.order, str(event.column_key.value)))

    @on(ConnectionTable.FollowChanged)
    def _say_following(self) -> None:
        self._refresh_words()
