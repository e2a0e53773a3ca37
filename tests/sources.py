"""Sources for tests: what they give is decided by the test, in the capture's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from probes.record import Hook, HookKind, Watching
from probes.source import Sink

WATCHING: Final = Watching(
    Hook(HookKind.TRACEPOINT, "syscalls:sys_enter_connect", ("io_uring",)), True, date(2026, 1, 31)
)
PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Scripted:
    """Does what `script` says, with the sink and the stop flag that a source is given."""

    script: Callable[[Sink, threading.Event], object]

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """See `probes.source.Source`."""
        self.script(sink, stopped)
