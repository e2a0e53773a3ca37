"""Events into items: who, where to, under which name, in which autonomous system, when."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from itertools import compress
from operator import not_

from probes.addresses import address_text
from probes.clocks import epoch_offset, moved
from probes.connections import Connections, Endpoint
from probes.enrichment.endings import Endings
from probes.enrichment.endpoints import Endpoints, Systems, text_of
from probes.enrichment.held import Held, Waiting
from probes.errors import SourceError
from probes.event import WHO, Connects, Ends, NameEvent
from probes.kernel.decode import Event
from probes.naming.asked import Asker
from probes.naming.folding import Folding
from probes.naming.names import Names
from probes.naming.parents import Parents
from probes.outcome import UNKNOWN
from probes.processes.execs import Exec
from probes.processes.image import EXECS_BITS, Image
from probes.processes.procfs import Processes
from probes.record import Host, Process, Resolution
from probes.source import Item
from probes.text import decode
from probes.transport import Call


class Enricher:
    """Turns events into items. Not for more than one thread.

    Some connections are held back for a moment: see `probes.enrichment.held`,
    `probes.naming.folding`.
    """

    def __init__(
        self,
        processes: Processes,
        names: Names,
        systems: Systems | None,
        offset: Callable[[], int] = epoch_offset,
        now: Callable[[], int] = time.monotonic_ns,
        *,
        outcomes: bool = False,
        parents: Parents | None = None,
        folding: Folding | None = None,
        nameless: Callable[[set[str]], object] | None = None,
    ) -> None:
        """`systems`: None leaves the autonomous system out. `offset`: see `epoch_offset`.

        `now`: nanoseconds since boot, as events have them. `outcomes`: whether events tell what
        became of connects. `parents`: told who descends from whom. `folding`: None lets resolvers'
        own questions stay. `nameless`: told the addresses of connections that have no name.
        """
        self._processes = processes
        self._names = names
        self._systems = systems
        self._offset = offset
        self._now = now
        self._parents = parents
        self._folding = folding
        self._nameless = nameless
        self._held = Held(self._wait)
        self._endpoints = Endpoints(systems)
        self._endings = Endings(text_of, watched=outcomes)

    @property
    def damage(self) -> SourceError | None:
        """What kept items from being complete, found out while they were made; or None."""
        return self._systems.damage if self._systems else None

    @property
    def folded(self) -> int:
        """How many connections were left out as resolvers' own."""
        return self._folding.folded if self._folding else 0

    @property
    def is_waiting(self) -> bool:
        """Whether connections are held back, so that `items` is to be called again soon."""
        return bool(self._held)

    def doubt(self) -> None:
        """Outcomes of what was called until now were lost."""
        self._endings.doubt(self._now())

    def items(self, events: Iterable[Event]) -> list[Item]:
        """The items of `events` and of what was held back long enough.

        In order, but for what was held back; a lookup that taught nothing new gives none. What
        became of connections that were handed over before comes last.
        """
        offset = self._offset()
        items: list[Item] = []
        rows = Connections()
        for event in events:
            if isinstance(event, Connects):
                self._add(rows, self._held.sift(self._sifted(event)), offset)
                continue
            if isinstance(event, Ends):
                self._endings.tell(event)
                continue
            if isinstance(event, Image):
                self._processes.tell(event)
                if self._parents:
                    self._parents.tell(event)
                continue
            if isinstance(event, Exec):
                self._processes.executes(event)
                continue
            resolution = self._resolution(event, offset)
            if resolution is not None:
                # Told between what happened before it and what happened after it.
                if rows:
                    items.append(rows)
                    rows = Connections()
                items.append(resolution)
            self._add(rows, self._held.released(event), offset)
        self._add(rows, self._held.overdue(self._now()), offset)
        if self._folding:
            if stay := self._folding.settle(self._now()):
                self._add(rows, stay, offset)
            self._endings.drop(self._folding.dropped())
        return self._settled(items, rows)

    def rest(self) -> list[Item]:
        """What is still held back, when there is nothing more to come."""
        rows = Connections()
        self._add(rows, self._held.rest(), self._offset())
        if self._folding and (stay := self._folding.rest()):
            self._add(rows, stay, self._offset())
        return self._settled([], rows)

    def _settled(self, items: list[Item], rows: Connections) -> list[Item]:
        """`items`, then `rows`, then what became of others."""
        if rows:
            items.append(rows)
        results = self._endings.settle([rows for rows in items if isinstance(rows, Connections)])
        if results is not None:
            items.append(results)
        return items

    def _sifted(self, connects: Connects) -> Connects:
        """Without those that may be folded, which are held back."""
        if self._folding is None:
            return connects
        others = self._folding.sift(connects)
        if others is not connects:
            kept = set(zip(others.times, others.tids, strict=True))
            keys = zip(connects.times, connects.tids, strict=True)
            self._endings.hold([key for key in keys if key not in kept])
        return others

    def _wait(self, one: Waiting) -> None:
        # Asked for now, while the process is likelier to be there.
        self._processes.find(one.who, one.tid)
        self._endings.hold([(one.ts_ns, one.tid)])

    def _add(self, rows: Connections, connects: Connects, offset: int) -> None:
        if not connects.who:
            return
        processes = self._processes.find_all(connects.who, connects.tids)
        endpoints = self._endpoints.find_all(connects.where)
        distinct = set(endpoints)
        rows.times.frombytes(moved(connects.times, offset))
        rows.tids += connects.tids
        rows.ports += connects.ports
        rows.processes += processes
        rows.endpoints += endpoints
        hosts = self._hosts_of(connects, processes, endpoints, distinct)
        rows.hosts += hosts
        if self._nameless:
            nameless = set(compress(endpoints, map(not_, hosts)))
            self._nameless({end.address for end in nameless if end.address is not None})
        self._endings.number(rows, connects)
        sent = {end for end in distinct if end.transport.call is not Call.CONNECT}
        if sent:
            # Nothing is told of what was sent, and that is no success.
            begin = len(rows) - len(endpoints)
            for index, endpoint in enumerate(endpoints, begin):
                if endpoint in sent:
                    rows.outcomes[index] = UNKNOWN

    def _hosts_of(
        self,
        connects: Connects,
        processes: list[Process],
        endpoints: list[Endpoint],
        distinct: Collection[Endpoint],
    ) -> list[Host | None]:
        names = self._names
        named = {endpoint for endpoint in distinct if endpoint.address in names}
        if not named:
            return [None] * len(endpoints)
        each = dict(zip(connects.who, processes, strict=True))
        askers = {who: asker_of(who, process) for who, process in each.items()}
        return [
            names.find(askers[who], tid, endpoint.address or "", ts_ns, process.netns)
            if endpoint in named
            else None
            for ts_ns, who, tid, process, endpoint in zip(
                connects.times, connects.who, connects.tids, processes, endpoints, strict=True
            )
        ]

    def _resolution(self, event: NameEvent, offset: int) -> Resolution | None:
        # Asking now, ahead of the connection, finds processes that end right after it.
        process = self._processes.find(event.who, event.tid)
        asker = asker_of(event.who, process)
        if self._parents:
            self._parents.note(asker)
        if self._folding:
            self._folding.asked(event.name, event.ts_ns, process.pid)
        address, name, now_ns = (
            address_text(event.address),
            decode(event.name),
            event.ts_ns + offset,
        )
        netns = self._processes.netns(process)
        if not self._names.learn(
            asker, event.tid, address, name, now_ns, ts_ns=event.ts_ns, netns=netns
        ):
            return None
        return Resolution(now_ns, process, address, name, netns=netns)


def asker_of(who: bytes, process: Process) -> Asker:
    """Who a `probes.event.WHO`, which stands for `process`, is among those that ask for names."""
    pid, _, _, number = WHO.unpack(who)
    return Asker(pid, number >> EXECS_BITS if number else process.executable or "")
