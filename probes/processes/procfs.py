"""Who a process is: as the kernel told it, else from /proc; and its user's name."""

from __future__ import annotations

import pwd
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from probes.event import WHO
from probes.processes.cgroup import NOBODY, Owner
from probes.processes.execs import Exec, Execs
from probes.processes.image import Image, started_at
from probes.processes.lineage import Lineage
from probes.processes.proc_files import ProcFiles
from probes.record import Ancestor, Process
from probes.text import decode

_KEPT: Final = 8192  # processes
_GUESSES: Final = 256  # for one process
_KEPT_IMAGES: Final = 16_384  # of 1 KB or so; whose image is forgotten is looked for in /proc
# For this long an answer is used again unasked. A process can become another program within it
# (execve) or give its number to another, but hardly under the same name.
_FRESH: Final = 1.0  # seconds
_FRESH_UNKNOWN: Final = 0.02  # where there was no executable to be had


class _Known(NamedTuple):
    process: Process
    start: int | None


class _Told(NamedTuple):
    executable: str | None
    args: tuple[str, ...] | None
    # parent, start_ns, cgroup, netns, mntns of a Process
    numbers: tuple[int | None, int | None, int | None, int | None, int | None]
    owner: Owner
    parents: tuple[Ancestor, ...]


_UNTOLD: Final = _Told(None, None, (None,) * 5, NOBODY, ())


def boot_offset() -> int:
    """Nanoseconds from CLOCK_BOOTTIME to the epoch, now: what a start is moved by."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Processes:
    """Processes by what an event says of them: a `probes.event.WHO`."""

    def __init__(
        self,
        root: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
        offset: Callable[[], int] = boot_offset,
        owner: Callable[[int], Owner] = lambda _cgroup: NOBODY,
    ) -> None:
        """`root`: where proc is mounted. `clock`: seconds, for how long an answer stays fresh.

        `offset`: see `boot_offset`. `owner`: see `probes.processes.cgroup.Cgroups.owner`.
        """
        self._files = ProcFiles(root)
        self._lineage = Lineage(root)
        self._execs = Execs(root)
        self._clock = clock
        self._offset = offset
        self._owner = owner
        # By pid and number; the least recently used ones first.
        self._told: OrderedDict[tuple[int, int], _Told] = OrderedDict()
        # Whom /proc was asked about, since they were not told.
        self._guessed: dict[tuple[int, int], set[bytes]] = {}
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        # Answers that are given again unasked. What makes one stale is looked at once for many
        # events, so that an event costs one look into a dictionary.
        self._fresh: dict[bytes, Process] = {}
        self._stale_at: deque[tuple[float, bytes]] = deque()
        self._unknown_stale_at: deque[tuple[float, bytes]] = deque()
        self._users: dict[int, str] = {}

    def look_around(self) -> None:
        """See `probes.processes.lineage.Lineage.look_around`."""
        self._lineage.look_around()

    def tell(self, image: Image) -> None:
        """Take note of what the kernel says of a process image, ahead of its events."""
        key = (image.pid, image.number)
        parents = self._lineage.tell(image)
        self._doubt(key)
        if key not in self._told:  # else it keeps its start, whatever became of the clock
            start_ns = image.start_ns + self._offset()
            started = start_ns if 0 <= start_ns < 1 << 63 else None
            parent = parents[0].pid if parents else image.parent
            numbers = (parent, started, image.cgroup, image.netns, image.mntns)
            owner = self._owner(image.cgroup)
            self._told[key] = _Told(image.executable, image.args, numbers, owner, parents)
        if len(self._told) > _KEPT_IMAGES:
            self._told.popitem(last=False)

    def executes(self, event: Exec) -> None:
        """Take note of an execve(), where the kernel tells of no images."""
        self._execs.tell(event)
        self._doubt((event.pid, 0))

    def find(self, who: bytes, tid: int) -> Process:
        """The process, as far as it can be known; never raises.

        Of a process image that was told, /proc is asked only for what could not be read then. Any
        other is looked up there, and taken for what is there if it started when the image did.
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
        pid, uid, padded, number = WHO.unpack(who)
        comm = padded.partition(b"\0")[0]
        key = (pid, number)
        known, told = self._known.get(who), self._told.get(key)
        if told is not None:
            self._told.move_to_end(key)
        else:
            self._note_guess(key, who)
        (executable, args, numbers, owner, parents), start = told or _UNTOLD, None
        if executable is None or args is None:
            there, args_there, start = self._asked(pid, tid, comm, number)
            if there is None and known is not None and (number or start in {None, known.start}):
                return known.process
            executable = there if executable is None else executable
            args = args_there if args is None else args
            if told is None and there is not None:
                parents = self._lineage.of_process(pid)
            elif not number and there is None and (found := self._execs.find(pid, comm)):
                _, executable, args = found
        process = Process(
            *(pid, decode(comm), executable, args, uid, self.user(uid)),
            *numbers,
            *owner,
            parents=parents,
        )
        if known is not None and known.process == process:
            process = known.process
        self._known[who] = _Known(process, start)
        self._known.move_to_end(who)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return process

    def _asked(
        self, pid: int, tid: int, comm: bytes, number: int
    ) -> tuple[str | None, tuple[str, ...], int | None]:
        """Executable and arguments as /proc has them now, and the process's start there.

        None and empty where what is there is not what connected.
        """
        stat = self._files.stat(pid)
        if stat is None:
            return None, (), None
        start = stat.start
        if number and not started_at(number, start):
            return None, (), start
        thread = stat if tid == pid else self._files.stat(tid)
        is_it = thread is None or thread.name == comm
        executable = self._files.executable(pid) if is_it else None
        if executable is None:
            return None, (), start
        args = self._files.args(pid)
        if number:
            after = self._files.stat(pid)
            if after is None or after.start != start:  # the pid was given to another meanwhile
                return None, (), None
        return executable, args, start

    def _doubt(self, key: tuple[int, int]) -> None:
        """Forget what was guessed of a process: more is known now."""
        for who in self._guessed.pop(key, ()):
            self._fresh.pop(who, None)
            self._known.pop(who, None)

    def _note_guess(self, key: tuple[int, int], who: bytes) -> None:
        guesses = self._guessed.setdefault(key, set())
        if len(guesses) < _GUESSES:  # of a process that changes its name without end
            guesses.add(who)
        if len(self._guessed) > _KEPT:
            del self._guessed[next(iter(self._guessed))]

    def netns(self, process: Process) -> int | None:
        """The inode of its network namespace, as it was told, else as /proc has it now."""
        if process.netns is not None:
            return process.netns
        return self._files.netns(process.pid)

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
