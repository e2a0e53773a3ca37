"""Events into items: who, where to, under which name, in which autonomous system, when."""

from __future__ import annotations

import datetime
import socket
import sys
import time
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple, Protocol

from probes.connections import Connections, Endpoint
from probes.decode import FLAG_IN_LOOKUP, Connects, Event, NameEvent, address_of, family_of
from probes.errors import SourceError
from probes.image import Image
from probes.names import Names
from probes.procfs import Processes
from probes.record import AutonomousSystem, Host, Process, Resolution
from probes.source import Item
from probes.text import decode

HELD_NS: Final = 50_000_000
"""Nanoseconds that a connection waits for its name at most."""

_ENDPOINTS: Final = 65_536  # remembered with their text and system
_V4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2


class Systems(Protocol):
    """Autonomous systems by address; `probes.asn.AsnTable` is one. `date`: the data's day."""

    date: datetime.date

    @property
    def damage(self) -> SourceError | None:
        """What a lookup found wrong with the table; what it could not answer gave None."""

    def lookup(self, address: str) -> AutonomousSystem | None:
        """The system that announces the address, or None."""


class _Held(NamedTuple):
    """A connect() that waits for its name; fields as in `probes.decode.Connects`."""

    ts_ns: int
    tid: int
    who: bytes
    where: bytes
    port: int


def epoch_offset() -> int:
    """Nanoseconds from CLOCK_MONOTONIC to the epoch, now: what event times are moved by."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Enricher:
    """Turns events into items. Not for more than one thread.

    To sort its results, glibc's getaddrinfo() connects a UDP socket to each of them and returns
    only then (RFC 6724, sysdeps/posix/getaddrinfo.c): the name follows the connection. Such
    connections are held back until their name has come, `HELD_NS` at most.
    """

    def __init__(
        self,
        processes: Processes,
        names: Names,
        systems: Systems | None,
        offset: Callable[[], int] = epoch_offset,
        now: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`systems`: None leaves the autonomous system out. `offset`: see `epoch_offset`.

        `now`: nanoseconds since boot, as events have them.
        """
        self._processes = processes
        self._names = names
        self._systems = systems
        self._offset = offset
        self._now = now
        self._held: deque[_Held] = deque()
        self._endpoints: dict[bytes, Endpoint] = {}

    @property
    def damage(self) -> SourceError | None:
        """What kept items from being complete, found out while they were made; or None."""
        return self._systems.damage if self._systems else None

    @property
    def is_waiting(self) -> bool:
        """Whether connections are held back, so that `items` is to be called again soon."""
        return bool(self._held)

    def items(self, events: Iterable[Event]) -> list[Item]:
        """The items of `events` and of what was held back long enough.

        In order, but for what was held back; a lookup that taught nothing new gives none.
        """
        offset = self._offset()
        items: list[Item] = []
        rows = Connections()
        for event in events:
            if isinstance(event, Connects):
                self._add(rows, self._without_held(event), offset)
                continue
            if isinstance(event, Image):
                self._processes.tell(event)
                continue
            resolution = self._resolution(event, offset)
            if resolution is not None:
                # Told between what happened before it and what happened after it.
                if rows:
                    items.append(rows)
                    rows = Connections()
                items.append(resolution)
            self._add(rows, self._released(event), offset)
        overdue = self._now() - HELD_NS
        late = []
        while self._held and self._held[0].ts_ns <= overdue:
            late.append(self._held.popleft())
        self._add(rows, _columns(late), offset)
        if rows:
            items.append(rows)
        return items

    def rest(self) -> list[Item]:
        """What is still held back, when there is nothing more to come."""
        rows = Connections()
        self._add(rows, _columns(self._held), self._offset())
        self._held.clear()
        return [rows] if rows else []

    def _without_held(self, connects: Connects) -> Connects:
        """Hold back those that getaddrinfo() made, and give the others."""
        if not any(connects.flags):
            return connects
        others = []
        for ts_ns, tid, who, where, port, flags in zip(*connects, strict=True):
            event = _Held(ts_ns, tid, who, where, port)
            if flags & FLAG_IN_LOOKUP and address_of(where):
                # Asked for now, while the process is likelier to be there.
                self._processes.find(who, tid)
                self._held.append(event)
            else:
                others.append(event)
        return _columns(others)

    def _released(self, name: NameEvent) -> Connects:
        """The connections that were waiting for this name."""
        if not self._held:
            return _columns(())
        address = address_text(name.address)
        named = [
            event
            for event in self._held
            if event.tid == name.tid and address_text(address_of(event.where)) == address
        ]
        for event in named:
            self._held.remove(event)
        return _columns(named)

    def _add(self, rows: Connections, connects: Connects, offset: int) -> None:
        if not connects.who:
            return
        processes = self._processes.find_all(connects.who, connects.tids)
        endpoints = self._endpoints_of(connects.where)
        rows.times.frombytes(_moved(connects.times, offset))
        rows.tids += connects.tids
        rows.ports += connects.ports
        rows.processes += processes
        rows.endpoints += endpoints
        rows.hosts += self._hosts_of(processes, endpoints)

    def _endpoints_of(self, where: list[bytes]) -> list[Endpoint]:
        known = self._endpoints
        try:
            return list(map(known.__getitem__, where))
        except KeyError:
            if len(known) >= _ENDPOINTS:
                # The older half: who is still in use is soon there again.
                for key in list(islice(known, _ENDPOINTS // 2)):
                    del known[key]
            for one in where:
                if one not in known:
                    known[one] = self._new_endpoint(one)
            return list(map(known.__getitem__, where))

    def _new_endpoint(self, where: bytes) -> Endpoint:
        packed = address_of(where)
        address = address_text(packed) if packed else None
        system = self._systems.lookup(address) if self._systems and address else None
        return Endpoint(family_of(where), address, system)

    def _hosts_of(self, processes: list[Process], endpoints: list[Endpoint]) -> list[Host | None]:
        names = self._names
        named = {endpoint for endpoint in set(endpoints) if endpoint.address in names}
        if not named:
            return [None] * len(endpoints)
        return [
            names.find(process.pid, endpoint.address or "") if endpoint in named else None
            for process, endpoint in zip(processes, endpoints, strict=True)
        ]

    def _resolution(self, event: NameEvent, offset: int) -> Resolution | None:
        # Asking now, ahead of the connection, finds processes that end right after it.
        process = self._processes.find(event.who, event.tid)
        address, name = address_text(event.address), decode(event.name)
        if not self._names.learn(process.pid, address, name):
            return None
        return Resolution(event.ts_ns + offset, process, address, name)


def _columns(events: Collection[_Held]) -> Connects:
    times, tids, who, where, ports = zip(*events, strict=True) if events else [()] * 5
    return Connects(
        array("Q", times),
        array("I", tids),
        list(who),
        list(where),
        array("H", ports),
        array("I", bytes(4 * len(who))),
    )


def _moved(times: array[int], offset: int) -> bytes:
    """`times` with `offset` added to each, as 8-byte numbers.

    Added all at once, as if they were the digits of one number: 5 ns each instead of 100. Nothing
    is carried from one to the next, since a time and its sum fit 63 bits.
    """
    if offset < 0:  # the machine's clock says that it was booted before 1970
        return array("q", [time_ns + offset for time_ns in times]).tobytes()
    order = sys.byteorder
    moves = array("q", [offset]) * len(times)
    total = int.from_bytes(times.tobytes(), order) + int.from_bytes(moves.tobytes(), order)
    return total.to_bytes(8 * len(times), order)


@lru_cache(maxsize=65_536)
def address_text(address: bytes) -> str:
    """4 or 16 bytes as text; an IPv4-mapped IPv6 address as the IPv4 address it stands for."""
    if len(address) == 4:
        return socket.inet_ntop(socket.AF_INET, address)
    if address.startswith(_V4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(socket.AF_INET6, address)
