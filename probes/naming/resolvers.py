"""Which processes resolve names for others: those that hold a socket where they are asked."""

from __future__ import annotations

import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

_FRESH: Final = 5.0  # seconds that what was found out is taken for true
_KEPT: Final = 4096  # processes
_FILES_MAX: Final = 4096  # descriptors of a process that are looked at
# Lines of /proc/PID/net/udp and udp6 (proc_pid_net(5)) with local port 53: the inode.
_UDP: Final = re.compile(
    rb"^ *\d+: [0-9A-F]+:0035 [0-9A-F]+:0000(?: +\S+){5} +\S+ +(\d+) ", re.MULTILINE
)
# Where glibc's nss_resolve and nscd's clients ask.
_UNIX: Final = re.compile(
    rb"^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) /(?:var/)?run/(?:systemd/resolve/io\.systemd\.Resolve"
    rb"|nscd/socket)$",
    re.MULTILINE,
)


class _Listening(NamedTuple):
    until: float
    sockets: frozenset[bytes]  # as /proc/PID/fd has them


class Resolvers:
    """Asks /proc, once for each process and a few seconds."""

    def __init__(
        self, root: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`root`: where proc is mounted. `clock`: seconds."""
        self._root = os.fsencode(root)
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], tuple[float, bool]] = OrderedDict()
        self._listening: dict[bytes, _Listening] = {}

    def __call__(self, pid: int, number: int) -> bool:
        """Whether the process image holds such a socket, in its own network namespace."""
        now = self._clock()
        until, answer = self._known.get((pid, number), (0.0, False))
        if until <= now:
            answer = self._looked_up(pid, now)
            self._known[pid, number] = now + _FRESH, answer
            self._known.move_to_end((pid, number))
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return answer

    def _looked_up(self, pid: int, now: float) -> bool:
        try:
            netns = os.readlink(b"%b/%d/ns/net" % (self._root, pid))
            sockets = self._sockets(netns, pid, now)
            if not sockets:
                return False
            folder = b"%b/%d/fd" % (self._root, pid)
            for descriptor in os.listdir(folder)[:_FILES_MAX]:
                if os.readlink(folder + b"/" + descriptor) in sockets:
                    return True
        except OSError:  # it has ended, or closed the descriptor meanwhile
            return False
        return False

    def _sockets(self, netns: bytes, pid: int, now: float) -> frozenset[bytes]:
        found = self._listening.get(netns)
        if found is None or found.until <= now:
            if len(self._listening) > _KEPT:
                self._listening.clear()
            inodes = [
                *_UDP.findall(self._read(pid, b"udp")),
                *_UDP.findall(self._read(pid, b"udp6")),
                *_UNIX.findall(self._read(pid, b"unix")),
            ]
            sockets = frozenset(b"socket:[%b]" % inode for inode in inodes)
            found = self._listening[netns] = _Listening(now + _FRESH, sockets)
        return found.sockets

    def _read(self, pid: int, name: bytes) -> bytes:
        try:
            with open(b"%b/%d/net/%b" % (self._root, pid, name), "rb") as file:
                return file.read()
        except OSError:
            return b""
