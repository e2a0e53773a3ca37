"""The dashboard with a command in it: its output in a pane, its end in the pane's title."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from app.run.command import Command, CommandError
from app.run.contacts import Contacts
from app.run.printed import Printed
from app.run.pty import Pty
from app.screens import dashboard
from app.screens.dashboard import Dashboard
from app.session.capture import Capture
from app.session.store import MAX_ROWS
from app.settings.look import NO_LOOK, Look
from probes.text import visible
from widgets.output_pane import OutputPane

_PIECE: Final = 8_192  # bytes
_SLICE: Final = 0.03  # seconds of work a tick on what was printed
_NAME_MAX: Final = 30  # characters


class RunDashboard(Dashboard, inherit_bindings=False):
    """Lets a command go as soon as it is watched, and stays when it has ended."""

    CSS_PATH = str(Path(dashboard.__file__).with_name("sock_tui.tcss"))
    BINDINGS: ClassVar[list[BindingType]] = [
        # So that all that the last line shows has room on 80 columns.
        *(
            replace(one, show=one.show and one.action != "sort")
            for one in Dashboard.BINDINGS
            if isinstance(one, Binding) and one.action != "quit"
        ),
        Binding("o", "output", "Out", tooltip="Show or hide what the command prints"),
        Binding("ctrl+c", "interrupt", "Interrupt", show=False, tooltip="Interrupt the command"),
        Binding("q,ctrl+q", "quit", "Quit", key_display="q", tooltip="End the session"),
    ]

    def __init__(
        self,
        capture: Capture,
        command: Command,
        pty: Pty,
        contacts: Contacts | None = None,
        *,
        max_rows: int = MAX_ROWS,
        clock: Callable[[], float] = time.monotonic,
        look: Look = NO_LOOK,
    ) -> None:
        """`pty`: the command's terminal. `max_rows`: rows that are kept. `clock`: seconds.

        `contacts`: in which they are counted; None, new ones.
        """
        super().__init__(capture, max_rows=max_rows, clock=clock, look=look)
        self.contacts = Contacts() if contacts is None else contacts
        """Of the rows that were evicted."""
        self.refusal: CommandError | None = None
        """Why the command could not be run."""
        self._seconds: float | None = None
        self._command = command
        self._pty = pty
        self._printed = Printed()
        self._began: float | None = None
        self._asked = False
        self._program = visible(PurePath(command.words[0]).name)[:_NAME_MAX]
        self.session.forgotten = self.contacts.add

    @property
    def released(self) -> bool:
        """Whether the command was let go."""
        return self._began is not None and self.refusal is None

    def ran(self) -> float:
        """For how many seconds the command has run."""
        if self._seconds is None:
            return 0.0 if self._began is None else self._clock() - self._began
        return self._seconds

    def compose(self) -> ComposeResult:
        """The session, below it what the command prints, and the keys."""
        *above, footer = super().compose()
        yield from above
        self._pane = OutputPane(id="output")
        yield self._pane
        yield footer

    def _tick(self) -> None:
        super()._tick()
        if not self._pane.is_attached:
            return
        # A program asks at once how much room there is.
        is_laid_out = all(self._pane.room) or not self._pane.display
        watching = self.session.capture.progress.watching
        if self._began is None and watching is not None and is_laid_out:
            self._release()
        if self._began is not None and self._seconds is None and self._command.status is not None:
            self._seconds = self.ran()
            if not self._pane.display:
                self.notify(f"{self._program} {self._state}", markup=False)
        self._show_output()

    def _release(self) -> None:
        self._pty.resize(*self._pane.room)
        self._pty.start()
        self._began = self._clock()
        try:
            self._command.release()
        except CommandError as error:
            self.refusal = error
            self.exit(return_code=error.status)

    def _show_output(self) -> None:
        self._pty.resize(*self._pane.room)
        status = self._command.status
        well = None if status is None else status == 0
        self._pane.entitle(f"Output of {self._program}", self._state, well=well)
        until = time.monotonic() + _SLICE
        lines: list[Text] = []
        is_new = False
        while time.monotonic() < until and (data := self._pty.take(_PIECE)):
            lines += self._printed.feed(data)
            is_new = True
        if is_new:
            self._pane.show_lines(lines, self._printed.current)

    @property
    def _state(self) -> str:
        if self._began is None:
            return "waits until it is watched"
        status = self._command.status
        if status is None:
            return "runs · ctrl+c interrupts it"
        return f"ended with {status} after {self.ran():.1f} s"

    @property
    def _runs(self) -> bool:
        return self._began is not None and self._command.status is None

    def action_output(self) -> None:
        """Show or hide what the command prints."""
        self._pane.display = not self._pane.display

    def action_interrupt(self) -> None:
        """Interrupt the command, as ctrl+c does without a screen; or quit, where it has ended."""
        if self._runs:
            self._command.signal(signal.SIGINT)
            self.notify(f"{self._program} was interrupted", markup=False)
        else:
            self.exit()

    async def action_quit(self) -> None:
        """Quit; where the command still runs, only when asked twice."""
        if self._runs and not self._asked:
            self._asked = True
            self.notify(f"{self._program} still runs: q again ends it", markup=False)
        else:
            self.exit()
