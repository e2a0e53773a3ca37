"""A capture in this process, for tests of what the scenarios' own network cannot show."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from probes.live import LiveSource
from probes.record import Connection, HookKind, Resolution, Watching
from probes.selection import Selection
from probes.source import Item
from tests.rows import rows_of

PATIENCE_S = 30.0
PORTS = range(20_011, 20_021)
"""What the tests connect to; nothing else is captured, whatever the machine is doing."""


@dataclass
class Told:
    """A sink that keeps what it was told."""

    items: list[Item] = field(default_factory=list)
    watching: Watching | None = None
    losses: int = 0
    folds: int = 0

    def progress(self, stage: str) -> None: ...

    def attached(self, watching: Watching) -> None:
        self.watching = watching

    def take(self, items: Sequence[Item]) -> None:
        self.items.extend(items)

    def lost(self, total: int) -> None:
        self.losses = total

    def names_lost(self, total: int) -> None: ...

    def outcomes_lost(self, total: int) -> None: ...

    def filtered(self, total: int) -> None: ...

    def folded(self, total: int) -> None:
        self.folds = total

    def of(self, pid: int, port: int) -> list[Connection]:
        """The connections of `pid` to `port`, waited for; none where none came in time."""
        end = time.monotonic() + PATIENCE_S
        while not (found := self.now(pid, port)) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def now(self, pid: int, port: int) -> list[Connection]:
        """Those that have been told of by now."""
        rows = [row for row in rows_of(list(self.items)) if isinstance(row, Connection)]
        return [row for row in rows if (row.process.pid, row.port) == (pid, port)]

    def resolved(self, address: str) -> Resolution:
        """The first late name for an address, waited for."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for item in list(self.items):
                if isinstance(item, Resolution) and item.address == address:
                    return item
            time.sleep(0.02)
        raise AssertionError(f"no name came for {address}")


@contextmanager
def capturing(
    *,
    names: bool = True,
    dns: bool = False,
    folds: bool = True,
    reverse: bool = False,
    pids: frozenset[int] = frozenset(),
) -> Iterator[Told]:
    """A capture with the tracepoint, which every machine has; it ends after the block.

    `dns`: questions to port 53 as well. `pids`: only theirs. The others as in `LiveSource`.
    """
    told, stopped = Told(), threading.Event()
    selection = Selection(pids, ports=frozenset([*PORTS, 53] if dns else PORTS))
    source = LiveSource(
        HookKind.TRACEPOINT, names=names, selection=selection, folds=folds, reverse=reverse
    )
    thread = threading.Thread(target=source.run, args=(told, stopped))
    thread.start()
    try:
        end = time.monotonic() + PATIENCE_S
        while told.watching is None:
            assert thread.is_alive()
            assert time.monotonic() < end
            time.sleep(0.01)
        yield told
    finally:
        stopped.set()
        thread.join()
