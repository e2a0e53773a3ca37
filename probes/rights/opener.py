"""A process that opens the few things which take root, for one that has given root up.

It is forked ahead of that, and opens three kinds: sockets that hear DNS answers in a network
namespace, with a filter that cannot be taken off again; one to systemd-resolved's monitor; probes
where a libc's lookups begin and end, and nowhere else. What comes in there it does not look at. It
ends when the other process does, in whatever way.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from probes.hooks.names import FUNCTIONS, open_uprobe
from probes.kernel import capabilities, seccomp
from probes.kernel.capabilities import Capability
from probes.naming.answers import Answers
from probes.naming.namespaces import entered
from probes.naming.resolved import connected

HELD: Final = (
    Capability.CAP_NET_ADMIN,  # a buffer that is larger than what users may have
    Capability.CAP_NET_RAW,
    Capability.CAP_SYS_PTRACE,  # /proc/PID/ns of other users
    Capability.CAP_SYS_ADMIN,  # setns(2), and probes on libcs
)
"""What it keeps, where there is that to keep; it stays root's, whom systemd-resolved answers."""

# Which kind; of answers the process and namespace; of a probe which of FUNCTIONS, and whether at
# its return, with a descriptor of the libc.
_REQUEST: Final = struct.Struct("=BiQ")
_REPLY: Final = struct.Struct("=i")  # an errno, 0 with descriptors
_ANSWERS, _MONITOR, _UPROBE = range(3)
_AT_ONCE: Final = 4  # descriptors


class Opener:
    """The process, as the other one asks it; from any thread."""

    def __init__(self) -> None:
        """Fork it: ahead of every thread. Raises OSError."""
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(theirs)
        theirs.close()

    def answers(self, pid: int, netns: int) -> Answers:
        """Sockets in the network namespace `netns` (its inode), which process `pid` is in.

        Raises OSError: ESRCH where it is not in there any more, else what the kernel said.
        """
        descriptors = self._asked(_ANSWERS, pid, netns)
        return Answers(netns, [socket.socket(fileno=one) for one in descriptors])

    def monitor(self) -> socket.socket:
        """A connection to systemd-resolved's monitor. Raises OSError."""
        [made] = self._asked(_MONITOR)
        return socket.socket(fileno=made)

    def uprobe(self, libc: str, name: str, on_return: bool) -> int:
        """See `probes.hooks.names.open_uprobe`."""
        file = os.open(libc, os.O_RDONLY | os.O_CLOEXEC)
        try:
            [made] = self._asked(_UPROBE, FUNCTIONS.index(name), int(on_return), [file])
        finally:
            os.close(file)
        return made

    def close(self) -> None:
        """End it. Safe to call twice."""
        if self._ours.fileno() < 0:
            return
        self._ours.close()
        with suppress(ChildProcessError):  # somebody else waits for all children
            os.waitpid(self.pid, 0)

    def _asked(
        self, kind: int, pid: int = 0, netns: int = 0, files: Sequence[int] = ()
    ) -> list[int]:
        with self._lock:
            request = _REQUEST.pack(kind, pid, netns)
            socket.send_fds(self._ours, [request], files, socket.MSG_NOSIGNAL)
            reply, descriptors, _, _ = socket.recv_fds(self._ours, _REPLY.size, _AT_ONCE)
        if len(reply) != _REPLY.size:
            raise OSError(errno.EPIPE, "the process that opens sockets has ended")
        [error] = _REPLY.unpack(reply)
        if error:
            raise OSError(error, os.strerror(error))
        return list(descriptors)


def _serve(channel: socket.socket) -> None:
    """In the new process: until nobody can ask any more."""
    try:
        _settle(channel.fileno())
        channel = socket.socket(fileno=_CHANNEL)
        home = os.stat("/proc/self/ns/net").st_ino
        while True:
            request, files, _, _ = socket.recv_fds(channel, _REQUEST.size, 1)
            if not request:
                return
            made: list[int] = []
            error = 0
            try:
                made = _opened(_REQUEST.unpack(request), files, home)
            except OSError as refusal:
                error = refusal.errno or errno.EIO
            except ValueError:  # a file that is no libc
                error = errno.ENOEXEC
            with suppress(BrokenPipeError):
                socket.send_fds(channel, [_REPLY.pack(error)], made)
            for descriptor in (*files, *made):
                os.close(descriptor)
    finally:
        os._exit(0)


_CHANNEL: Final = 3


def _settle(channel: int) -> None:
    """Let go of all that the other process has open, and of all rights but those above."""
    # What a terminal sends to all that stand in front is for the other one to act on.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    os.dup2(channel, _CHANNEL)
    os.closerange(_CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.close(null)
    os.chdir("/")
    capabilities.gain_nothing_more()
    capabilities.bound_nothing()
    capabilities.keep(HELD)
    with suppress(OSError):  # a kernel without such filters
        seccomp.refuse(besides=[seccomp.SETNS])


def _opened(request: tuple[int, ...], files: Sequence[int], home: int) -> list[int]:
    kind, first, second = request
    if kind == _MONITOR:
        return [connected().detach()]
    if kind == _UPROBE:
        [libc] = files
        return [open_uprobe(f"/proc/self/fd/{libc}", FUNCTIONS[first], bool(second))]
    with entered(first, second, home):
        return [one.detach() for one in Answers(second).sockets]
