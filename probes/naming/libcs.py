"""Each libc that a process has mapped: the system's, those of containers, copies, musl."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

LIBCS_MAX: Final = 64
"""How many are watched: every probe that a libc's file has costs its callers."""

_SCANS: Final = 1.0  # seconds from one look for new processes to the next
_BUDGET: Final = 0.003  # seconds that a turn takes at most, but for the last process's
_QUEUE: Final = 4096  # processes that wait to be looked at
# Executable mappings; what has been replaced on disk is mapped all the same.
_MAPPED: Final = re.compile(
    rb"^([0-9a-f]+-[0-9a-f]+) r-xp [0-9a-f]+ (\S+ \d+) +/(?:[^\n]*/)?"
    rb"(?:libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1|libc\.musl-\w+\.so\.1"
    rb"|[^/\n]*musl[^/\n]*/(?:lib/)?libc\.so)(?: \(deleted\))?$",
    re.MULTILINE,
)

_File = tuple[int, int, int, int]


class Libcs:
    """Looks through the processes, some at a turn, and has each libc attached once."""

    def __init__(
        self,
        attach: Callable[[str], object],
        root: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`attach(path)`: raises OSError or ValueError where it cannot be. `clock`: seconds."""
        self._attach = attach
        self._root = os.fsencode(root)
        self._clock = clock
        self._files: set[_File] = set()
        self._mapped: set[bytes] = set()  # files again, as maps names them: no need to open those
        self._unwatched = 0
        # At which scan each process is looked at next, and how many scans after that once more: a
        # process may become another program (execve), mostly just after it began, but one that sets
        # a container up may take its time. Each wait is twice the one before.
        self._looks: dict[int, tuple[int, int]] = {}
        self._queue: deque[int] = deque()
        self._scans = 0
        self._scan_at = 0.0

    @property
    def unwatched(self) -> int:
        """How many libcs are not watched: more than `LIBCS_MAX`, or they could not be."""
        return self._unwatched

    def known(self, path: str) -> None:
        """The libc at `path` is watched already."""
        self._files.add(_identity(os.stat(path)))

    def seen(self, pids: Iterable[int]) -> None:
        """These processes were seen to do something: new ones among them are looked at next."""
        for pid in pids:
            if pid not in self._looks:
                self._looks[pid] = (self._scans + 1, 2)
                self._queue.appendleft(pid)
        while len(self._queue) > _QUEUE:
            self._looks.pop(self._queue.pop(), None)

    def turn(self) -> bool:
        """Look at some processes; whether others wait to be looked at."""
        now = self._clock()
        if now >= self._scan_at and not self._queue:
            self._scan_at = now + _SCANS
            self._scan()
        end = now + _BUDGET
        while self._queue:
            pid = self._queue.popleft()
            self._look_at(pid)
            if self._clock() >= end:
                break
        return bool(self._queue)

    def _scan(self) -> None:
        try:
            running = [int(name) for name in os.listdir(self._root) if name.isdigit()]
        except OSError:
            return
        self._scans += 1
        looks, first = self._looks, (self._scans, 1)
        self._looks = {pid: looks.get(pid, first) for pid in running}
        due = [(pid, wait) for pid, (scan, wait) in self._looks.items() if scan <= self._scans]
        for pid, wait in due:
            self._looks[pid] = (self._scans + wait, 2 * wait)
        self._queue.extend([pid for pid, _ in due])

    def _look_at(self, pid: int) -> None:
        for extent, mapped in self._mappings(pid):
            if mapped in self._mapped:
                continue
            try:
                # By the mapping, whatever lies under its path in whichever mount namespace. The
                # descriptor stays good when the process ends meanwhile.
                file = os.open(
                    b"%b/%d/map_files/%b" % (self._root, pid, extent), os.O_RDONLY | os.O_CLOEXEC
                )
            except OSError:  # it has ended
                continue
            try:
                self._mapped.add(mapped)
                self._found(file)
            finally:
                os.close(file)

    def _found(self, file: int) -> None:
        identity = _identity(os.fstat(file))
        if identity in self._files:
            return
        self._files.add(identity)
        if len(self._files) - self._unwatched > LIBCS_MAX:
            self._unwatched += 1
            return
        try:
            self._attach(f"/proc/self/fd/{file}")
        except (OSError, ValueError):
            self._unwatched += 1

    def _mappings(self, pid: int) -> Iterator[tuple[bytes, bytes]]:
        try:
            with open(b"%b/%d/maps" % (self._root, pid), "rb") as file:
                content = file.read()
        except OSError:  # it has ended
            return
        for found in _MAPPED.finditer(content):
            yield found[1], found[2]


def _identity(status: os.stat_result) -> _File:
    """Tells one file from another, and containers' views of one file (overlayfs) as one.

    Those have devices of their own; a probe is put on the file that they share. That two files
    were last changed in the same nanosecond and have one number is as good as impossible.
    """
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
