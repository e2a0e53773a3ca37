"""Counts by hostname and by autonomous system, kept as rows come and go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import compress
from typing import Final

from app.leaders import Leaders
from probes.connections import Connections
from probes.record import AutonomousSystem, Connection

_PROCESSES_KEPT: Final = 8  # of a host, the most recent first


@dataclass(slots=True, eq=False)
class HostCount:
    """Connections to one hostname. `last_ns`: nanoseconds since the epoch of the newest."""

    name: str
    count: int = 0
    last_ns: int = 0
    _processes: dict[str, int] = field(default_factory=dict)  # label: when it last connected

    @property
    def processes(self) -> list[str]:
        """The labels of the processes that connected there last, newest first."""
        oldest_first = sorted(self._processes, key=self._processes.__getitem__)
        return oldest_first[: -_PROCESSES_KEPT - 1 : -1]

    def connected(self, label: str, time_ns: int) -> None:
        """Remember that a process connected there then; rows may be told of in any order."""
        self.last_ns = max(self.last_ns, time_ns)
        # Taken out and put in: of those at the same time the last one told of is the newest.
        self._processes[label] = max(time_ns, self._processes.pop(label, 0))
        if len(self._processes) > 2 * _PROCESSES_KEPT:
            self._processes = {name: self._processes[name] for name in reversed(self.processes)}


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
        self._systems: Leaders[SystemCount] = Leaders()
        self._addressed = 0

    @property
    def addressed(self) -> int:
        """Rows that have an address: what the systems' shares are shares of."""
        return self._addressed

    @property
    def hosts(self) -> Leaders[HostCount]:
        """A count for each hostname."""
        return self._hosts

    @property
    def systems(self) -> Leaders[SystemCount]:
        """A count for each autonomous system."""
        return self._systems

    def add(self, rows: Connections) -> None:
        """Count rows."""
        self._count(rows, 1)
        if not any(rows.hosts):
            return
        named = compress(zip(rows.hosts, rows.processes, rows.times, strict=True), rows.hosts)
        # By identity: the newest of equal pairs is the one that stays.
        newest = {(id(host), id(process)): (host, process, at) for host, process, at in named}
        for host, process, time_ns in newest.values():
            assert host is not None
            self._host(host.name).connected(process.label, time_ns)

    def remove(self, rows: Connections) -> None:
        """Take back rows that were added."""
        self._count(rows, -1)

    def rename(self, before: Connection, after: Connection) -> None:
        """A row that was added has got a name, or another one."""
        if before.host is not None:
            self._hosts.count(before.host.name, self._host(before.host.name), -1)
        if after.host is not None:
            host = self._host(after.host.name)
            self._hosts.count(after.host.name, host, 1)
            host.connected(after.process.label, after.time_ns)

    def _host(self, name: str) -> HostCount:
        return self._hosts.get(name) or HostCount(name)

    def _count(self, rows: Connections, sign: int) -> None:
        for endpoint, number in Counter(rows.endpoints).items():
            if endpoint.address is not None:
                self._addressed += sign * number
                key = endpoint.system.number if endpoint.system else 0
                system = self._systems.get(key) or SystemCount(endpoint.system)
                self._systems.count(key, system, sign * number)
        if any(rows.hosts):
            shared = {id(host): host for host in rows.hosts if host is not None}
            for key, number in Counter(map(id, compress(rows.hosts, rows.hosts))).items():
                name = shared[key].name
                self._hosts.count(name, self._host(name), sign * number)
