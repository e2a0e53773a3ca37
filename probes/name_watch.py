"""What is done for names beside the ring: libcs are looked for, DNS answers listened to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from probes.answers import Answers
from probes.decode import WHO, Connects, Event
from probes.enrich import address_text
from probes.libcs import Libcs
from probes.names import Names
from probes.text import decode

_MANY: Final = 2048  # connects in a turn above which new processes are found by the next scan


class NameWatch:
    """For the thread that reads the ring."""

    def __init__(
        self,
        names: Names,
        libcs: Libcs,
        limited: Callable[[tuple[str, ...]], object],
        listen: Callable[[], Answers] = Answers,
    ) -> None:
        """`names`: told what is heard. `limited`: told when `limits` change."""
        self._names = names
        self._libcs = libcs
        self._limited = limited
        self._deaf = ""
        self._answers: Answers | None = None
        try:
            self._answers = listen()
        except OSError as error:
            self._deaf = f"DNS answers cannot be heard ({error.strerror})"
        self._limits = self._found_limits()

    @property
    def limits(self) -> tuple[str, ...]:
        """Why names will be missing, for a person."""
        return self._limits

    def hear(self) -> None:
        """Learn what DNS answers have come.

        After the ring was read and before its events are made items: a connection that they led
        to then finds its name.
        """
        if self._answers:
            for name, address, ttl in self._answers.drain():
                self._names.answered(address_text(address), decode(name), ttl)

    def look(self, events: Iterable[Event]) -> bool:
        """Look for libcs, first in the processes of `events`; whether there is more to look at."""
        callers = {
            who for event in events if isinstance(event, Connects) for who in event.who[:_MANY]
        }
        self._libcs.seen([WHO.unpack(who)[0] for who in callers])
        more = self._libcs.turn()
        limits = self._found_limits()
        if limits != self._limits:
            self._limits = limits
            self._limited(limits)
        return more

    def lost(self) -> int:
        """DNS answers that found no room, since the start."""
        return self._answers.dropped() if self._answers else 0

    def close(self) -> None:
        """Stop listening."""
        if self._answers:
            self._answers.close()

    def _found_limits(self) -> tuple[str, ...]:
        limits = [self._deaf] if self._deaf else []
        if self._libcs.unwatched:
            limits.append(f"{self._libcs.unwatched} of the libcs in use cannot be watched")
        return tuple(limits)
