"""Events into items: who, where to, under which name, in which autonomous system, when."""

from __future__ import annotations

import datetime
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, Protocol

from probes.errors import SourceError
from probes.names import Names
from probes.procfs import Processes
from probes.record import (
    AutonomousSystem,
    ConnectEvent,
    Connection,
    Event,
    Item,
    NameEvent,
    Resolution,
)
from probes.text import decode

HELD_NS: Final = 50_000_000
"""Nanoseconds that a connection waits for its name at most."""

_ENDPOINTS: Final = 65_536  # addresses remembered with their text and system
_V4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2


class Systems(Protocol):
    """Autonomous systems by address; `probes.asn.AsnTable` is one. `date`: the data's day."""

    date: datetime.date

    @property
    def damage(self) -> SourceError | None:
        """What a lookup found wrong with the table; what it could not answer gave None."""

    def lookup(self, address: str) -> AutonomousSystem | None:
        """The system that announces the address, or None."""


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
        self._held: deque[ConnectEvent] = deque()
        self._endpoint = lru_cache(maxsize=_ENDPOINTS)(self._endpoint_of)

    @property
    def damage(self) -> SourceError | None:
        """What kept items from being complete, found out while they were made; or None."""
        return self._systems.damage if self._systems else None

    def items(self, events: Iterable[Event]) -> list[Item]:
        """The items of `events` and of what was held back long enough.

        In order, but for what was held back; a lookup that taught nothing gives none.
        """
        offset = self._offset()
        items: list[Item] = []
        for event in events:
            if isinstance(event, NameEvent):
                resolution = self._resolution(event, offset)
                if resolution is not None:
                    items.append(resolution)
                    if self._held:
                        items.extend(self._release(event, offset))
            elif event.in_lookup and event.address:
                # Asked for now, while the process is likelier to be there.
                self._processes.find(event.tgid, event.tid, event.comm, event.uid)
                self._held.append(event)
            else:
                items.append(self._connection(event, offset))
        overdue = self._now() - HELD_NS
        while self._held and self._held[0].ts_ns <= overdue:
            items.append(self._connection(self._held.popleft(), offset))
        return items

    def rest(self) -> list[Item]:
        """What is still held back, when there is nothing more to come."""
        offset = self._offset()
        items: list[Item] = [self._connection(event, offset) for event in self._held]
        self._held.clear()
        return items

    def _release(self, name: NameEvent, offset: int) -> list[Item]:
        """The connections that were waiting for this name."""
        address = address_text(name.address)
        named = [
            event
            for event in self._held
            if event.tid == name.tid and address_text(event.address) == address
        ]
        for event in named:
            self._held.remove(event)
        return [self._connection(event, offset) for event in named]

    def _connection(self, event: ConnectEvent, offset: int) -> Connection:
        ts_ns, tgid, tid, uid, family, port, packed, comm, _ = event
        process = self._processes.find(tgid, tid, comm, uid)
        if not packed:
            return Connection(ts_ns + offset, family, tid, process, None, None, None, None)
        address, system = self._endpoint(packed)
        host = self._names.find(tgid, address)
        return Connection(ts_ns + offset, family, tid, process, address, port, host, system)

    def _endpoint_of(self, packed: bytes) -> tuple[str, AutonomousSystem | None]:
        address = address_text(packed)
        return address, self._systems.lookup(address) if self._systems else None

    def _resolution(self, event: NameEvent, offset: int) -> Resolution | None:
        # Asking now, ahead of the connection, finds processes that end right after it.
        process = self._processes.find(event.tgid, event.tid, event.comm, event.uid)
        address, name = address_text(event.address), decode(event.name)
        if not self._names.learn(event.tgid, address, name):
            return None
        return Resolution(event.ts_ns + offset, process, address, name)


@lru_cache(maxsize=65_536)
def address_text(address: bytes) -> str:
    """4 or 16 bytes as text; an IPv4-mapped IPv6 address as the IPv4 address it stands for."""
    if len(address) == 4:
        return socket.inet_ntop(socket.AF_INET, address)
    if address.startswith(_V4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(socket.AF_INET6, address)
