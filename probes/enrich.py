"""Events into items: who, where to, under which name, in which autonomous system, when."""

from __future__ import annotations

import datetime
import socket
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, Protocol

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

_V4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2


class Systems(Protocol):
    """Autonomous systems by address; `probes.asn.AsnTable` is one. `date`: the data's day."""

    date: datetime.date

    def lookup(self, address: str) -> AutonomousSystem | None:
        """The system that announces the address, or None."""


def epoch_offset() -> int:
    """Nanoseconds from CLOCK_MONOTONIC to the epoch, now: what event times are moved by."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Enricher:
    """Turns events into items. Not for more than one thread."""

    def __init__(
        self,
        processes: Processes,
        names: Names,
        systems: Systems | None,
        offset: Callable[[], int] = epoch_offset,
    ) -> None:
        """`systems`: None leaves the autonomous system out. `offset`: see `epoch_offset`."""
        self._processes = processes
        self._names = names
        self._systems = systems
        self._offset = offset

    def items(self, events: Iterable[Event]) -> list[Item]:
        """The items of `events`, in order; a lookup that taught nothing gives none."""
        offset = self._offset()
        items: list[Item] = []
        for event in events:
            if isinstance(event, ConnectEvent):
                items.append(self._connection(event, offset))
            else:
                resolution = self._resolution(event, offset)
                if resolution is not None:
                    items.append(resolution)
        return items

    def _connection(self, event: ConnectEvent, offset: int) -> Connection:
        process = self._processes.find(event.tgid, event.comm, event.uid)
        time_ns = event.ts_ns + offset
        if not event.address:
            return Connection(time_ns, event.family, event.tid, process, None, None, None, None)
        address = address_text(event.address)
        return Connection(
            time_ns,
            event.family,
            event.tid,
            process,
            address,
            event.port,
            self._names.find(event.tgid, address),
            self._systems.lookup(address) if self._systems else None,
        )

    def _resolution(self, event: NameEvent, offset: int) -> Resolution | None:
        # Asking now, ahead of the connection, finds processes that end right after it.
        process = self._processes.find(event.tgid, event.comm, event.uid)
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
