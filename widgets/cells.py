"""What each column of the table shows of a connection.

Each function is given the cell's width, and which columns there are, and returns the cell's pieces,
together at most as wide.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from probes.family import family_name
from probes.outcome import OutcomeKind
from probes.record import Connection
from probes.text import visible
from probes.transport import Call
from widgets.fit import duration, keep_end, keep_ends, keep_program, keep_start
from widgets.tones import Span, Tone

SENT: Final = "→"
"""Stands for a send to an address without connect(), where there is no room for the word."""

_NARROW_SYSTEM: Final = 16
_WORDS: Final = {
    OutcomeKind.CONNECTED: ("ok", Tone.MUTED),
    OutcomeKind.IN_PROGRESS: ("…", Tone.AWAITED),
    OutcomeKind.REFUSED: ("refused", Tone.FAILED),
    OutcomeKind.TIMED_OUT: ("timeout", Tone.FAILED),
    OutcomeKind.UNREACHABLE: ("unreachable", Tone.FAILED),
    OutcomeKind.DENIED: ("denied", Tone.FAILED),
    OutcomeKind.ABANDONED: ("gave up", Tone.FAILED),
    OutcomeKind.FAILED: ("failed", Tone.FAILED),
}


class Form(Protocol):
    """Which columns there are."""

    def shows(self, key: str) -> bool:
        """Whether the column called `key` has a place."""


def when(connection: Connection, _width: int, _form: Form) -> tuple[Span, ...]:
    """When, by this machine's clock."""
    local = time.localtime(connection.time_ns // 1_000_000_000)
    return ((time.strftime("%H:%M:%S", local), Tone.MUTED),)


def family(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The address family's name; `AF_` goes first where room is short."""
    name = family_name(connection.family)
    return ((keep_start(name if width >= 10 else name.removeprefix("AF_"), width), Tone.MUTED),)


def pid(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The process."""
    return ((keep_start(str(connection.process.pid), width), Tone.PLAIN),)


def process(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The executable's path; its folders go first where room is short."""
    who = connection.process
    if who.executable is None:
        return ((keep_start(visible(who.label), width), Tone.MUTED),)
    folder, program = keep_program(visible(who.executable), width)
    return ((folder, Tone.MUTED), (program, Tone.STRONG))


def user(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """Whose process it is."""
    return ((keep_start(visible(connection.process.user), width), Tone.PLAIN),)


def transport(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """`udp send`; in a narrow column `udp→`, which the help explains."""
    how = connection.transport
    text = visible(how.text)
    if len(text) > width and how.call is not Call.CONNECT:
        return ((keep_start(visible(how.label), width - 1) + SENT, Tone.PLAIN),)
    return ((keep_start(text, width), Tone.PLAIN),)


def destination(connection: Connection, width: int, form: Form) -> tuple[Span, ...]:
    """Address and port, and what columns that are hidden leave to it: see `widgets.columns`."""
    is_marked = connection.transport.call is not Call.CONNECT and not form.shows("transport")
    mark = SENT if is_marked else ""
    if connection.address is None:
        name = "" if form.shows("family") else family_name(connection.family)
        return ((mark + keep_start(name, width - len(mark)), Tone.MUTED),)
    return ((mark + keep_ends(visible(connection.destination), width - len(mark)), Tone.PLAIN),)


def host(connection: Connection, width: int, form: Form) -> tuple[Span, ...]:
    """The name; the system's where there is neither a name nor a column for it."""
    found = connection.host
    if found is None:
        label = "" if form.shows("system") else _system_label(connection, width)
        return ((label, Tone.MUTED),)
    mark = found.mark
    # A name's end says whose it is, so the start goes.
    name = keep_end(visible(found.name), width - len(mark))
    return ((mark + name, Tone.GUESS if found.is_guess else Tone.PLAIN),)


def result(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """What became of it, and after how long where there is room."""
    outcome = connection.outcome
    if outcome is None:
        return ()
    word, tone = _WORDS[outcome.kind]
    if outcome.kind is OutcomeKind.FAILED and outcome.errno:
        word = outcome.errno
    if len(word) > width and outcome.kind is OutcomeKind.UNREACHABLE:
        word = "unreach"
    latency = connection.latency_us
    if latency is not None and outcome.kind is not OutcomeKind.IN_PROGRESS:
        taken = duration(latency)
        fitting = (f"{word} {text}" for text in (taken, taken.replace(" ", "")))
        word = next((timed for timed in fitting if len(timed) <= width), word)
    return ((keep_start(word, width), tone),)


def system(connection: Connection, width: int, _form: Form) -> tuple[Span, ...]:
    """The autonomous system."""
    return ((_system_label(connection, width), Tone.MUTED),)


def _system_label(connection: Connection, width: int) -> str:
    """`AS36459 (GITHUB)`; in a narrow column the holder's name, which says more than the number."""
    found = connection.system
    if found is None:
        return ""
    wide = width >= _NARROW_SYSTEM or not found.name
    return keep_start(visible(found.label if wide else found.name), width)
