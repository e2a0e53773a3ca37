"""The session as it stands on the screen: table, panels, filter line, status line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import DataTable

from app.filters.errors import QueryError
from app.filters.narrowing import Choice
from app.filters.query import Query
from app.screens import words
from app.screens.filter_line import FilterLine
from app.screens.grouped import SessionOutline
from app.screens.looks import dress, worn
from app.screens.panels import Panels
from app.screens.place import Place
from app.screens.rows_view import RowsView
from app.screens.sliced_work import SlicedWork
from app.screens.timeline import SessionTimeline
from app.screens.words import Rate
from app.session.order import Order, clicked_order, next_order, turned
from app.session.session import Change, Session
from app.session.span import Span
from app.settings.look import NO_LOOK, Look
from app.settings.saved import SavedFilters
from widgets.columns import Sorted
from widgets.connection_table import ConnectionTable
from widgets.placeholder import Placeholder
from widgets.ranking import Ranking
from widgets.status_bar import StatusBar
from widgets.timeline import Timeline

_PANELS_EVERY: Final = 5  # calls of `advance`


class Board(Vertical):
    """Shows a session, and lets its filters be typed and chosen.

    `advance` is to be called some ten times a second; everything else is for keys.
    """

    class Chosen(Message):
        """Enter was pressed on a connection, or it was clicked twice; `index`: its row."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(
        self,
        session: Session,
        clock: Callable[[], float] = time.monotonic,
        saved: SavedFilters | None = None,
        *,
        timeline: bool = False,
        look: Look = NO_LOOK,
    ) -> None:
        """`clock`: seconds, for the rate and for how long something takes.

        `saved`: filters that can be asked for by name. `timeline`: show it from the start, where
        `look`, which says how all of this is to look, says nothing of it.
        """
        super().__init__()
        self._session = session
        self._rate = Rate(clock)
        self._panels_due = 0  # calls of `advance`
        self._panels_stale = False
        self._table = ConnectionTable(session.view, id="table")
        self._place = Place(self._table, session.view)
        self._work = SlicedWork(self, session, self._place, self._take_in, clock)
        self._outline = SessionOutline(session, self._work.begin, id="outline")
        placeholder = Placeholder(id="placeholder")
        self._rows = RowsView(self._table, self._outline, placeholder)
        self._filter_line = FilterLine(session, saved or SavedFilters())
        self._timeline = SessionTimeline(session, id="timeline")
        self._timeline.display = timeline if look.timeline is None else look.timeline
        self._status_bar = StatusBar()
        self._panels = Panels(id="panels")
        self._body = Container(placeholder, self._table, self._outline, self._panels, id="body")
        dress(self._body, self._table, session, look)
        self._outline.set_columns(look.columns or ())

    def compose(self) -> ComposeResult:
        """The table or what stands in its place, the panels, and the lines below."""
        yield self._body
        yield self._timeline
        yield self._filter_line
        yield self._status_bar

    @property
    def rows(self) -> RowsView:
        """What shows the rows, and which of them is selected."""
        return self._rows

    @property
    def groups(self) -> SessionOutline:
        """What shows the rows in groups, where that was asked for."""
        return self._outline

    @property
    def look(self) -> Look:
        """How the board looks now, as far as that is remembered."""
        return worn(self._body, self._table, self._timeline)

    def advance(self) -> None:
        """Show what was captured since the last call."""
        with self._place.kept() as changes:
            changes.append(self._session.advance())
        self._panels_stale |= changes[0].touched
        if self._timeline.display:
            self._panels_stale |= self._timeline.catch_up()
        self._refresh_panels()
        self._refresh_words()
        self._work.advance()

    def give_way(self) -> None:
        """A key was pressed: it goes ahead of filtering and sorting."""
        self._work.give_way()

    def apply_filters(self) -> None:
        """Show what the filters say now; the cursor stays on its row where that is still shown."""
        self._filter_line.show_active(self._session.limits)
        if self._session.span is None:
            self._timeline.lift()
        self._work.begin(self._session.apply_filters, "filtering")

    def choose(self, choice: Choice) -> None:
        """Add a choice to the typed filter."""
        filters = self._session.filters
        try:
            filters.type(choice.applied(filters.typed))
        except QueryError as error:
            self.notify(error.message, severity="warning", markup=False)
        else:
            self.apply_filters()

    def sort(self, order: Order | None) -> None:
        """Show the rows in `order`, None is that of arrival; the cursor stays on its row."""
        self._table.set_sorted(Sorted(order.key, order.descending) if order else None)
        self._work.begin(lambda: self._session.sort(order), "sorting")

    def sort_by_next(self) -> None:
        """Sort by the next column; after the last one, and before the first, by arrival."""
        if self._rows.is_grouped:
            self._outline.sort_by_next()
            self._refresh_words()
            return
        self.sort(next_order(self._session.view.order, self._table.shown_columns))

    def turn(self) -> None:
        """Sort the other way round; what is in the order of arrival, newest first."""
        if self._rows.is_grouped:
            self.notify("Groups are sorted from the highest down")
            return
        self.sort(turned(self._session.view.order))

    def go_to(self, index: int) -> None:
        """Put the cursor on a row."""
        if index != self._table.cursor_row:
            self._table.move_cursor(row=index)

    def open_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._filter_line.begin()

    def toggle_following(self) -> None:
        """Follow the newest connection, in the order of arrival; or stand still.

        Groups are in order as they grow, or stand still.
        """
        if self._rows.is_grouped:
            self._outline.toggle_following()
            self._refresh_words()
            return
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
            self._rows.main.focus()

    def take_focus(self, *, timeline: bool) -> None:
        """Take the keys to the timeline, or to the table, which gets them once it is there."""
        self.screen.set_focus(self._timeline if timeline else self._rows.main)

    def toggle_timeline(self) -> None:
        """Show the timeline and go there, or hide it and lift what is picked on it."""
        timeline = self._timeline
        timeline.display = not timeline.display
        if timeline.display:
            timeline.catch_up()
            self._panels_stale, self._panels_due = True, 0
            timeline.focus()
            self.call_after_refresh(self._refresh_panels)
            return
        self._rows.main.focus()
        if self._session.span is not None:
            self._session.span = None
            self.apply_filters()

    def _take_in(self, *, touched: bool, now: bool) -> None:
        """Show what work has changed: in the panels when it is due, or all of it now."""
        self._panels_stale |= touched or self._rows.is_grouped
        if not now:
            return
        self._panels_due = 0
        # While a filter is at its beginning the first screen of rows counts: panels that would be
        # drawn anew in a moment come with the next `advance`, so that a key need not wait for both.
        if not self._session.view.is_working:
            self._refresh_panels()
        self._refresh_words()

    def _refresh_panels(self) -> None:
        self._panels_due -= 1
        if self._panels_stale and self._panels_due <= 0:
            self._panels_stale = False
            self._panels_due = _PANELS_EVERY
            self._panels.show(self._session.view.tally)
            self._outline.refresh_groups()
            if self._timeline.display:
                self._timeline.refresh_counts()

    def _refresh_words(self) -> None:
        """Titles, the status line, and the placeholder. Each redraws only what has changed."""
        session = self._session
        self._status_bar.set_status(words.status(session, self._rate.now(session)))
        self._rows.entitle(
            words.title(session, self._work.doing), words.subtitle(session, self._table)
        )
        self._rows.show(words.absence(session, self.app.size), self.screen.focused)

    @on(FilterLine.Typed)
    def _take_filter(self, event: FilterLine.Typed) -> None:
        if event.query != self._session.filters.typed:
            self._session.filters.type(event.query)
            self.apply_filters()

    @on(Panels.Chosen)
    def _keep_chosen(self, event: Panels.Chosen) -> None:
        self.choose(event.choice)

    @on(SessionOutline.Kept)
    def _keep_group(self, event: SessionOutline.Kept) -> None:
        self.keep_or_lift(event.query)

    @on(SessionOutline.LeftOut)
    def _leave_group_out(self, event: SessionOutline.LeftOut) -> None:
        self.choose(Choice(event.query, excluded=True))

    def keep_or_lift(self, query: Query) -> None:
        """Have `query` in force beside all others; lift it where it is already."""
        self._session.filters.toggle_query(query)
        self.apply_filters()

    @on(SessionOutline.Opened)
    def _say_opened(self, event: SessionOutline.Opened) -> None:
        index = self._session.view.index(event.number)
        if index is not None:
            self.post_message(self.Chosen(index))

    @on(SessionOutline.FollowChanged)
    def _say_groups_follow(self) -> None:
        self._refresh_words()

    @on(ConnectionTable.RowSelected)
    def _say_chosen(self, event: ConnectionTable.RowSelected) -> None:
        self.post_message(self.Chosen(event.cursor_row))

    @on(Timeline.Picked)
    def _show_picked(self, event: Timeline.Picked) -> None:
        self._session.span = Span(*event.span) if event.span else None
        self.apply_filters()

    @on(DataTable.HeaderSelected)
    def _sort_by_clicked(self, event: DataTable.HeaderSelected) -> None:
        if event.data_table is self._outline:
            self.sort_by_next()
            return
        self.sort(clicked_order(self._session.view.order, str(event.column_key.value)))

    @on(ConnectionTable.FollowChanged)
    def _say_following(self) -> None:
        self._refresh_words()
