"""What stands in the columns that are shown only where they were chosen: see `widgets.columns`.

As in `widgets.cells`, a cell takes a connection, the width in terminal cells and which columns
there are, and returns its pieces.
"""

from __future__ import annotations

import time
from typing import Final

from probes.record import Connection
from probes.text import visible
from widgets.cells import Form
from widgets.fit import duration, keep_end, keep_ends, keep_start
from widgets.tones import Span, Tone

_SECOND: Final = 1_000_000_000


def tid(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The thread that called."""
    return _number(connection.tid, width)


def uid(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The user's number."""
    return _number(connection.process.uid, width)


def parent(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """Who made the process: its number, and its program where that is known."""
    who = connection.process
    if who.parents:
        above = who.parents[0]
        program = visible(above.label.rpartition("/")[2] or above.label)
        return ((keep_start(f"{above.pid} {program}", width), Tone.PLAIN),)
    return _number(who.parent, width)


def arguments(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The arguments behind the program's own name."""
    return _text(" ".join(connection.process.args[1:]), width)


def started(connection: Connection, _width: int, _form: Form) -> tuple[Span, ...]:
    """When the process started, by this machine's clock."""
    start = connection.process.start_ns
    if start is None:
        return ()
    return ((time.strftime("%H:%M:%S", time.localtime(start // _SECOND)), Tone.MUTED),)


def container(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The container by its engine's name for it, else by its id."""
    who = connection.process
    return _text(who.container_name or who.container or "", width)


def unit(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The systemd unit."""
    return _text(connection.process.unit or "", width)


def cgroup(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The control group's id."""
    return _number(connection.process.cgroup, width)


def network(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The network namespace's inode."""
    return _number(connection.process.netns, width)


def local(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The socket's own end."""
    return ((keep_ends(visible(connection.origin), width), Tone.PLAIN),)


def latency(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """How long the outcome took."""
    taken = connection.latency_us
    return () if taken is None else ((keep_start(duration(taken), width), Tone.PLAIN),)


def system_number(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The autonomous system's number alone."""
    return _number(connection.system.number if connection.system else None, width)


def source(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """How the hostname is known."""
    found = connection.host
    return () if found is None else ((keep_end(found.source, width), Tone.MUTED),)


def _number(number: int | None, width: int) -> tuple[Span, ...]:
    return () if number is None else ((keep_start(str(number), width), Tone.PLAIN),)


def _text(text: str, width: int) -> tuple[Span, ...]:
    return ((keep_start(visible(text), width), Tone.PLAIN),)
