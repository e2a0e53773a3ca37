"""The dashboard: the session on a screen, and what each key does to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer

from app.filters.query import Key
from app.output.export import Exported, ExportError, Losses, calling_user, default_name, write_csv
from app.output.exporting import CancelledError, Exporting
from app.screens.board import Board
from app.screens.export import ExportingScreen, ExportRequest, ExportScreen
from app.screens.help import HelpScreen
from app.session.capture import Capture
from app.session.session import Session
from app.session.store import MAX_ROWS
from probes.text import visible

_TICK: Final = 0.1  # seconds between looks at the queue
_PATIENCE: Final = 0.3  # seconds that an export may take before it is shown how far it is
_LOOK: Final = 0.02  # seconds


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
        Binding("s", "sort", "Sort", tooltip="Sort by the next column; after the last, by arrival"),
        Binding("S", "turn", "Turn", show=False, tooltip="Sort the other way round"),
        Binding(
            "f",
            "follow",
            "Follow",
            tooltip="Follow the newest connection, in the order of arrival, or stand still",
        ),
        Binding(
            "space",
            "pause",
            "Pause",
            key_display="spc",  # all keys have room on 80 columns
            tooltip="Hold the table still; capture goes on",
        ),
        Binding("h", "panel('hosts')", "Host", tooltip="Show or hide the hostnames"),
        Binding("a", "panel('systems')", "AS", tooltip="Show or hide the autonomous systems"),
        Binding("e", "export", "CSV", tooltip="Write the session to a CSV file"),
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
        self._clock = clock
        self._ends_by_itself = False

    def compose(self) -> ComposeResult:
        """The session, and the keys below it."""
        self._board = Board(self.session, self._clock)
        yield self._board
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Start looking at the queue."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self._tick()
        self.set_interval(_TICK, self._tick)

    def _tick(self) -> None:
        capture = self.session.capture
        if not self._board.is_attached:  # the screen has been left, and the timer not yet stopped
            return
        if capture.progress.ended and capture.failure is not None:
            self.exit(return_code=1)
            return
        if self._duration and capture.progress.watching and not self._ends_by_itself:
            self._ends_by_itself = True
            self.set_timer(self._duration, self.exit)
        self._board.advance()

    def action_pin_process(self) -> None:
        """Keep only the selected row's process, or lift that."""
        self._pin(Key.PID)

    def action_pin_user(self) -> None:
        """Keep only the selected row's user, or lift that."""
        self._pin(Key.USER)

    def _pin(self, key: Key) -> None:
        row, filters = self._board.selected, self.session.filters
        if row is None and not filters.is_pinned(key):
            self.notify("No connection is selected", severity="warning")
            return
        filters.toggle(key, row.process if row else None)
        self._board.apply_filters()

    def action_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._board.open_filter()

    def action_clear(self) -> None:
        """Lift every filter."""
        if self.session.filters.parts:
            self.session.filters.clear()
            self._board.apply_filters()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._board.sort_by_next()

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._board.turn()

    def action_follow(self) -> None:
        """Follow the newest connection, or stand still."""
        self._board.toggle_following()

    def action_pause(self) -> None:
        """Hold the table still while capture goes on, or go on with all that came meanwhile."""
        self._board.toggle_pause()

    def action_panel(self, name: str) -> None:
        """Show or hide a panel."""
        self._board.toggle_panel(name)

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
        session, progress = self.session, self.session.capture.progress
        total = len(session.view if request.only_shown else session.store)
        rows = session.view.rows() if request.only_shown else session.store.snapshot().rows()
        losses = Losses(progress.lost, progress.overflowed, session.store.first)

        def write(tell: Callable[[int], None]) -> Exported:
            owner = calling_user(os.environ, os.geteuid())
            path, replace = request.path, request.replace
            return write_csv(path, rows, replace=replace, owner=owner, losses=losses, progress=tell)

        self._see_through(Exporting(write, total))

    @work
    async def _see_through(self, exporting: Exporting) -> None:
        """Have it write, show how far it is where that takes a while, and say what came of it.

        To quit is to cancel: what is left behind is either whole or nothing.
        """
        exporting.start()
        try:
            patience = _PATIENCE
            while not exporting.ended and patience > 0:
                await asyncio.sleep(_LOOK)
                patience -= _LOOK
            if not exporting.ended:
                await self.push_screen_wait(ExportingScreen(exporting))
        finally:
            exporting.cancel()
            try:
                done = exporting.result()
            except CancelledError:
                self._say("Export cancelled; nothing was written", "information")
            except ExportError as error:
                self._say(visible(str(error)), "error")
            else:
                self._say(str(done), "information")

    def _say(self, message: str, severity: str) -> None:
        self.notify(
            message, severity="error" if severity == "error" else "information", markup=False
        )
