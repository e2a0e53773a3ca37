"""Who a process is, from /proc, and who its user is, from the system's user database."""

from __future__ import annotations

import os
import pwd
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from probes.decode import WHO
from probes.record import Process
from probes.text import decode

ARGS_MAX: Final = 8192  # bytes kept of an argument list; "…" stands for the rest
_KEPT: Final = 8192  # processes
# For this long an answer is used again unasked. A process can become another program within it
# (execve) or give its number to another, but hardly under the same name.
_FRESH: Final = 1.0  # seconds
_FRESH_UNKNOWN: Final = 0.02  # where there was no executable to be had


class _Known(NamedTuple):
    process: Process
    start: bytes


class Processes:
    """Processes by what an event says of them: a `probes.decode.WHO`."""

    def __init__(
        self, root: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`root`: where proc is mounted. `clock`: seconds, for how long an answer stays fresh."""
        self._root = os.fsencode(root)
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        # Answers that are given again unasked. What makes one stale is looked at once for many
        # events, so that an event costs one look into a dictionary.
        self._fresh: dict[bytes, Process] = {}
        self._stale_at: deque[tuple[float, bytes]] = deque()
        self._unknown_stale_at: deque[tuple[float, bytes]] = deque()
        self._users: dict[int, str] = {}

    def find(self, who: bytes, tid: int) -> Process:
        """The process, as far as it can be known; never raises.

        Where it has ended, what was known of it before is given, and failing that its `comm`.
        So too where thread `tid` is not called `comm` any more: it has become another program
        since (`bash -c 'CONNECT; exec sleep 9'`), and that one did not connect. A thread that has
        ended says nothing of its process.
        """
        [process] = self.find_all([who], [tid])
        return process

    def find_all(self, who: Sequence[bytes], tids: Sequence[int]) -> list[Process]:
        """The process of each event, as `find` would give it; /proc is asked once for equal `who`.

        `who` and `tids`: one of each for an event; events of about the same time.
        """
        self._expire()
        fresh = self._fresh
        try:
            return list(map(fresh.__getitem__, who))
        except KeyError:
            for one, tid in zip(who, tids, strict=True):
                if one not in fresh:
                    self._ask(one, tid)
            return list(map(fresh.__getitem__, who))

    def _expire(self) -> None:
        now = self._clock()
        for stale_at in (self._stale_at, self._unknown_stale_at):
            while stale_at and (stale_at[0][0] <= now or len(stale_at) > _KEPT):
                self._fresh.pop(stale_at.popleft()[1], None)

    def _ask(self, who: bytes, tid: int) -> None:
        process = self._looked_up(who, tid)
        self._fresh[who] = process
        if process.executable is None:
            self._unknown_stale_at.append((self._clock() + _FRESH_UNKNOWN, who))
        else:
            self._stale_at.append((self._clock() + _FRESH, who))

    def _looked_up(self, who: bytes, tid: int) -> Process:
        pid, uid, padded = WHO.unpack(who)
        comm = padded.partition(b"\0")[0]
        known = self._known.get(who)
        start, name = self._stat(pid)
        if tid != pid:
            _, name = self._stat(tid)
        executable = self._executable(pid) if name in {comm, b""} else None
        if executable is None and known is not None and start in {b"", known.start}:
            return known.process
        args = self._args(pid) if executable is not None else ()
        process = Process(pid, decode(comm), executable, args, uid, self.user(uid))
        if known is not None and known.process == process:
            process = known.process
        self._known[who] = _Known(process, start)
        self._known.move_to_end(who)
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
