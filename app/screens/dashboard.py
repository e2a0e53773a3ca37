"""The dashboard: the session on a screen, and what each key does to it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar, Final

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.events import Event
from textual.events import Key as KeyPressed
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widgets import Footer, Input

from app.filters.query import Key
from app.screens import clipboard
from app.screens.board import Board
from app.screens.columns_screen import ColumnsScreen
from app.screens.detail import DetailScreen, Leaving
from app.screens.export import Export
from app.screens.help import HelpScreen
from app.screens.keys import KEYS
from app.screens.lookups import Lookups
from app.screens.palette import Palette, palette_commands
from app.session.capture import Capture
from app.session.playback import Playback
from app.session.session import Session
from app.session.store import MAX_ROWS
from app.session.walk import Walk
from app.settings.look import NO_LOOK, Look
from app.settings.saved import SavedFilters
from widgets.timeline import Timeline

_TICK: Final = 0.1  # seconds between looks at the queue


class Dashboard(App[None]):
    """Shows a capture that somebody else has started, until a person quits or it fails."""

    TITLE = "sock-tui"
    CSS_PATH = "sock_tui.tcss"
    # From so many columns on, the panels stand beside the table: sock_tui.tcss.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (120, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(
        self,
        capture: Capture,
        *,
        playback: Playback | None = None,
        max_rows: int = MAX_ROWS,
        duration: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        lookups: Lookups | None = None,
        saved: SavedFilters | None = None,
        look: Look = NO_LOOK,
    ) -> None:
        """`playback`: how the capture plays a recording, if it does.

        `duration`: seconds from the first moment of capture, after which the session ends.

        `clock`: seconds, for the rate. `lookups`: for the details; None, this machine's. `saved`:
        filters that can be asked for by name. `look`: how it is to look at first.
        """
        super().__init__()
        if look.theme in self.available_themes:
            self.theme = look.theme
        self._look_wanted = look
        self.arrived = look
        """How the dashboard looked once it was there."""
        self.last_words: list[str] = []
        """What is to be said once the screen has been left, a line each."""
        self._max_rows = max_rows
        self._playback = playback
        self.session = self._session_of(capture)
        self._duration = duration
        self._clock = clock
        self._saved = saved
        self._ends_by_itself = False
        self._lookups = lookups or Lookups()
        self._told_of_trouble = False

    @property
    def look(self) -> Look:
        """How the dashboard looks now, as far as that is remembered."""
        return replace(self._board.look, theme=self.theme)

    def compose(self) -> ComposeResult:
        """The session, and the keys below it."""
        self._board = self._new_board(self._look_wanted)
        yield self._board
        yield Footer(show_command_palette=False, compact=True)

    async def on_event(self, event: Event) -> None:
        """Do what a key is bound to before the next key is looked at, which may be there already.

        Sent to the focused widget, a key comes back in the widget's own time, and does what it does
        wherever the focus is by then: of what a person types ahead of a busy machine, letters
        behind the slash would act on the table, and one before it would be written in the line.
        """
        if isinstance(event, KeyPressed) and not event.is_forwarded:
            self._board.give_way()
            if not await self._does_at_once(event.key):
                await super().on_event(event)
        else:
            await super().on_event(event)

    async def _does_at_once(self, key: str) -> bool:
        if self.screen is not self.screen_stack[0] or isinstance(self.focused, Input):
            return False
        bound = self.screen.active_bindings.get(key)
        return bound is not None and await self.run_action(bound.binding.action, bound.node)

    def on_mount(self) -> None:
        """Start looking at the queue."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self.arrived = self.look
        self._tick()
        self.set_interval(_TICK, self._tick)

    def _tick(self) -> None:
        capture = self.session.capture
        if not self._board.is_attached:  # the screen has been left, and the timer not yet stopped
            return
        if capture.progress.ended and capture.failure is not None:
            self.exit(return_code=1)
            return
        keeper = capture.keeper
        if keeper is not None and keeper.trouble and not self._told_of_trouble:
            self._told_of_trouble = True
            said = f"Not everything is recorded: {keeper.trouble}"
            self.notify(said, severity="error", markup=False)
        if self._duration and capture.progress.watching and not self._ends_by_itself:
            self._ends_by_itself = True
            self.set_timer(self._duration, self.exit)
        self._board.advance()

    def action_pin_process(self) -> None:
        """Keep only the selected row's process, or the selected group; or lift that."""
        group = self._board.rows.selected_group
        if group is None:
            self._pin(Key.PID)
        else:
            self._board.keep_or_lift(group)

    def action_pin_user(self) -> None:
        """Keep only the selected row's user, or lift that."""
        self._pin(Key.USER)

    def _pin(self, key: Key) -> None:
        process, filters = self._board.rows.selected_process, self.session.filters
        if process is None and not filters.is_pinned(key):
            self.notify("No connection is selected", severity="warning")
            return
        filters.toggle(key, process)
        self._board.apply_filters()

    def _session_of(self, capture: Capture) -> Session:
        session = Session(capture, self._max_rows)
        session.pace = self._playback.pace if self._playback else None
        return session

    def _new_board(self, look: Look) -> Board:
        timeline = self._playback is not None
        return Board(self.session, self._clock, self._saved, timeline=timeline, look=look)

    def action_filter(self) -> None:
        """Open the filter line with what was typed last."""
        self._board.open_filter()

    def action_clear(self) -> None:
        """Lift every filter."""
        if self.session.limits:
            self.session.lift()
            self._board.apply_filters()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._board.sort_by_next()

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._board.turn()

    def action_group(self, by: int) -> None:
        """Group by what follows (1) or by what was before (-1)."""
        self._board.groups.step(by)

    def action_tree(self) -> None:
        """Show the tree of processes, or the table again."""
        self._board.groups.toggle_tree()

    def action_follow(self) -> None:
        """Follow the newest connection, or stand still."""
        self._board.toggle_following()

    def action_pause(self) -> None:
        """Hold the table still while capture goes on, or go on with all that came meanwhile.

        A recording that is played stands still itself.
        """
        pace, ended = self.session.pace, self.session.capture.progress.ended
        if pace is None or ended or (pace.speed is None and not pace.paused):
            self._board.toggle_pause()
        else:
            pace.pause(not pace.paused)

    def action_timeline(self) -> None:
        """Show or hide the timeline."""
        self._board.toggle_timeline()

    async def action_speed(self, step: int) -> None:
        """Play a recording faster (1) or slower (-1); again, where all of it is there."""
        playback = self._playback
        if playback is None:
            self.notify("Only a recording can be played at another speed")
            return
        speed = playback.next_speed(step)
        if not self.session.capture.progress.ended:
            playback.pace.set_speed(speed)
        elif step > 0:
            self.notify("All of the recording is here; - plays it again")
        else:
            await self._play_again(playback, speed)

    async def _play_again(self, playback: Playback, speed: float | None) -> None:
        """Start from the first row, or from the time that is picked, with the filters as now."""
        before = self.session
        before.capture.request_stop()
        capture = playback.again(speed, before.span.start_ns if before.span else None)
        capture.start()
        self.session = self._session_of(capture)
        self.session.filters = before.filters
        was, on_timeline = self._board, isinstance(self.focused, Timeline)
        self._board = self._new_board(self.look.over(self._look_wanted))
        await self.mount(self._board, before=was)
        await was.remove()
        self._board.groups.group_as(was.groups)
        self._board.take_focus(timeline=on_timeline)
        self._board.apply_filters()

    def action_columns(self) -> None:
        """Choose the columns and their order; what is chosen shows at once."""
        board = self._board
        chosen = board.look.columns or ()
        self.push_screen(
            ColumnsScreen(chosen, board.rows.choose_columns, lambda: board.rows.shown_columns)
        )

    def action_command_palette(self) -> None:
        """Search in all that the keys do."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """Search in the colours there are."""
        self.push_screen(Palette([ThemeProvider], placeholder="Search for colours…"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """For the palette: all that the keys do."""
        return palette_commands(self)

    def action_panel(self, name: str) -> None:
        """Show or hide a panel."""
        self._board.toggle_panel(name)

    @on(Board.Chosen)
    def _show_detail(self, event: Board.Chosen) -> None:
        """Show all about a connection, and then the one that a person went on to."""
        session = self.session
        if event.index < len(session.view):
            walk = Walk(session.store, session.view, event.index)
            self.push_screen(DetailScreen(walk, session, self._lookups), self._leave_detail)

    def _leave_detail(self, leaving: Leaving | None) -> None:
        if leaving is not None and leaving.index is not None:
            self._board.go_to(leaving.index)
        if leaving is not None and leaving.choice is not None:
            self._board.choose(leaving.choice)

    def action_copy(self, what: str) -> None:
        """Copy the selected connection's destination, or all of its row."""
        row, group = self._board.rows.selected, self._board.rows.selected_group
        if row is None and group is not None:
            clipboard.copy(self, "the group's filter", str(group))
        else:
            clipboard.copy_selected(self, row, what)

    def action_help(self) -> None:
        """Show all keys, and how filters are written."""
        self.push_screen(HelpScreen(self.BINDINGS))

    def action_export(self) -> None:
        """Ask for a file name, then write the session."""
        Export(self, self.session, self.last_words.append).ask()
