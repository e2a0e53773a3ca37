"""The names that addresses have by themselves (PTR records), looked up when asked for.

By the system's own resolver, as getnameinfo(3) asks it: the hosts file, DNS, whatever is set up.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

QUEUE_MAX: Final = 1024
"""Addresses that wait to be looked up; beyond them they are asked about when seen again."""

_KEPT: Final = 65_536
_WORKERS: Final = 4  # one that waits for an answer, 5 s or more, does not keep the others
_AGAIN: Final = 3600.0  # seconds that a name serves
_AGAIN_NAMELESS: Final = 600.0  # seconds until an address without one is asked about again


class Found(NamedTuple):
    """`name` None: it has none, or nobody could say."""

    address: str
    name: str | None


class Reverse:
    """Looks names up in threads of its own; all methods are for one thread, and do not wait."""

    def __init__(
        self,
        lookup: Callable[[str], str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[], object] = lambda: None,
    ) -> None:
        """`lookup`: the name of an address, which may take its time. `clock`: seconds.

        `begin`: what each of the threads does first.
        """
        self._begin = begin
        self._lookup = lookup or name_of
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()  # when it may be asked for again
        self._waiting: queue.Queue[str | None] = queue.Queue(QUEUE_MAX)
        self._found: queue.SimpleQueue[Found] = queue.SimpleQueue()
        for _ in range(_WORKERS):
            # Daemons: a resolver that does not answer must not keep the program from ending.
            threading.Thread(target=self._work, name="reverse", daemon=True).start()

    def ask(self, addresses: Iterable[str]) -> list[str]:
        """Have those looked up that were not lately; which they are."""
        now = self._clock()
        asked = []
        for address in addresses:
            if self._until.get(address, 0.0) > now:
                continue
            try:
                self._waiting.put_nowait(address)
            except queue.Full:
                break
            asked.append(address)
            self._keep(address, now + _AGAIN)
        return asked

    def drain(self) -> list[Found]:
        """What has been found since."""
        found: list[Found] = []
        while not self._found.empty():
            found.append(self._found.get_nowait())
            if found[-1].name is None:
                self._keep(found[-1].address, self._clock() + _AGAIN_NAMELESS)
        return found

    def close(self) -> None:
        """Look nothing up any more."""
        with suppress(queue.Empty):  # others take from it, too
            while True:
                self._waiting.get_nowait()
        for _ in range(_WORKERS):
            self._waiting.put(None)

    def _keep(self, address: str, until: float) -> None:
        self._until[address] = until
        self._until.move_to_end(address)
        if len(self._until) > _KEPT:
            self._until.popitem(last=False)

    def _work(self) -> None:
        self._begin()
        while (address := self._waiting.get()) is not None:
            self._found.put(Found(address, self._lookup(address)))


def name_of(address: str) -> str | None:
    """What the system's resolver calls an address; None where it has no name for it."""
    try:
        return socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0] or None
    except (OSError, UnicodeError):
        return None


def pointer(address: str) -> str:
    """The name under which DNS keeps an address's name: `1.2.0.192.in-addr.arpa`."""
    return ipaddress.ip_address(address).reverse_pointer
