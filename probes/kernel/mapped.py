"""Array maps of 64-bit numbers that lie in this process's memory too.

No call into the kernel reads or writes them: see MAPPED in bpf/base.c.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

_POSSIBLE: Final = Path("/sys/devices/system/cpu/possible")
_SIZE: Final = 8  # bytes of a number


class Mapped:
    """The numbers of an array map that was made with BPF_F_MMAPABLE, one after the other."""

    def __init__(self, descriptor: int, count: int) -> None:
        """`descriptor`: the map's, duplicated here. `count`: how many there are in all elements.

        Raises:
            OSError: the map cannot be mapped.
        """
        self._memory = mmap.mmap(descriptor, count * _SIZE)
        # A cast view reads and writes all 8 bytes at once, which struct's "<Q" does not.
        self.numbers = memoryview(self._memory).cast("Q")

    def close(self) -> None:
        """Let go of the memory; `numbers` cannot be used any more. Safe to call twice."""
        self.numbers.release()
        self._memory.close()


def possible_processors() -> int:
    """How many processors there could ever be: numbered from 0 on. Raises OSError."""
    return int(_POSSIBLE.read_text().strip().rpartition(",")[2].rpartition("-")[2]) + 1
