"""Connections by the thousand, column by column.

A million `Connection` objects would take 150 MB and most of a second to make. Here a row is 29
bytes of numbers and four references to what many rows have in common, and becomes an object when
somebody looks at it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import Final, Self

from probes.outcome import OUTCOMES, UNKNOWN, Outcome, code_of
from probes.record import AutonomousSystem, Connection, Host, Process
from probes.transport import UNTOLD, Transport

_ENDPOINTS: Final = 65_536  # kept to be shared


class Endpoint:
    """Where connections lead to, but for the port, and how. Told apart by identity, not by value.

    `family`, `address`, `system`, `transport`: as in `Connection`.
    """

    __slots__ = ("address", "family", "system", "transport")

    def __init__(
        self,
        family: int,
        address: str | None,
        system: AutonomousSystem | None,
        transport: Transport = UNTOLD,
    ) -> None:
        self.family = family
        self.address = address
        self.system = system
        self.transport = transport


class Connections:
    """A sequence of connections in columns, all equally long, which whoever reads may use as well.

    `times`: nanoseconds since the epoch; `tids`; `ports`: 0 where the endpoint has no address;
    `processes`, `endpoints`, `hosts`: objects that rows share. `numbers`: ascending, what
    `probes.results` names a row by; 0 where nothing will be told of it later. `outcomes`: bytes of
    `probes.outcome`. `latencies`: microseconds, 0 for none. `locals`, `local_ports`: the socket's
    own address, None where it is not known, and port.
    """

    __slots__ = (
        *("endpoints", "hosts", "latencies", "local_ports", "locals", "numbers", "outcomes"),
        *("ports", "processes", "tids", "times"),
    )

    def __init__(self) -> None:
        self.times = array("q")
        self.tids = array("I")
        self.ports = array("H")
        self.processes: list[Process] = []
        self.endpoints: list[Endpoint] = []
        self.hosts: list[Host | None] = []
        self.numbers = array("Q")
        self.outcomes = array("B")
        self.latencies = array("I")
        self.locals: list[str | None] = []
        self.local_ports = array("H")

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
            *self._ending(index),
            endpoint.transport,
        )

    def _ending(self, index: int) -> tuple[str | None, int | None, Outcome | None, int | None]:
        local = self.locals[index]
        return (
            local,
            None if local is None else self.local_ports[index],
            OUTCOMES[self.outcomes[index]],
            self.latencies[index] or None,
        )

    def __iter__(self) -> Iterator[Connection]:
        """Each as an object."""
        return map(self.__getitem__, range(len(self)))

    def append(self, row: Connection) -> None:
        """Add one connection at the end."""
        self.times.append(row.time_ns)
        self.tids.append(row.tid)
        self.ports.append(row.port or 0)
        self.processes.append(row.process)
        self.endpoints.append(_endpoint(row.family, row.address, row.system, row.transport))
        self.hosts.append(row.host)
        self.numbers.append(0)
        self.outcomes.append(code_of(row.outcome))
        self.latencies.append(row.latency_us or 0)
        self.locals.append(row.local_address)
        self.local_ports.append(row.local_port or 0)

    def untold(self, first: int | None = None, code: int = UNKNOWN) -> None:
        """Fill the columns from `numbers` on for rows of which the others are there.

        `first`: the number of the first of them, None for no numbers. `code`: their outcome.
        """
        more = len(self.hosts) - len(self.numbers)
        if first is None:
            self.numbers.frombytes(bytes(8 * more))
        else:
            self.numbers.extend(range(first, first + more))
        self.outcomes.frombytes(bytes([code]) * more)
        self.latencies.frombytes(bytes(4 * more))
        self.locals += [None] * more
        self.local_ports.frombytes(bytes(2 * more))

    def extend(self, rows: Connections) -> None:
        """Add `rows` at the end."""
        self.times += rows.times
        self.tids += rows.tids
        self.ports += rows.ports
        self.processes += rows.processes
        self.endpoints += rows.endpoints
        self.hosts += rows.hosts
        self.numbers += rows.numbers
        self.outcomes += rows.outcomes
        self.latencies += rows.latencies
        self.locals += rows.locals
        self.local_ports += rows.local_ports

    def piece(self, start: int, stop: int) -> Connections:
        """A copy of the rows from `start` up to, not including, `stop`."""
        made = Connections()
        made.times = self.times[start:stop]
        made.tids = self.tids[start:stop]
        made.ports = self.ports[start:stop]
        made.processes = self.processes[start:stop]
        made.endpoints = self.endpoints[start:stop]
        made.hosts = self.hosts[start:stop]
        made.numbers = self.numbers[start:stop]
        made.outcomes = self.outcomes[start:stop]
        made.latencies = self.latencies[start:stop]
        made.locals = self.locals[start:stop]
        made.local_ports = self.local_ports[start:stop]
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
        made.numbers = array("Q", compress(self.numbers, mask))
        made.outcomes = array("B", compress(self.outcomes, mask))
        made.latencies = array("I", compress(self.latencies, mask))
        made.locals = list(compress(self.locals, mask))
        made.local_ports = array("H", compress(self.local_ports, mask))
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
        made.numbers = array("Q", pick(self.numbers))
        made.outcomes = array("B", pick(self.outcomes))
        made.latencies = array("I", pick(self.latencies))
        made.locals = list(pick(self.locals))
        made.local_ports = array("H", pick(self.local_ports))
        return made


@lru_cache(maxsize=_ENDPOINTS)
def _endpoint(
    family: int, address: str | None, system: AutonomousSystem | None, transport: Transport
) -> Endpoint:
    return Endpoint(family, address, system, transport)
