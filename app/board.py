"""The session as it stands on the screen: table, panels, filter line, status line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from app import words
from app.panels import NO_SYSTEM, host_rows, system_rows
from app.query import Key, Query, QueryError, parse
from app.session import Change, Session
from app.words import Rate
from probes.record import Connection
from widgets.connection_table import ConnectionTable
from widgets.filter_bar import FilterBar
from widgets.placeholder import Placeholder
from widgets.ranking import Ranking, RankingKind
from widgets.status_bar import StatusBar

_PANELS_EVERY: Final = 5  # calls of `advance`
_SLICE: Final = 0.02  # seconds of work between two looks at the keys


class Board(Vertical):
    """Shows a session, and lets its filters be typed and chosen.

    `advance` is to be called some ten times a second; everything else is for keys.
    """

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for the rate."""
        super().__init__()
        self._session = session
        self._rate = Rate(clock)
        self._absence: Sequence[str] = ()
        self._titles = ("", "")
        self._panels_due = 0  # calls of `advance`
        self._panels_stale = False
        self._anchor: int | None = None  # the row to stand on, once it is found
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
        self._show(self._session.advance())
        self._refresh_panels()
        self._refresh_words()

    def apply_filters(self) -> None:
        """Show what the filters say now; the cursor stays on its row where that is still shown."""
        session, view = self._session, self._session.view
        self._anchor = self._selected_number()
        session.apply_filters()
        session.work(_SLICE)
        self._filter_bar.show_active(session.filters.parts)
        self._table.set_rows(view)
        self._panels_stale, self._panels_due = True, 0
        self._to_anchor()
        self._refresh_panels()
        self._refresh_words()
        if view.is_working:
            self._work_on()

    def _selected_number(self) -> int | None:
        row, view = self._table.cursor_row, self._session.view
        return view.sequence(row) if self._table.display and 0 <= row < len(view) else None

    @work(exclusive=True)
    async def _work_on(self) -> None:
        """Do what filtering and sorting have left to do, and let keys in between."""
        while self._session.view.is_working:
            await asyncio.sleep(0)
            self._show(self._session.work(_SLICE))
            self._to_anchor()
        self._anchor = None
        self._panels_due = 0
        self._refresh_panels()
        self._refresh_words()

    def _to_anchor(self) -> None:
        """Stand on the row that was selected before, once it is there."""
        if self._anchor is not None and not self._table.following:
            row = self._session.view.index(self._anchor)
            if row is not None:
                self._table.move_cursor(row=row)
                self._anchor = None

    def _show(self, change: Change) -> None:
        if change.touched:
            self._table.refresh_rows(change.evicted)
            self._panels_stale = True

    def open_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._filter_bar.open(str(self._session.filters.typed))

    def toggle_following(self) -> None:
        """Follow the newest connection, or stand still."""
        self._table.following = not self._table.following
        self._refresh_words()

    def toggle_pause(self) -> None:
        """Hold the table still while capture goes on, or go on with all that came meanwhile."""
        self._session.pause(not self._session.paused)
        self._table.refresh_rows()
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
        self._entitle(words.title(session), words.subtitle(session, self._table))
        self._show_placeholder(words.absence(session, self.app.size))

    def _entitle(self, title: str, subtitle: str) -> None:
        # A title that is set is drawn, also where it is the same.
        if (title, subtitle) != self._titles:
            self._titles = (title, subtitle)
            self._table.border_title = title
            self._table.border_subtitle = subtitle

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

    @on(ConnectionTable.FollowChanged)
    def _say_following(self) -> None:
        self._refresh_words()
