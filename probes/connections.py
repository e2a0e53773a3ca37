"""Connections by the thousand, column by column.

A million `Connection` objects would take 150 MB and most of a second to make. Here a row is 14
bytes of numbers and three references to what many rows have in common, and becomes an object when
somebody looks at it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import Final, Self

from probes.record import AutonomousSystem, Connection, Host, Process

_ENDPOINTS: Final = 65_536  # kept to be shared


class Endpoint:
    """Where connections lead to, but for the port. Told apart by identity, not by value.

    `family`, `address`, `system`: as in `Connection`.
    """

    __slots__ = ("address", "family", "system")

    def __init__(self, family: int, address: str | None, system: AutonomousSystem | None) -> None:
        self.family = family
        self.address = address
        self.system = system


class Connections:
    """A sequence of connections in columns, all equally long, which whoever reads may use as well.

    `times`: nanoseconds since the epoch; `tids`; `ports`: 0 where the endpoint has no address;
    `processes`, `endpoints`, `hosts`: objects that rows share.
    """

    __slots__ = ("endpoints", "hosts", "ports", "processes", "tids", "times")

    def __init__(self) -> None:
        self.times = array("q")
        self.tids = array("I")
        self.ports = array("H")
        self.processes: list[Process] = []
        self.endpoints: list[Endpoint] = []
        self.hosts: list[Host | None] = []

    @classmethod
    def of(cls, rows: Iterable[Connection]) -> Self:
        """The same connections in columns."""
        made = cls()
        for row in rows:
            made.append(row)
        return made

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self.hosts)

    def __getitem__(self, index: int) -> Connection:
        """The connection at `index`; IndexError as a list would."""
        endpoint = self.endpoints[index]
        return Connection(
            self.times[index],
            endpoint.family,
            self.tids[index],
            self.processes[index],
            endpoint.address,
            None if endpoint.address is None else self.ports[index],
            self.hosts[index],
            endpoint.system,
        )

    def __iter__(self) -> Iterator[Connection]:
        """Each as an object."""
        for time_ns, tid, port, process, endpoint, host in zip(
            self.times,
            self.tids,
            self.ports,
            self.processes,
            self.endpoints,
            self.hosts,
            strict=True,
        ):
            address = endpoint.address
            yield Connection(
                time_ns,
                endpoint.family,
                tid,
                process,
                address,
                None if address is None else port,
                host,
                endpoint.system,
            )

    def append(self, row: Connection) -> None:
        """Add one connection at the end."""
        self.times.append(row.time_ns)
        self.tids.append(row.tid)
        self.ports.append(row.port or 0)
        self.processes.append(row.process)
        self.endpoints.append(_endpoint(row.family, row.address, row.system))
        self.hosts.append(row.host)

    def extend(self, rows: Connections) -> None:
        """Add `rows` at the end."""
        self.times += rows.times
        self.tids += rows.tids
        self.ports += rows.ports
        self.processes += rows.processes
        self.endpoints += rows.endpoints
        self.hosts += rows.hosts

    def piece(self, start: int, stop: int) -> Connections:
        """A copy of the rows from `start` up to, not including, `stop`."""
        made = Connections()
        made.times = self.times[start:stop]
        made.tids = self.tids[start:stop]
        made.ports = self.ports[start:stop]
        made.processes = self.processes[start:stop]
        made.endpoints = self.endpoints[start:stop]
        made.hosts = self.hosts[start:stop]
        return made

    def kept(self, mask: Sequence[object]) -> Connections:
        """A copy of the rows at which `mask`, one value for each row, is true."""
        made = Connections()
        made.times = array("q", compress(self.times, mask))
        made.tids = array("I", compress(self.tids, mask))
        made.ports = array("H", compress(self.ports, mask))
        made.processes = list(compress(self.processes, mask))
        made.endpoints = list(compress(self.endpoints, mask))
        made.hosts = list(compress(self.hosts, mask))
        return made

    def at(self, indexes: Sequence[int]) -> Connections:
        """A copy of the rows at `indexes`, in their order; IndexError as a list would."""
        made = Connections()
        if not indexes:
            return made
        if len(indexes) == 1:  # itemgetter() gives no tuple then
            index = range(len(self))[indexes[0]]
            return self.piece(index, index + 1)
        pick = itemgetter(*indexes)
        made.times = array("q", pick(self.times))
        made.tids = array("I", pick(self.tids))
        made.ports = array("H", pick(self.ports))
        made.processes = list(pick(self.processes))
        made.endpoints = list(pick(self.endpoints))
        made.hosts = list(pick(self.hosts))
        return made


@lru_cache(maxsize=_ENDPOINTS)
def _endpoint(family: int, address: str | None, system: AutonomousSystem | None) -> Endpoint:
    return Endpoint(family, address, system)
