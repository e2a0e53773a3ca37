"""Who a process is, from /proc, and who its user is, from the system's user database."""

from __future__ import annotations

import os
import pwd
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from probes.record import Process
from probes.text import decode

ARGS_MAX: Final = 8192  # bytes kept of an argument list; "…" stands for the rest
_KEPT: Final = 8192  # processes
# For this long an answer is used again unasked. A process can become another program within it
# (execve) or give its number to another, but hardly under the same name.
_FRESH: Final = 1.0  # seconds
_FRESH_UNKNOWN: Final = 0.02  # where there was no executable to be had


@dataclass(slots=True)
class _Known:
    process: Process
    start: bytes
    until: float  # seconds of the clock, up to which it need not be checked again


class Processes:
    """Processes by what an event says of them: (pid, comm, uid)."""

    def __init__(
        self, root: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`root`: where proc is mounted. `clock`: seconds, for how long an answer stays fresh."""
        self._root = os.fsencode(root)
        self._clock = clock
        self._known: OrderedDict[tuple[int, bytes, int], _Known] = OrderedDict()
        self._users: dict[int, str] = {}

    def find(self, pid: int, tid: int, comm: bytes, uid: int) -> Process:
        """The process, as far as it can be known; never raises.

        Where it has ended, what was known of it before is given, and failing that its `comm`.
        So too where thread `tid` is not called `comm` any more: it has become another program
        since (`bash -c 'CONNECT; exec sleep 9'`), and that one did not connect. A thread that has
        ended says nothing of its process.
        """
        key = (pid, comm, uid)
        now = self._clock()
        known = self._known.get(key)
        if known is not None and now < known.until:
            return known.process
        start, name = self._stat(pid)
        if tid != pid:
            _, name = self._stat(tid)
        executable = self._executable(pid) if name in {comm, b""} else None
        if executable is None and known is not None and start in {b"", known.start}:
            known.until = now + _lasting(known.process)
            return known.process
        args = self._args(pid) if executable is not None else ()
        process = Process(pid, decode(comm), executable, args, uid, self.user(uid))
        if known is not None and known.process == process:
            process = known.process
        self._known[key] = _Known(process, start, now + _lasting(process))
        self._known.move_to_end(key)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return process

    def user(self, uid: int) -> str:
        """The user's name; the number where nobody has it."""
        name = self._users.get(uid)
        if name is None:
            try:
                name = pwd.getpwuid(uid).pw_name
            except (KeyError, OverflowError):
                name = str(uid)
            self._users[uid] = name
        return name

    def _stat(self, pid: int) -> tuple[bytes, bytes]:
        """When the process or thread started, in clock ticks since boot, and its name; or empty.

        The start and the pid together are the process's identity.
        """
        stat = self._read(pid, b"stat", 1024)
        # The second field is the name in parentheses, and may hold any byte: proc(5).
        head, _, tail = stat.rpartition(b")")
        fields = tail.split()
        return (fields[19], head.partition(b"(")[2]) if len(fields) > 19 else (b"", b"")

    def _executable(self, pid: int) -> str | None:
        try:
            return decode(os.readlink(b"%b/%d/exe" % (self._root, pid))) or None
        except OSError:  # it has ended, or it is a kernel thread
            return None

    def _args(self, pid: int) -> tuple[str, ...]:
        raw = self._read(pid, b"cmdline", ARGS_MAX + 1)
        if not raw:
            return ()
        args = [decode(arg) for arg in raw[:ARGS_MAX].removesuffix(b"\0").split(b"\0")]
        if len(raw) > ARGS_MAX:
            args.append("…")
        return tuple(args)

    def _read(self, pid: int, name: bytes, size: int) -> bytes:
        # os.open and os.read: 5 µs, against 12 µs with open().
        try:
            fd = os.open(b"%b/%d/%b" % (self._root, pid, name), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.read(fd, size)
        except OSError:  # ESRCH: it ended between the two calls
            return b""
        finally:
            os.close(fd)


def _lasting(process: Process) -> float:
    """For how many seconds an answer is used again unasked."""
    return _FRESH_UNKNOWN if process.executable is None else _FRESH
