"""A source that hands over what it is given, when it is given it."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from probes.connections import Connections
from probes.record import Hook, HookKind, Watching
from probes.source import Sink

WATCHING: Final = Watching(
    Hook(HookKind.TRACEPOINT, "syscalls:sys_enter_connect"), True, date(2026, 6, 17)
)


@dataclass(frozen=True, slots=True)
class Tap:
    """See `probes.source.Source`."""

    inbox: queue.SimpleQueue[Watching | Connections] = field(default_factory=queue.SimpleQueue)

    def give(self, rows: Connections) -> None:
        """Hand over rows, which are the receiver's from now on."""
        self.inbox.put(rows)

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Until `stopped`."""
        while not stopped.is_set():
            try:
                said = self.inbox.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(said, Watching):
                sink.attached(said)
            else:
                sink.take([said])
