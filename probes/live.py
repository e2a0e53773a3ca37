"""Connections as they happen on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from probes.cgroup import Cgroups
from probes.decode import decode
from probes.enrich import Enricher, Systems
from probes.libcs import Libcs
from probes.name_watch import NameWatch
from probes.names import Names
from probes.procfs import Processes
from probes.record import HookKind, Watching
from probes.requirements import libc_path, return_probe_hazard
from probes.ring import RING_SIZE, TURN
from probes.selection import EVERYTHING, Selection
from probes.source import Sink

# The programs wake the reader where it rests, which it does only when little happens (it costs a
# connect() 3.5 µs). Otherwise it looks into the ring every so often, and soon while there are few
# events, so that a process that ends at once is still in /proc. A look costs as much as 100 events
# (caches are cold by then), and processes that are all started for one connect are far fewer than
# `_MANY`: a core starts 1,000 a second at best.
_QUIET: Final = 0.005  # seconds
_BUSY: Final = 0.02
_MANY: Final = 2 << 10  # bytes in a turn from which on it is busy: 6,000 connects/s, until 1,400
_EMPTY: Final = 20  # turns in a row that found nothing, after which it rests
_REST: Final = 0.1  # seconds, after which it looks whether it is to stop
_REPORTS: Final = 0.25  # seconds from one report of what was lost or filtered to the next


@dataclass(frozen=True, slots=True)
class LiveSource:
    """Attaches the probes to the running kernel and enriches what they report.

    `hook`: None chooses. `names`: watch for hostnames too. `include_self`: this
    process's own connections too. `selection`: what is asked for; the rest is counted. `systems`:
    loads the table of autonomous systems; None goes without.
    """

    hook: HookKind | None = None
    names: bool = True
    include_self: bool = False
    selection: Selection = EVERYTHING
    systems: Callable[[], Systems] | None = None

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Feed `sink` until `stopped` is set, then hand over what is left in the ring.

        Raises:
            SourceError: the table of systems cannot be loaded, or the probes not be attached.
        """
        from probes.kernel import Kernel
        from probes.task import Task

        kernel = Kernel(sink.progress)
        watch: NameWatch | None = None
        try:
            hazard = return_probe_hazard() if self.names else ""
            task = Task(self.hook, self.names, self.include_self, self.selection, not hazard)
            hook = kernel.attach(task)
            # After it, since the ring keeps meanwhile what nobody else would.
            systems = self.systems() if self.systems else None
            date = systems.date if systems else None
            limits = (hazard,) if hazard else ()
            watching = Watching(hook, self.names, date, limits)

            def limited(further: tuple[str, ...]) -> None:
                sink.attached(replace(watching, names_limits=limits + further))

            names = Names()
            if self.names:
                libcs = Libcs(kernel.watch_libc)
                libcs.known(libc_path())
                watch = NameWatch(names, libcs, limited)
            limited(watch.limits if watch else ())
            processes = Processes(owner=Cgroups().owner)
            feed(kernel, Enricher(processes, names, systems), sink, stopped, watch)
        finally:
            if watch:
                watch.close()
            kernel.close()


class Reader(Protocol):
    """Where records come from: `probes.kernel.Kernel`, or a recording of one."""

    def drain(self) -> bytes:
        """See `probes.ring.Ring.drain`."""

    def wait(self, seconds: float) -> None:
        """Return when there is something to drain, or after so long."""

    def lost(self) -> int:
        """Events that could not be written, since the start."""

    def filtered(self) -> int:
        """Connections that were not asked for and not read, since the start."""


def feed(
    reader: Reader,
    enricher: Enricher,
    sink: Sink,
    stopped: threading.Event,
    watch: NameWatch | None = None,
) -> None:
    """Read, decode, enrich and hand over, until `stopped` is set and what was there is read.

    `watch`: has what the ring does not tell about names, for the same `Names` as `enricher`.

    Raises:
        SourceError: the items were not complete, and why; all of them were handed over.
    """
    unreadable = empty = 0
    report_at = 0.0
    # Bytes that may have been there when it was stopped; others may be written meanwhile, without
    # end, and faster than they are read.
    left = RING_SIZE
    while True:
        ending = stopped.is_set()
        records = reader.drain()
        if watch:
            watch.hear()
        decoded = decode(records)
        unreadable += decoded.unreadable
        if items := enricher.items(decoded.events):
            sink.take(items)
        if ending or time.monotonic() >= report_at:
            report_at = time.monotonic() + _REPORTS
            sink.lost(reader.lost() + unreadable + (watch.lost() if watch else 0))
            sink.filtered(reader.filtered())
        looking = watch.look(decoded.events) if watch and not ending else False
        empty = 0 if records or looking or enricher.is_waiting else empty + 1
        if ending:
            left -= len(records)
            if not records or left <= 0:
                sink.take(enricher.rest())
                break
        elif empty > _EMPTY:
            reader.wait(_REST)
        elif len(records) < TURN // 2:
            stopped.wait(_BUSY if len(records) >= _MANY else _QUIET)
    if enricher.damage is not None:
        raise enricher.damage
