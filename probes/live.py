"""Connections as they happen on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from probes.addresses import unmapped
from probes.enrichment.endpoints import Systems
from probes.enrichment.enrich import Enricher
from probes.event import address_of
from probes.kernel.decode import decode
from probes.kernel.requirements import libc_path, return_probe_hazard
from probes.kernel.ring import RING_SIZE, TURN
from probes.naming.folding import Folding
from probes.naming.libcs import Libcs
from probes.naming.names import Names
from probes.naming.namespaces import Namespaces
from probes.naming.parents import Parents
from probes.naming.resolved import Monitor
from probes.naming.resolvers import Resolvers
from probes.naming.reverse import Reverse
from probes.naming.watch import NameWatch
from probes.processes.cgroup import Cgroups
from probes.processes.containers import Containers
from probes.processes.procfs import Processes
from probes.record import HookKind, Watching
from probes.rights.opener import Opener
from probes.rights.privileges import Privileges
from probes.selection import EVERYTHING, Selection
from probes.source import Sink

# The programs wake the reader where it rests, which it does only when little happens (it costs a
# connect() 3.5 µs). Otherwise it looks into the ring every so often, and soon while there are few
# events, so that a process that ends at once is still in /proc. A look costs as much as 100 events
# (caches are cold by then), and processes that are all started for one connect are far fewer than
# `_MANY`: a core starts 1,000 a second at best.
_QUIET: Final = 0.005  # seconds
_BUSY: Final = 0.05
_MANY: Final = 2 << 10  # bytes in a turn from which on it is busy: 5,000 connects/s, until 500
_EMPTY: Final = 20  # turns in a row that found nothing, after which it rests
_REST: Final = 0.1  # seconds, after which it looks whether it is to stop
_REPORTS: Final = 0.25  # seconds from one report of what was lost or filtered to the next


@dataclass(frozen=True, slots=True)
class LiveSource:
    """Attaches the probes to the running kernel and enriches what they report.

    `hook`: None chooses. `names`: watch for hostnames too. `sends`: what is sent without connect()
    too. `include_self`: this process's own connections too. `selection`: what is asked for; the
    rest is counted. `systems`: loads the table of autonomous systems; None goes without. `folds`:
    leave out resolvers' own questions (see `probes.naming.folding`); they are counted. Not where
    the selection limits processes or users, which may leave out who asked. `reverse`: look up the
    names of addresses that nobody asked for by a name. Without `names`, neither is done. `left`:
    told at the end which threads of the selected trees still run. `privileges`: what becomes of
    root's rights once the probes are attached; None keeps them, and does all by itself.
    """

    hook: HookKind | None = None
    names: bool = True
    sends: bool = True
    include_self: bool = False
    selection: Selection = EVERYTHING
    systems: Callable[[], Systems] | None = None
    folds: bool = True
    reverse: bool = False
    left: Callable[[frozenset[int]], object] | None = None
    privileges: Privileges | None = None

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Feed `sink` until `stopped` is set, then hand over what is left in the ring.

        Raises:
            SourceError: the table of systems cannot be loaded, or the probes not be attached.
        """
        from probes.hooks.kernel import Kernel
        from probes.kernel.task import Task

        kernel = Kernel(sink.progress)
        watch: NameWatch | None = None
        try:
            hazard = return_probe_hazard() if self.names else ""
            task = Task(
                hook=self.hook,
                names=self.names,
                include_self=self.include_self,
                selection=self.selection,
                returns=not hazard,
                sends=self.sends,
            )
            hook = kernel.attach(task)
            if (privileges := self.privileges) is not None:
                privileges.attached()
            opener = privileges.opener if privileges else None
            # After it, since the ring keeps meanwhile what nobody else would.
            systems = self.systems() if self.systems else None
            date = systems.date if systems else None
            limits = (hazard,) if hazard else ()
            without = kernel.without_outcomes
            watching = Watching(hook, self.names, date, limits, without)

            def limited(further: tuple[str, ...]) -> None:
                sink.attached(replace(watching, names_limits=limits + further))

            parents = Parents()
            names = Names(tree=parents)
            folding: Folding | None = None
            if self.names:
                open_at = opener.uprobe if opener else None
                libcs = Libcs(lambda path: kernel.watch_libc(path, open_at))
                libcs.known(libc_path())
                # Under whom, where those that asked are not shown?
                if self.folds and not (self.selection.pids or self.selection.users):
                    folding = Folding(Resolvers(), lambda where: unmapped(address_of(where)))
                watch = NameWatch(
                    *(names, libcs, limited, lambda: _listening(opener)),
                    monitor=Monitor(opener.monitor if opener else None),
                    reverse=Reverse(begin=_unprivileged(privileges)) if self.reverse else None,
                    folding=folding,
                )
            limited(watch.limits if watch else ())
            processes = Processes(owner=Cgroups(name=Containers().name).owner)
            processes.look_around()
            enricher = Enricher(
                processes,
                names,
                systems,
                outcomes=not without,
                parents=parents,
                folding=folding,
                nameless=watch.nameless if watch and self.reverse else None,
            )
            feed(kernel, enricher, sink, stopped, watch)
            if self.left is not None:
                self.left(kernel.tree())
        finally:
            if watch:
                watch.close()
            kernel.close()
            if self.privileges:
                self.privileges.close()


def _listening(opener: Opener | None) -> Namespaces:
    namespaces = Namespaces(opener.answers if opener else None)
    namespaces.start()
    return namespaces


def _unprivileged(privileges: Privileges | None) -> Callable[[], object]:
    """What threads begin with that need no rights."""
    return privileges.give_up if privileges else lambda: None


class Reader(Protocol):
    """Where records come from: `probes.hooks.kernel.Kernel`, or a recording of one."""

    def drain(self) -> bytes:
        """See `probes.kernel.ring.Ring.drain`."""

    def wait(self, seconds: float) -> None:
        """Return when there is something to drain, or after so long."""

    def lost(self) -> int:
        """Connections that could not be written, since the start."""

    def names_lost(self) -> int:
        """Lookups that could not be written, since the start."""

    def outcomes_lost(self) -> int:
        """Outcomes of connections that could not be told, of whichever, since the start."""

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
    unreadable = empty = outcomes_lost = 0
    report_at = 0.0
    # Bytes that may have been there when it was stopped; others may be written meanwhile, without
    # end, and faster than they are read.
    left = RING_SIZE
    while True:
        ending = stopped.is_set()
        records = reader.drain()
        late = watch.hear() if watch else []
        decoded = decode(records)
        unreadable += decoded.unreadable
        # Before the rows are made: of which of them, nobody can tell.
        if records and (lost := reader.outcomes_lost()) != outcomes_lost:
            outcomes_lost = lost
            enricher.doubt()
        if items := [*enricher.items(decoded.events), *late]:
            sink.take(items)
        if ending or time.monotonic() >= report_at:
            report_at = time.monotonic() + _REPORTS
            sink.lost(reader.lost() + unreadable)
            if names_lost := reader.names_lost() + (watch.lost() if watch else 0):
                sink.names_lost(names_lost)
            sink.outcomes_lost(outcomes_lost)
            sink.filtered(reader.filtered())
            sink.folded(enricher.folded)
        looking = watch.look(decoded.events) if watch and not ending else False
        empty = 0 if records or looking or enricher.is_waiting else empty + 1
        if ending:
            left -= len(records)
            if not records or left <= 0:
                sink.take(enricher.rest())
                sink.folded(enricher.folded)
                break
        elif empty > _EMPTY:
            reader.wait(_REST)
        elif len(records) < TURN // 2:
            stopped.wait(_BUSY if len(records) >= _MANY else _QUIET)
    if enricher.damage is not None:
        raise enricher.damage
