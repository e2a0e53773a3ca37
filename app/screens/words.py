"""What the screen says about a session: titles, the status line, why there is no table."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from app.screens.terminal import SMALLEST
from app.session.session import Session
from probes.record import HookKind
from widgets.columns import COLUMNS
from widgets.status_bar import Status

_RATE_OVER: Final = 2.0  # seconds
_TITLES: Final = {column.key: column.title for column in COLUMNS}


class _Size(Protocol):
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class _Following(Protocol):
    following: bool

    @property
    def rows_below(self) -> int: ...


class Rate:
    """Connections a second, over the last two seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque()

    def now(self, session: Session) -> float:
        """The rate as of this call; calls some ten times a second make it smooth."""
        now, seen = self._clock(), session.capture.progress.seen
        self._marks.append((now, seen))
        while len(self._marks) > 2 and now - self._marks[1][0] >= _RATE_OVER:
            self._marks.popleft()
        then, before = self._marks[0]
        # Until two seconds have passed, a burst at the start is not taken for a rate.
        return (seen - before) / max(now - then, _RATE_OVER)


def status(session: Session, rate: float) -> Status:
    """The facts of the status line; `rate`: connections a second."""
    progress = session.capture.progress
    watching = progress.watching
    facts = Status(
        hook=watching.hook if watching else None,
        rate=rate,
        seen=progress.seen,
        shown=len(session.view),
        lost=progress.lost,
        overflow=progress.overflowed,
        evicted=session.store.first,
    )
    if watching is None:
        return facts
    if watching.hook.kind is HookKind.RECORDING:
        return replace(facts, rate=None, as_date=None)
    day = watching.systems_date
    return replace(
        facts,
        as_date=day.isoformat() if day else "",
        names="on" if watching.names else "off",
        names_ok=bool(watching.names),
    )


def title(session: Session, doing: str = "") -> str:
    """The table's title: how many rows it has, of how many, and what a pause holds back.

    `doing`: what the rows are waiting for, a word such as "sorting".
    """
    shown, stored = len(session.view), len(session.store)
    parts = [
        f"Connections {shown:,}" if shown == stored else f"Connections {shown:,} of {stored:,}"
    ]
    if session.paused:
        parts.append(f"paused, +{session.held_back:,} new")
    if doing:
        parts.append(f"{doing} …")
    return " · ".join(parts)


def subtitle(session: Session, table: _Following) -> str:
    """Whether the table moves by itself, and what makes it."""
    if session.paused:
        return "space goes on"
    if table.following:
        return "following"
    order = session.view.order
    if order is not None:
        return f"by {_TITLES[order.key]} · {table.rows_below:,} below · f follows"
    return f"{table.rows_below:,} below · f follows"


def absence(session: Session, size: _Size) -> tuple[str, ...]:
    """Why there is no table to show, and what to do: a title, then hints.

    Empty where there is a table.
    """
    columns, lines = SMALLEST
    if size.width < columns or size.height < lines:
        return ("Too small", f"sock-tui needs {columns} columns and {lines} lines.")
    progress = session.capture.progress
    if progress.watching is None:
        return (f"{progress.stage} …", "This takes a second or two.")
    return () if len(session.view) else _emptiness(session)


def _emptiness(session: Session) -> tuple[str, ...]:
    progress = session.capture.progress
    if session.filters.parts and len(session.store):
        return ("Nothing matches the filter", "escape lifts it, / changes it")
    if session.paused:
        return ("Paused", "space goes on")
    left_out = f"{progress.filtered:,} were left out, as the command line asks."
    if progress.ended:
        if progress.filtered:
            return ("Nothing of the recording was asked for", left_out)
        return ("The recording is empty",)
    hints = ["Connections appear here as programs make them."]
    if progress.filtered:
        hints.append(left_out)
    if progress.watching and progress.watching.hook.blind_spots:
        hints.append(
            f"This hook misses connects of {', '.join(progress.watching.hook.blind_spots)}."
        )
    if progress.watching and progress.watching.names_off:
        hints.append(f"No hostnames: {progress.watching.names_off}.")
    return ("Nothing seen yet", *hints)
