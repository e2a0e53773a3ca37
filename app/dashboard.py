"""The dashboard: the session on a screen, and what each key does to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Footer

from app import words
from app.capture import Capture
from app.export import ExportError, Losses, calling_user, default_name, write_csv
from app.export_screen import ExportRequest, ExportScreen
from app.help_screen import HelpScreen
from app.panels import NO_SYSTEM, host_rows, system_rows
from app.query import Key, Query, QueryError, parse
from app.session import Session
from app.store import MAX_ROWS
from app.words import Rate
from probes.record import Connection
from probes.text import visible
from widgets.connection_table import ConnectionTable
from widgets.filter_bar import FilterBar
from widgets.placeholder import Placeholder
from widgets.ranking import Ranking, RankingKind
from widgets.status_bar import StatusBar

_TICK: Final = 0.1  # seconds between looks at the queue
_PANELS_EVERY: Final = 5  # ticks


class Dashboard(App[None]):
    """Shows a capture that somebody else has started, until a person quits or it fails."""

    TITLE = "sock-tui"
    CSS_PATH = "sock_tui.tcss"
    # From so many columns on, the panels stand beside the table: sock_tui.tcss.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (120, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pin_process", "Proc", tooltip="Keep only the selected row's process"),
        Binding("u", "pin_user", "User", tooltip="Keep only the selected row's user"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Type a filter"),
        Binding("escape", "clear", "Clear", show=False, tooltip="Lift every filter"),
        Binding("f", "follow", "Follow", tooltip="Follow the newest connection, or stand still"),
        Binding(
            "space",
            "pause",
            "Pause",
            key_display="␣",
            tooltip="Hold the table still; capture goes on",
        ),
        Binding("h", "panel('hosts')", "Hosts", tooltip="Show or hide the hostnames"),
        Binding("a", "panel('systems')", "AS", tooltip="Show or hide the autonomous systems"),
        Binding("e", "export", "Export", tooltip="Write the session to a CSV file"),
        Binding(
            "question_mark", "help", "Help", key_display="?", tooltip="All keys, and the filters"
        ),
        Binding("q,ctrl+c", "quit", "Quit", key_display="q", tooltip="End the session"),
    ]

    def __init__(
        self,
        capture: Capture,
        *,
        max_rows: int = MAX_ROWS,
        duration: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`duration`: seconds from the first moment of capture, after which the session ends.

        `clock`: seconds, for the rate.
        """
        super().__init__()
        self.session = Session(capture, max_rows)
        self._duration = duration
        self._rate = Rate(clock)
        self._absence: Sequence[str] = ()
        self._titles = ("", "")
        self._deadline_set = False
        self._panels_due = 0  # ticks
        self._panels_stale = False

    def compose(self) -> ComposeResult:
        """The table or what stands in its place, the panels, and the lines below."""
        self._table = ConnectionTable(self.session.view, id="table")
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
        self._filter_bar = FilterBar()
        self._status_bar = StatusBar()
        panels = Vertical(self._hosts, self._systems, id="panels")
        self._body = Container(self._placeholder, self._table, panels, id="body")
        yield self._body
        yield self._filter_bar
        yield self._status_bar
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Start looking at the queue."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self._tick()
        self.set_interval(_TICK, self._tick)

    # Data comes in.

    def _tick(self) -> None:
        progress = self.session.capture.progress
        if progress.ended and self.session.capture.failure is not None:
            self.exit(return_code=1)
            return
        if self._duration is not None and progress.watching and not self._deadline_set:
            self._deadline_set = True
            self.set_timer(self._duration, self.exit)
        change = self.session.advance()
        if change.touched:
            self._table.refresh_rows(change.evicted)
            self._panels_stale = True
        self._refresh_panels()
        self._refresh_words()

    def _refresh_panels(self) -> None:
        self._panels_due -= 1
        if self._panels_stale and self._panels_due <= 0:
            self._panels_stale = False
            self._panels_due = _PANELS_EVERY
            tally = self.session.view.tally
            self._hosts.set_rows(host_rows(tally), len(tally.hosts))
            self._systems.set_rows(system_rows(tally), len(tally.systems))

    def _refresh_words(self) -> None:
        """Titles, the status line, and the placeholder. Each redraws only what has changed."""
        session = self.session
        self._status_bar.set_status(words.status(session, self._rate.now(session)))
        self._entitle(words.title(session), words.subtitle(session, self._table))
        self._show_placeholder(words.absence(session, self.size))

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
            if not absent and self.focused is None:
                self._table.focus()

    # Keys and clicks.

    def action_pin_process(self) -> None:
        """Keep only the selected row's process, or lift that."""
        self._pin(Key.PID)

    def action_pin_user(self) -> None:
        """Keep only the selected row's user, or lift that."""
        self._pin(Key.USER)

    def _pin(self, key: Key) -> None:
        row = self._table.selected if self._table.display else None
        filters = self.session.filters
        if row is None and not filters.is_pinned(key):
            self.notify("No connection is selected", severity="warning")
            return
        process = row.process if row else None
        if key is Key.PID:
            filters.toggle_process(process)
        else:
            filters.toggle_user(process)
        self._apply_filters(row)

    def action_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._filter_bar.open(str(self.session.filters.typed))

    @on(FilterBar.Changed)
    def _judge(self, event: FilterBar.Changed) -> None:
        self._parsed(event.text)

    @on(FilterBar.Submitted)
    def _take_filter(self, event: FilterBar.Submitted) -> None:
        query = self._parsed(event.text)
        if query is None:
            return
        self._filter_bar.close()
        self.session.filters.type(query)
        self._apply_filters(self._table.selected)
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

    def action_clear(self) -> None:
        """Lift every filter."""
        if self.session.filters.parts:
            self.session.filters.clear()
            self._apply_filters(self._table.selected)

    @on(Ranking.Chosen)
    def _keep_chosen(self, event: Ranking.Chosen) -> None:
        if event.key == NO_SYSTEM:
            return
        key = Key.HOST if event.ranking is self._hosts else Key.AS
        self.session.filters.type(Query.of(key, event.key))
        self._apply_filters(self._table.selected)

    def _apply_filters(self, selected: Connection | None) -> None:
        """Show what the filters say now; the cursor stays on `selected` where it is still shown."""
        session = self.session
        session.apply_filters()
        self._table.set_rows(session.view, session.view.position(selected) if selected else None)
        self._filter_bar.show_active(session.filters.parts)
        self._panels_stale, self._panels_due = True, 0
        self._refresh_panels()
        self._refresh_words()

    def action_follow(self) -> None:
        """Follow the newest connection, or stand still."""
        self._table.following = not self._table.following
        self._refresh_words()

    @on(ConnectionTable.FollowChanged)
    def _say_following(self) -> None:
        self._refresh_words()

    def action_pause(self) -> None:
        """Hold the table still while capture goes on, or go on with all that came meanwhile."""
        self.session.pause(not self.session.paused)
        self._table.refresh_rows()
        self._panels_stale = True
        self._refresh_words()

    def action_panel(self, name: str) -> None:
        """Show or hide a panel. Beside a wide table both stand; below a narrow one, one at most."""
        body, panel = self._body, self.query_one(f"#{name}", Ranking)
        if self.screen.has_class("-wide"):
            body.toggle_class(f"-without-{name}")
        else:
            other = "systems" if name == "hosts" else "hosts"
            body.remove_class(f"-with-{other}").toggle_class(f"-with-{name}")
        if self.focused is panel:
            self._table.focus()

    def action_help(self) -> None:
        """Show all keys, and how filters are written."""
        self.push_screen(HelpScreen(self.BINDINGS))

    def action_export(self) -> None:
        """Ask for a file name, then write the session."""
        session = self.session
        if not len(session.store):
            self.notify("There is nothing to export yet", severity="warning")
            return
        filtered = len(session.view) if session.filters.parts else None
        screen = ExportScreen(default_name(datetime.now()), len(session.store), filtered)
        self.push_screen(screen, self._export)

    def _export(self, request: ExportRequest | None) -> None:
        if request is None:
            return
        session = self.session
        if request.only_shown:
            rows = [session.view[index] for index in range(len(session.view))]
        else:
            rows = [
                session.store[number] for number in range(session.store.first, session.store.end)
            ]
        self._write(request.path, rows, request.replace)

    @work(thread=True)
    def _write(self, path: Path, rows: list[Connection], replace: bool) -> None:
        progress = self.session.capture.progress
        losses = Losses(progress.lost, progress.overflowed, self.session.store.first)
        try:
            owner = calling_user(os.environ, os.geteuid())
            done = write_csv(path, rows, replace=replace, owner=owner, losses=losses)
        except ExportError as error:
            self.call_from_thread(self._say, visible(str(error)), "error")
        else:
            self.call_from_thread(self._say, str(done), "information")

    def _say(self, message: str, severity: str) -> None:
        self.notify(
            message, severity="error" if severity == "error" else "information", markup=False
        )
