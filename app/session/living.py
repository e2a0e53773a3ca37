"""Which processes of this machine have ended, without having been told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from probes.processes.proc_files import ProcFiles

_TICKS: Final = os.sysconf("SC_CLK_TCK")  # a second
_AGAIN: Final = 1.0  # seconds
_CLOCKS_APART_NS: Final = 1_000_000_000
_KEPT: Final = 4096


def _is_there(pid: int) -> bool:
    """Whether there is such a process; also where /proc hides those of other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


class Living:
    """Looks at processes now, each once a second at most."""

    def __init__(
        self,
        root: Path = Path("/proc"),
        is_there: Callable[[int], bool] = _is_there,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`root`: where proc is mounted. `clock`: seconds."""
        self._files = ProcFiles(root)
        self._is_there = is_there
        self._clock = clock
        self._known: dict[tuple[int, int], tuple[float, bool]] = {}

    def has_ended(self, pid: int, seen_ns: int) -> bool:
        """Whether the process that had this pid then is gone; nanoseconds since the epoch."""
        now = self._clock()
        known = self._known.get((pid, seen_ns))
        if known is not None and (known[1] or now - known[0] < _AGAIN):
            return known[1]
        if len(self._known) >= _KEPT:
            self._known.clear()
        ended = self._is_gone(pid, seen_ns)
        self._known[pid, seen_ns] = now, ended
        return ended

    def _is_gone(self, pid: int, seen_ns: int) -> bool:
        if not self._is_there(pid):
            return True
        stat = self._files.stat(pid)
        if stat is None:
            return False
        booted_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        started_ns = booted_ns + stat.start * 1_000_000_000 // _TICKS
        return started_ns > seen_ns + _CLOCKS_APART_NS  # the pid was given to another
