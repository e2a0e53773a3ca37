"""Capture for a moment, for real: whether this process's own connection and lookup are seen."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

from app.doctor.finding import Finding, State
from probes.connections import Connections
from probes.errors import SourceError
from probes.live import LiveSource
from probes.record import HookKind, Resolution, Watching
from probes.selection import Selection
from probes.source import IndifferentSink, Item, Source

_ATTACHED: Final = 60.0  # seconds: compiling may take long on a small machine
_SEEN: Final = 3.0
_PORT: Final = 9  # discard, over UDP: connect() sends nothing
_NAME: Final = "localhost"


class Trial(IndifferentSink):
    """A sink that looks for what this process does."""

    def __init__(self) -> None:
        self.watching: Watching | None = None
        self.failure: SourceError | None = None
        self.is_over = threading.Event()
        self.is_attached = threading.Event()
        self.connected = threading.Event()
        self.named = threading.Event()

    def attached(self, watching: Watching) -> None:
        """See `probes.source.Sink`."""
        self.watching = watching
        self.is_attached.set()

    def take(self, items: Sequence[Item]) -> None:
        """See `probes.source.Sink`."""
        for item in items:
            if isinstance(item, Connections):
                if _PORT in item.ports:
                    self.connected.set()
            elif isinstance(item, Resolution) and item.process and item.name == _NAME:
                self.named.set()

    def run(self, source: Source, stopped: threading.Event) -> None:
        """Run the source; what it raises is kept."""
        try:
            source.run(self, stopped)
        except SourceError as error:
            self.failure = error
        finally:
            self.is_over.set()
            self.is_attached.set()


def trial_findings(hook: HookKind | None = None) -> Iterator[Finding]:
    """Attach what a capture attaches, connect, resolve, and detach again."""
    source = LiveSource(
        hook=hook, include_self=True, selection=Selection(pids=frozenset({os.getpid()}))
    )
    yield from tried(source)


def tried(source: Source) -> Iterator[Finding]:
    """What a trial of `source` shows."""
    trial, stopped = Trial(), threading.Event()
    began = time.monotonic()
    thread = threading.Thread(target=trial.run, args=(source, stopped), daemon=True)
    thread.start()
    try:
        trial.is_attached.wait(_ATTACHED)
        took = time.monotonic() - began
        watching = trial.watching
        if watching is None:
            why = str(trial.failure or f"nothing was attached within {_ATTACHED:.0f} s")
            yield Finding("capture", State.FAILED, why)
            return
        hook = watching.hook
        unseen = f"It does not see {', '.join(hook.blind_spots)}." if hook.blind_spots else ""
        state = State.NOTE if unseen else State.OK
        yield Finding("hook", state, f"{hook.kind} {hook.target}, in {took:.1f} s", unseen)
        _connect()
        if trial.connected.wait(_SEEN):
            yield Finding("capture", State.OK, "a connection of this process was seen")
        else:
            found = "a connection of this process was not seen"
            remedy = "Another hook may see it: --hook kprobe or --hook tracepoint."
            yield Finding("capture", State.FAILED, found, remedy)
        yield _names(trial, watching)
    finally:
        stopped.set()
        trial.is_over.wait(_SEEN)


def _names(trial: Trial, watching: Watching) -> Finding:
    if not trial.named.wait(_SEEN):
        found = f"a lookup of {_NAME} by this process was not seen"
        remedy = "Hostnames will be missing; --no-names does not ask for them."
        return Finding("hostnames", State.NOTE, found, remedy)
    found = f"a lookup of {_NAME} by this process was seen"
    if watching.names_limits:
        return Finding("hostnames", State.NOTE, found, "; ".join(watching.names_limits))
    return Finding("hostnames", State.OK, found)


def _connect() -> None:
    """One connect() to loopback and one lookup; neither sends anything anywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", _PORT))
    socket.getaddrinfo(_NAME, _PORT, family=socket.AF_INET, type=socket.SOCK_DGRAM)
