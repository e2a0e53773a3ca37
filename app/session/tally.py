"""Counts by hostname and by autonomous system, kept as rows come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Final, TypeVar

from app.filters.mask import Mask
from app.session.leaders import Leaders
from probes.connections import Connections, Endpoint
from probes.record import AutonomousSystem, Connection, Host, Process

_Part = TypeVar("_Part")

_PROCESSES_KEPT: Final = 8  # of a host, the most recent first


@dataclass(slots=True, eq=False)
class HostCount:
    """Connections to one hostname. `last_ns`: nanoseconds since the epoch of the newest."""

    name: str
    count: int = 0
    last_ns: int = 0
    _processes: dict[str, int] = field(default_factory=dict)  # label: when it last connected
    knows_since: int = 0
    """Who connected before is of no interest; nanoseconds since the epoch."""

    @property
    def processes(self) -> list[str]:
        """The labels of the processes that connected there last, newest first."""
        oldest_first = sorted(self._processes, key=self._processes.__getitem__)
        return oldest_first[: -_PROCESSES_KEPT - 1 : -1]

    def connected(self, process: Process, time_ns: int) -> None:
        """Remember that a process connected there then; rows may be told of in any order."""
        if time_ns < self.knows_since:
            return
        self.last_ns = max(self.last_ns, time_ns)
        label = process.label
        then = self._processes.get(label)
        if then is not None:
            self._processes[label] = max(time_ns, then)
            return
        self._processes[label] = time_ns
        if len(self._processes) > 2 * _PROCESSES_KEPT:
            kept = self.processes
            self._processes = {name: self._processes[name] for name in reversed(kept)}
        if len(self._processes) == _PROCESSES_KEPT:
            # Whoever connected before all of these is of no interest any more.
            self.knows_since = min(self._processes.values())


@dataclass(slots=True, eq=False)
class SystemCount:
    """Connections into one autonomous system; None is the addresses that belong to none."""

    system: AutonomousSystem | None
    count: int = 0


class Tally:
    """Both counts over the rows that were added and not removed again.

    What a batch of rows costs depends on its length, not on how many rows there were before.
    """

    def __init__(self) -> None:
        self._hosts: Leaders[HostCount] = Leaders()
        self._by_name: dict[str, HostCount] = {}
        self._systems: Leaders[SystemCount] = Leaders()
        self._addressed = 0
        # Rows that were added since anybody asked: that many are alike makes them cheap together.
        self._new_endpoints: Counter[Endpoint] = Counter()
        self._new_hosts: Counter[int] = Counter()  # by identity
        self._by_identity: dict[int, Host] = {}

    @property
    def addressed(self) -> int:
        """Rows that have an address: what the systems' shares are shares of."""
        self._settle()
        return self._addressed

    @property
    def hosts(self) -> Leaders[HostCount]:
        """A count for each hostname."""
        self._settle()
        return self._hosts

    @property
    def systems(self) -> Leaders[SystemCount]:
        """A count for each autonomous system."""
        self._settle()
        return self._systems

    def add(self, rows: Connections, mask: Mask | None = None) -> None:
        """Count rows; with a `mask`, those that it means."""
        self._new_endpoints.update(_meant(rows.endpoints, mask))
        hosts = _meant(rows.hosts, mask)
        if not any(hosts):
            return
        named = list(compress(hosts, hosts))
        ids = list(map(id, named))
        self._new_hosts.update(ids)
        shared = dict(zip(ids, named, strict=True))
        self._by_identity.update(shared)  # type: ignore[arg-type]
        self._connected(set(shared), hosts, _meant(rows.processes, mask), _meant(rows.times, mask))

    def remove(self, rows: Connections) -> None:
        """Take back rows that were added."""
        self._settle()
        named = list(compress(rows.hosts, rows.hosts))
        shared = {id(host): host for host in named}
        self._count(Counter(rows.endpoints), Counter(map(id, named)), shared, -1)  # type: ignore[arg-type]

    def rename(self, before: Connection, after: Connection) -> None:
        """A row that was added has got a name, or another one, or something else has changed."""
        if before.host is after.host:
            return
        self._settle()
        if before.host is not None:
            self._count_host(before.host.name, -1)
        if after.host is not None:
            self._host(after.host.name).connected(after.process, after.time_ns)
            self._count_host(after.host.name, 1)

    def _connected(
        self,
        known: set[int],
        hosts: Sequence[Host | None],
        processes: Sequence[Process],
        times: Sequence[int],
    ) -> None:
        """Remember who connected to those `known` hosts of which it is worth knowing."""
        newest = max(times)
        names = self._by_identity
        open_to_more = {key for key in known if self._host(names[key].name).knows_since <= newest}
        if not open_to_more:
            return
        keys = list(map(id, hosts))
        # By identity: the newest of equal pairs is the one that stays.
        last = {
            (key, id(processes[index])): index
            for index, key in enumerate(keys)
            if key in open_to_more
        }
        for (key, _), index in last.items():
            self._host(names[key].name).connected(processes[index], times[index])

    def _settle(self) -> None:
        if self._new_endpoints:
            self._count(self._new_endpoints, self._new_hosts, self._by_identity, 1)
            self._new_endpoints.clear()
            self._new_hosts.clear()
            self._by_identity.clear()

    def _count(
        self,
        endpoints: Mapping[Endpoint, int],
        hosts: Mapping[int, int],
        by_identity: Mapping[int, Host],
        sign: int,
    ) -> None:
        for endpoint, number in endpoints.items():
            if endpoint.address is not None:
                self._addressed += sign * number
                key = endpoint.system.number if endpoint.system else 0
                system = self._systems.get(key) or SystemCount(endpoint.system)
                self._systems.count(key, system, sign * number)
        for identity, number in hosts.items():
            self._count_host(by_identity[identity].name, sign * number)

    def _count_host(self, name: str, change: int) -> None:
        host = self._host(name)
        self._hosts.count(name, host, change)
        if host.count <= 0:
            del self._by_name[name]

    def _host(self, name: str) -> HostCount:
        host = self._by_name.get(name)
        if host is None:
            host = self._by_name[name] = HostCount(name)
        return host


def _meant(column: Sequence[_Part], mask: Mask | None) -> Sequence[_Part]:
    return column if mask is None else list(compress(column, mask))
