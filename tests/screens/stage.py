"""A dashboard to try keys on, fed by a source that a test holds in its hand."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from app.screens.dashboard import Dashboard
from app.screens.lookups import Lookups
from app.session.capture import Capture, Keeper
from app.settings.look import NO_LOOK, Look
from app.settings.saved import SavedFilters
from probes.errors import SourceError
from probes.processes.packages import Answer, Packages
from probes.record import Connection, Hook, HookKind, Resolution, Watching
from probes.recordings.json_reader import JsonReader
from probes.source import Item, Sink
from tests.rows import items_of
from widgets.connection_table import ConnectionTable
from widgets.filter_bar import FilterBar

SESSION = Path(__file__).parent.parent / "data" / "session.jsonl"
WATCHING = Watching(
    Hook(HookKind.KPROBE, "security_socket_connect"), names=True, systems_date=date(2026, 6, 17)
)


def dpkg(command: Sequence[str]) -> Answer:
    """What dpkg-query once said of curl, and that it knows nothing else."""
    if command[1] == "--show":
        return Answer(0, "7.88.1-10+deb12u14")
    if "/usr/bin/curl" in command:
        return Answer(1, "curl: /usr/bin/curl\n")
    return Answer(1, "")


LOOKUPS = Lookups(
    Packages(dpkg, lambda tool: tool.endswith("dpkg-query")), mount_namespace=4_026_531_841
)


def recorded() -> list[Connection]:
    """The recorded session's connections."""
    read = JsonReader()
    return [read(line) for line in SESSION.read_text().splitlines()]


@dataclass(frozen=True, slots=True)
class Fed:
    """A source that hands over what a test gives it, when the test gives it."""

    inbox: queue.Queue[Watching | SourceError | Sequence[Item] | int | None] = field(
        default_factory=queue.Queue
    )

    def attach(self) -> None:
        self.inbox.put(WATCHING)

    def give(self, *rows: Connection | Resolution) -> None:
        self.inbox.put(items_of(rows))

    def lose(self, total: int) -> None:
        self.inbox.put(total)

    def fail(self, message: str) -> None:
        self.inbox.put(SourceError(message))

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        sink.progress("Compiling the probes")
        while not stopped.is_set():
            try:
                said = self.inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(said, SourceError):
                raise said
            if isinstance(said, Watching):
                sink.attached(said)
            elif isinstance(said, int):
                sink.lost(said)
            elif said is not None:
                sink.take(said)


class Stage:
    """A running dashboard. Time stands still for its rate."""

    def __init__(
        self,
        *,
        attached: bool = True,
        max_rows: int = 1_000_000,
        saved: SavedFilters | None = None,
        keeper: Keeper | None = None,
        look: Look = NO_LOOK,
    ) -> None:
        self.source = Fed()
        self.capture = Capture(self.source, keeper=keeper)
        self.now = 0.0
        self.app = Dashboard(
            self.capture,
            max_rows=max_rows,
            clock=lambda: self.now,
            lookups=LOOKUPS,
            saved=saved,
            look=look,
        )
        if attached:
            self.source.attach()
        self.capture.start()

    @property
    def table(self) -> ConnectionTable:
        return self.app.query_one(ConnectionTable)

    @property
    def rows_shown(self) -> range:
        """The positions of what the table shows."""
        return range(len(self.app.session.view))

    @property
    def rows(self) -> list[Connection]:
        """What the table shows."""
        view = self.app.session.view
        return [view[index] for index in range(len(view))]

    async def give(self, pilot: Pilot[None], *rows: Connection | Resolution) -> None:
        """Hand over rows, and wait until the dashboard has taken them."""
        seen = self.capture.progress.seen + sum(isinstance(row, Connection) for row in rows)
        if rows:
            self.source.give(*rows)
        await settled(
            pilot, lambda: self.capture.progress.seen == seen and not self.capture.waiting
        )

    async def until_attached(self, pilot: Pilot[None]) -> None:
        await settled(pilot, lambda: self.capture.progress.watching is not None)


async def settled(pilot: Pilot[None], condition: object) -> None:
    """Wait until `condition()` holds, and for a whole tick after it."""
    assert callable(condition)
    for _ in range(6000):
        if condition():
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("the dashboard did not get there")
    await asyncio.sleep(0.15)
    await pilot.pause()


async def type_filter(pilot: Pilot[None], text: str, *then: str) -> None:
    """Open the filter line, write `text` in it at once, and press keys."""
    await pilot.press("slash")
    pilot.app.query_one(FilterBar).query_one(Input).value = text
    await pilot.pause()
    await pilot.press(*then)
