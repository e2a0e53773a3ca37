"""Counts by hostname and by autonomous system, kept as rows come and go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from probes.record import AutonomousSystem, Connection, Process

_PROCESSES_KEPT: Final = 8  # of a host, the most recent first


@dataclass(slots=True)
class HostCount:
    """Connections to one hostname. `last_ns`: nanoseconds since the epoch of the newest."""

    name: str
    count: int = 0
    last_ns: int = 0
    _processes: dict[str, None] = field(default_factory=dict)

    @property
    def processes(self) -> list[str]:
        """The labels of the processes that connected there last, newest first."""
        return list(reversed(self._processes))

    def add(self, time_ns: int, process: Process) -> None:
        """Count one more."""
        self.count += 1
        self.last_ns = max(self.last_ns, time_ns)
        label = process.label
        self._processes.pop(label, None)
        self._processes[label] = None
        if len(self._processes) > _PROCESSES_KEPT:
            del self._processes[next(iter(self._processes))]


@dataclass(slots=True)
class SystemCount:
    """Connections into one autonomous system; None is the addresses that belong to none."""

    system: AutonomousSystem | None
    count: int = 0


class Tally:
    """Both counts over the rows that were added and not removed again."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostCount] = {}
        self._systems: dict[int, SystemCount] = {}
        self._addressed = 0

    @property
    def addressed(self) -> int:
        """Rows that have an address: what the systems' shares are shares of."""
        return self._addressed

    @property
    def hosts(self) -> Collection[HostCount]:
        """A count for each hostname, in no order."""
        return self._hosts.values()

    @property
    def systems(self) -> Collection[SystemCount]:
        """A count for each autonomous system, in no order."""
        return self._systems.values()

    def add(self, row: Connection) -> None:
        """Count a row."""
        if row.address is None:
            return
        self._addressed += 1
        number = row.system.number if row.system else 0
        system = self._systems.get(number)
        if system is None:
            system = self._systems[number] = SystemCount(row.system)
        system.count += 1
        self._name(row)

    def remove(self, row: Connection) -> None:
        """Take back a row that was added."""
        if row.address is None:
            return
        self._addressed -= 1
        number = row.system.number if row.system else 0
        system = self._systems[number]
        system.count -= 1
        if not system.count:
            del self._systems[number]
        self._unname(row)

    def rename(self, before: Connection, after: Connection) -> None:
        """A row that was added has got a name, or another one."""
        self._unname(before)
        self._name(after)

    def _name(self, row: Connection) -> None:
        if row.host is None:
            return
        host = self._hosts.get(row.host.name)
        if host is None:
            host = self._hosts[row.host.name] = HostCount(row.host.name)
        host.add(row.time_ns, row.process)

    def _unname(self, row: Connection) -> None:
        if row.host is None:
            return
        host = self._hosts[row.host.name]
        host.count -= 1
        if not host.count:
            del self._hosts[row.host.name]
