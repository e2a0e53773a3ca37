"""What is done for names beside the ring: libcs are looked for, DNS answers listened to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from probes.addresses import address_text
from probes.event import WHO, Connects
from probes.kernel.decode import Event
from probes.naming.answers import Heard
from probes.naming.dns import Answer
from probes.naming.folding import Folding
from probes.naming.libcs import Libcs
from probes.naming.names import Names
from probes.naming.resolved import Monitor
from probes.naming.reverse import Reverse, pointer
from probes.processes.image import Image
from probes.record import HostSource, Resolution
from probes.text import decode

_MANY: Final = 2048  # connects in a turn above which new processes are found by the next scan


class Listener(Protocol):
    """Hears DNS answers: `probes.naming.namespaces.Namespaces`."""

    @property
    def unheard(self) -> int:
        """In how many network namespaces nobody listens."""

    def seen(self, processes: Iterable[tuple[int, int]]) -> None:
        """These processes, (pid, network namespace), were seen to do something."""

    def drain(self) -> Sequence[Heard]:
        """The answers that have come since."""

    def dropped(self) -> int:
        """How many packets found no room since the start."""

    def close(self) -> None:
        """Stop listening."""


class NameWatch:
    """For the thread that reads the ring."""

    def __init__(
        self,
        names: Names,
        libcs: Libcs,
        limited: Callable[[tuple[str, ...]], object],
        listen: Callable[[], Listener],
        *,
        monitor: Monitor | None = None,
        reverse: Reverse | None = None,
        folding: Folding | None = None,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """`names`: told what is heard. `limited`: told when `limits` change.

        `listen`: begins to listen; raises OSError where that is not possible. `monitor`,
        `reverse`: other sources of names. `folding`: told what was asked for, and of whom. `now`:
        nanoseconds since the epoch.
        """
        self._names = names
        self._libcs = libcs
        self._limited = limited
        self._monitor = monitor
        self._reverse = reverse
        self._folding = folding
        self._now = now
        self._heard_ns = time.monotonic_ns()
        self._deaf = ""
        self._listener: Listener | None = None
        try:
            self._listener = listen()
        except OSError as error:
            self._deaf = f"DNS answers cannot be heard ({error.strerror})"
        self._limits = self._found_limits()

    @property
    def limits(self) -> tuple[str, ...]:
        """Why names will be missing, for a person."""
        return self._limits

    def hear(self) -> list[Resolution]:
        """Learn what has come from elsewhere; names of addresses for which nobody had one.

        After the ring was read and before its events are made items: a connection that they led
        to then finds its name.
        """
        found: list[Resolution] = []
        heard_ns = time.monotonic_ns()
        # What has no time of its own may have come at any since the turn before.
        since_ns, self._heard_ns = self._heard_ns, heard_ns
        heard = self._listener.drain() if self._listener else ()
        for ts_ns, server, netns, (asked, answers) in heard:
            if self._folding:
                self._folding.answered(server, asked, heard_ns)
            for answer in answers:
                self._learn(found, answer, HostSource.DNS, netns, ts_ns)
        for answer in self._monitor.drain() if self._monitor else ():
            self._learn(found, answer, HostSource.RESOLVED, None, since_ns)
        for address, name in self._reverse.drain() if self._reverse else ():
            now_ns = self._now()
            if name is not None and self._names.reversed(address, name, now_ns):
                found.append(Resolution(now_ns, None, address, name, HostSource.PTR))
        return found

    def nameless(self, addresses: Iterable[str]) -> None:
        """Have these addresses' own names looked up, where that is asked for."""
        if not self._reverse:
            return
        asked = self._reverse.ask(addresses)
        if self._folding:
            for address in asked:
                self._folding.asked(pointer(address).encode(), time.monotonic_ns(), None)

    def look(self, events: Iterable[Event]) -> bool:
        """Look for libcs, first in the processes of `events`; whether there is more to look at."""
        callers = {
            who for event in events if isinstance(event, Connects) for who in event.who[:_MANY]
        }
        self._libcs.seen([WHO.unpack(who)[0] for who in callers])
        if self._listener:
            images = [event for event in events if isinstance(event, Image)]
            self._listener.seen([(image.pid, image.netns) for image in images])
        more = self._libcs.turn()
        limits = self._found_limits()
        if limits != self._limits:
            self._limits = limits
            self._limited(limits)
        return more

    def lost(self) -> int:
        """DNS answers that found no room, since the start."""
        return self._listener.dropped() if self._listener else 0

    def close(self) -> None:
        """Stop listening."""
        for source in (self._listener, self._monitor, self._reverse):
            if source:
                source.close()

    def _learn(
        self,
        found: list[Resolution],
        answer: Answer,
        source: HostSource,
        netns: int | None,
        ts_ns: int,
    ) -> None:
        address, name, now_ns = address_text(answer.address), decode(answer.name), self._now()
        if self._names.answered(
            address, name, answer.ttl, now_ns, ts_ns=ts_ns, source=source, netns=netns
        ):
            found.append(Resolution(now_ns, None, address, name, source, netns))

    def _found_limits(self) -> tuple[str, ...]:
        limits = [self._deaf] if self._deaf else []
        if self._libcs.unwatched:
            limits.append(f"{self._libcs.unwatched} of the libcs in use cannot be watched")
        if self._listener and self._listener.unheard:
            many = self._listener.unheard
            limits.append(f"DNS answers cannot be heard in {many} of the network namespaces")
        if self._monitor and self._monitor.refused:
            limits.append(f"systemd-resolved does not tell its answers ({self._monitor.refused})")
        return tuple(limits)
