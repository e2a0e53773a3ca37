"""Connections that wait for their name.

To sort its results, glibc's getaddrinfo() connects a UDP socket to each of them and returns only
then (RFC 6724, sysdeps/posix/getaddrinfo.c): the name follows the connection. Such connections are
held back until their name has come, `HELD_NS` at most.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from probes.addresses import address_text
from probes.event import FLAG_IN_LOOKUP, Connects, NameEvent, address_of

HELD_NS: Final = 50_000_000
"""Nanoseconds that a connection waits for its name at most."""


class Waiting(NamedTuple):
    """A connect() that waits for its name; fields as in `probes.event.Connects`."""

    ts_ns: int
    tid: int
    who: bytes
    where: bytes
    port: int


class Held:
    """Those that wait, in the order in which they came."""

    def __init__(self, begun: Callable[[Waiting], object]) -> None:
        """`begun`: told of each that begins to wait."""
        self._begun = begun
        self._waiting: deque[Waiting] = deque()

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._waiting)

    def sift(self, connects: Connects) -> Connects:
        """Hold back those that getaddrinfo() made, and give the others."""
        if not any(connects.flags):
            return connects
        others = []
        for ts_ns, tid, who, where, port, flags in zip(*connects, strict=True):
            event = Waiting(ts_ns, tid, who, where, port)
            if flags & FLAG_IN_LOOKUP and address_of(where):
                self._waiting.append(event)
                self._begun(event)
            else:
                others.append(event)
        return _columns(others)

    def released(self, name: NameEvent) -> Connects:
        """Those that were waiting for this name."""
        if not self._waiting:
            return _columns(())
        address = address_text(name.address)
        named = [
            event
            for event in self._waiting
            if event.tid == name.tid and address_text(address_of(event.where)) == address
        ]
        for event in named:
            self._waiting.remove(event)
        return _columns(named)

    def overdue(self, now_ns: int) -> Connects:
        """Those that have waited long enough. `now_ns`: as events have it."""
        late = []
        while self._waiting and self._waiting[0].ts_ns <= now_ns - HELD_NS:
            late.append(self._waiting.popleft())
        return _columns(late)

    def rest(self) -> Connects:
        """All of them, when there is nothing more to come."""
        rest = _columns(self._waiting)
        self._waiting.clear()
        return rest


def _columns(events: Collection[Waiting]) -> Connects:
    times, tids, who, where, ports = zip(*events, strict=True) if events else [()] * 5
    return Connects(
        array("Q", times),
        array("I", tids),
        list(who),
        list(where),
        array("H", ports),
        array("H", bytes(2 * len(who))),
    )
