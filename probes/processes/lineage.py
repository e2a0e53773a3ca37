"""Who made a process, and who made that one: as the kernel tells it, else from /proc.

The kernel tells of every process image that makes a process, ahead of what the new one does, and
which image made it. So a line of parents is complete whatever of it has ended by then, and a number
that is given to another process never changes it. /proc is asked for those only that were there
before: at the start, and for whom the kernel could not tell.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from probes.processes.image import Image, started_at
from probes.processes.proc_files import ProcFiles, Stat
from probes.record import Ancestor

LONGEST: Final = 32
"""Of a line the nearest are kept, so many: there are programs that start themselves without end."""

_KEPT: Final = 16_384  # images, and processes that /proc told of

Line = tuple[Ancestor, ...]
"""A process and its ancestors, the nearest first."""


class _There(NamedTuple):
    """A process of /proc, or its parents. `start`: the process's, clock ticks since boot."""

    start: int
    line: Line


class Lineage:
    """Lines of ancestors. Lines that share a parent share its memory."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        """`root`: where proc is mounted."""
        self._files = ProcFiles(root)
        self._root = root
        # By pid and number; the least recently used ones first.
        self._told: OrderedDict[tuple[int, int], Line] = OrderedDict()
        self._there: OrderedDict[int, _There] = OrderedDict()
        # Lines of the parents of all that were there at the start.
        self._before: dict[int, _There] = {}

    def look_around(self) -> None:
        """Take note of who is whose parent now, since they may end; 20 ms with 130 processes.

        After the kernel began to tell of new ones, so that none is missed.
        """
        try:
            pids = [int(name) for name in os.listdir(self._root) if name.isdecimal()]
        except OSError:
            return
        stats = {pid: stat for pid in pids if (stat := self._files.stat(pid))}
        for pid, stat in stats.items():
            self._before[pid] = _There(stat.start, self._parents(stat, stats))

    def tell(self, image: Image) -> Line:
        """Take note of an image; its ancestors, the nearest first."""
        parents = self._parents_of(image)
        itself = Ancestor(image.pid, image.comm, image.executable, image.args or ())
        self._told[image.pid, image.number] = _joined(itself, parents)
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)
        return parents

    def of_process(self, pid: int) -> Line:
        """The ancestors of a process that is in /proc now, for one that the kernel did not tell."""
        stat = self._files.stat(pid)
        return self._parents(stat, {}) if stat else ()

    def _parents_of(self, image: Image) -> Line:
        before = None if image.is_made else self._before.get(image.pid)
        if before is not None and before.line and started_at(image.number, before.start):
            return before.line
        return self._line(image.parent, image.parent_number)

    def _parents(self, stat: Stat, stats: Mapping[int, Stat]) -> Line:
        """The line of the parent that /proc names."""
        parent = self._look_up(stat.parent, stats)
        return parent.line if parent is not None and parent.start <= stat.start else ()

    def _line(self, pid: int, number: int) -> Line:
        if not pid:
            return ()
        line = self._told.get((pid, number))
        if line is not None:
            self._told.move_to_end((pid, number))
            return line
        there = self._there.get(pid)
        if there is None or not started_at(number, there.start):
            there = self._look_up(pid, {})
        if there is not None and started_at(number, there.start):
            return there.line
        return (Ancestor(pid, "", None, ()),)

    def _look_up(self, pid: int, stats: Mapping[int, Stat]) -> _There | None:
        """What /proc says of a process; `stats`: what was read of some already."""
        climbed: list[tuple[int, Stat]] = []
        above: _There | None = None
        while pid and len(climbed) < LONGEST:
            stat = stats.get(pid) or self._files.stat(pid)
            # A parent that is younger than its child has its number from another that ended.
            if stat is None or (climbed and stat.start > climbed[-1][1].start):
                break
            known = self._there.get(pid)
            if known is not None and known.start == stat.start:
                self._there.move_to_end(pid)
                above = known
                break
            climbed.append((pid, stat))
            pid = stat.parent
        for pid, stat in reversed(climbed):
            args = self._files.args(pid)
            itself = Ancestor(pid, stat.comm, self._files.executable(pid), args)
            above = _There(stat.start, _joined(itself, above.line if above else ()))
            self._there[pid] = above
            if len(self._there) > _KEPT:
                self._there.popitem(last=False)
        return above


def _joined(process: Ancestor, parents: Line) -> Line:
    return (process, *parents[: LONGEST - 1])
