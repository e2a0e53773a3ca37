"""Who descends from whom: as the kernel tells of process images, else from /proc."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple

from probes.naming.asked import Asker
from probes.processes.image import EXECS_BITS, Image, started_at

_KEPT: Final = 16_384  # processes
_GENERATIONS: Final = 32  # up to the one that the machine's first process started, at most


class _Ancestor(NamedTuple):
    """`start`: as an `Asker` has it, 0 where only `ticks`, as in /proc/PID/stat, are known."""

    generation: int
    start: int
    ticks: int


class Parents:
    """Ancestors by process. What was found out once is kept, also when they have ended."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        """`root`: where proc is mounted."""
        self._root = os.fsencode(root)
        # The process that was told last with a pid: its start, and its parent's pid.
        self._told: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._chains: OrderedDict[Asker, dict[int, _Ancestor]] = OrderedDict()

    def tell(self, image: Image) -> None:
        """Take note of what the kernel says of a process image."""
        start = image.number >> EXECS_BITS
        known = self._told.get(image.pid)
        # A process that outlives its parent is given another: who started it is what counts.
        if known is None or known[0] != start:
            self._told[image.pid] = start, image.parent
            self._chains.pop(Asker(image.pid, start), None)
        self._told.move_to_end(image.pid)
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)

    def note(self, process: Asker) -> None:
        """Find out who its ancestors are now, while they live."""
        self._chain(process)

    def generations(self, ancestor: Asker, of: Asker) -> int | None:
        """See `probes.naming.names.Tree`."""
        found = self._chain(of).get(ancestor.pid)
        if found is None or not isinstance(ancestor.start, int):
            return None
        if found.start:
            return found.generation if found.start == ancestor.start else None
        is_it = started_at(ancestor.start << EXECS_BITS, found.ticks)
        return found.generation if is_it else None

    def _chain(self, process: Asker) -> dict[int, _Ancestor]:
        chain = self._chains.get(process)
        if chain is None:
            chain = self._chains[process] = self._looked_up(process)
            if len(self._chains) > _KEPT:
                self._chains.popitem(last=False)
        return chain

    def _looked_up(self, process: Asker) -> dict[int, _Ancestor]:
        chain: dict[int, _Ancestor] = {}
        if not isinstance(process.start, int):
            return chain
        parent = self._parent(process.pid, process.start, 0)
        while parent > 1 and parent not in chain and len(chain) < _GENERATIONS:
            start, _ = self._told.get(parent, (0, 0))
            ticks, its_parent = self._stat(parent)
            if start and ticks and not started_at(start << EXECS_BITS, ticks):
                start = 0  # the pid was given to another since
            if not start and not ticks:
                break
            chain[parent] = _Ancestor(len(chain) + 1, start, ticks)
            parent = self._parent(parent, start, ticks) if start else its_parent
        return chain

    def _parent(self, pid: int, start: int, ticks: int) -> int:
        """The parent's pid; 0 where it is not known."""
        told_start, parent = self._told.get(pid, (0, 0))
        if told_start and told_start == start:
            return parent
        there, parent = self._stat(pid)
        return parent if there and (there == ticks or started_at(start << EXECS_BITS, there)) else 0

    def _stat(self, pid: int) -> tuple[int, int]:
        """Start, in clock ticks since boot, and parent; 0 where the process has ended."""
        try:
            with open(b"%b/%d/stat" % (self._root, pid), "rb", buffering=0) as file:
                fields = file.read(1024).rpartition(b")")[2].split()
            return int(fields[19]), int(fields[1])
        except (OSError, ValueError, IndexError):
            return 0, 0
