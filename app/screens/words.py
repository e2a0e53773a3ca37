"""What the screen says about a session: titles, the status line, why there is no table."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from app.screens.terminal import SMALLEST
from app.session.playback import speed_text
from app.session.session import Session
from probes.record import HookKind, Watching
from widgets.column import ALL
from widgets.status_bar import Status

_RATE_OVER: Final = 2.0  # seconds
_TITLES: Final = {column.key: column.title for column in ALL}


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
    progress, keeper = session.capture.progress, session.capture.keeper
    watching = progress.watching
    facts = Status(
        hook=watching.hook if watching else None,
        rate=rate,
        seen=progress.seen,
        shown=session.view.matching,
        lost=progress.lost + progress.names_lost,
        overflow=progress.overflowed,
        evicted=session.store.first,
        results_lost=progress.outcomes_lost,
        folded=progress.folded,
        recorded=keeper.written if keeper else None,
        unrecorded=keeper.missing if keeper else 0,
    )
    if watching is None:
        return facts
    day = watching.systems_date
    if watching.hook.kind is HookKind.RECORDING:
        known = "" if watching.names is None else _names(watching)
        day_known = day.isoformat() if day else None
        return replace(facts, rate=None, as_date=day_known, names=known, plays=_plays(session))
    return replace(
        facts,
        as_date=day.isoformat() if day else "",
        names=_names(watching),
        names_ok=bool(watching.names) and not watching.names_limits,
        results=not watching.without_outcomes,
    )


def _names(watching: Watching) -> str:
    return "off" if not watching.names else "partly" if watching.names_limits else "on"


def _plays(session: Session) -> str:
    """How a recording is played; empty once all of it is there."""
    pace, progress = session.pace, session.capture.progress
    if pace is None or progress.ended:
        return ""
    if pace.paused:
        return f"{speed_text(pace.speed)}, paused"
    return "" if pace.speed is None else speed_text(pace.speed)


def title(session: Session, doing: str = "") -> str:
    """The table's title: how many rows it has, of how many, and what a pause holds back.

    `doing`: what the rows are waiting for, a word such as "sorting".
    """
    shown, stored = session.view.matching, len(session.store)
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
    if session.limits and len(session.store):
        return ("Nothing matches the filter", "escape lifts it, / changes it")
    if session.paused:
        return ("Paused", "space goes on")
    left_out = f"{progress.filtered:,} were left out, as flags or config.toml ask."
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
    if progress.watching:
        if progress.watching.without_outcomes:
            hints.append(f"No results: {progress.watching.without_outcomes}.")
        hints += [f"Fewer hostnames: {limit}." for limit in progress.watching.names_limits]
    return ("Nothing seen yet", *hints)
