"""What processes executed, for kernels whose process images cannot be told.

A process that ends right after it has connected is gone from /proc when it is looked for there.
Nothing but its execve() says then which program it was.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple

from probes.processes.image import CUT
from probes.processes.proc_files import ProcFiles
from probes.text import decode

FILENAME_SIZE: Final = 256
"""Of `struct exec_event`'s file name, with the NUL behind it; a test compares."""

_KEPT: Final = 8192  # processes


class Exec(NamedTuple):
    """One execve(). `comm`: what the process is called from then on. `filename`: as it was given.

    That of a script is its own; what runs is its interpreter.
    """

    pid: int
    comm: bytes
    filename: bytes


class Executed(NamedTuple):
    """What a process executed last; `args` are empty where it was gone already."""

    comm: bytes
    executable: str
    args: tuple[str, ...]


class Execs:
    """By pid; the least recently told ones are forgotten."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        """`root`: where proc is mounted."""
        self._files = ProcFiles(root)
        self._by_pid: OrderedDict[int, Executed] = OrderedDict()

    def tell(self, event: Exec) -> None:
        """Take note of an execve(), and of what /proc has of it now."""
        pid, comm, filename = event
        stat = self._files.stat(pid)
        executable = self._files.executable(pid) if stat and stat.name == comm else None
        if executable is None:
            cut = CUT if len(filename) >= FILENAME_SIZE - 1 else ""
            found = Executed(comm, decode(filename) + cut, ())
        else:
            found = Executed(comm, executable, self._files.args(pid))
        self._by_pid[pid] = found
        self._by_pid.move_to_end(pid)
        if len(self._by_pid) > _KEPT:
            self._by_pid.popitem(last=False)

    def find(self, pid: int, comm: bytes) -> Executed | None:
        """What a process of that name executed.

        Under another name it is a thread's, or another process's to which the number was given.
        """
        found = self._by_pid.get(pid)
        return found if found is not None and found.comm == comm else None
