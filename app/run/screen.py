"""A command on a screen, from before it is let go until the dashboard is left."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from typing import Final

from app.output.streams import say
from app.run.caller import Caller
from app.run.command import BY_SIGNAL, Command
from app.run.contacts import Contacts
from app.run.pty import Pty
from app.run.ran import Ran
from app.screens import terminal
from app.session.capture import Capture
from app.settings.home import Home

_PATIENCE: Final = 2.0  # seconds from being asked to end to being made to
_LOOK: Final = 0.02  # seconds


def show(
    words: Sequence[str],
    caller: Caller,
    capture_of: Callable[[int], Capture],
    contacts: Contacts,
    *,
    max_rows: int,
    home: Home | None = None,
) -> Ran:
    """Run a command on a screen; a command that still runs when that is left is ended.

    `capture_of`: makes a capture of a process and what descends from it. `contacts`: in which what
    was seen is counted. `home`: how the screen is to look, and where it is remembered how it was
    left.

    Raises:
        CommandError: it cannot be run.
    """
    pty = Pty()
    # Ahead of every thread: it is forked.
    command = Command(words, caller, terminal=pty.theirs)
    capture = capture_of(command.pid)
    terminal.draw_on_stdout()
    capture.start()
    from app.run.dashboard import RunDashboard

    home = home or Home()
    dashboard = RunDashboard(capture, command, pty, contacts, max_rows=max_rows, look=home.look)
    try:
        dashboard.run()
    finally:
        if dashboard.released:
            _end(command)
        elif dashboard.refusal is None:
            command.abandon()
        capture.stop()
        while dashboard.session.capture.waiting:
            dashboard.session.advance()
    for word in dashboard.last_words:
        say(word)
    if (note := home.leave(dashboard.arrived, dashboard.look)) is not None:
        say(note)
    if dashboard.refusal is not None:
        raise dashboard.refusal
    dashboard.contacts.add(dashboard.session.store.rows())
    status = command.status if dashboard.released else None
    seconds = dashboard.ran()
    interrupted = BY_SIGNAL + signal.SIGINT
    return Ran(
        *(capture, dashboard.contacts, seconds),
        status=interrupted if status is None else status,
        released=status is not None,
    )


def _end(command: Command) -> None:
    """Ask the command to end, and make it."""
    command.signal(signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while command.status is None and time.monotonic() < until:
        time.sleep(_LOOK)
    command.signal(signal.SIGKILL)
    while command.status is None:
        time.sleep(_LOOK)
