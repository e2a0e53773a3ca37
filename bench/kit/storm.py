"""The load for capture: many processes that connect at one rate, every call counted."""

from __future__ import annotations

import json
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.command import give_up
from kit.compiled import compiled

# Where its connections go: by that they are told from everybody else's. The same in either byte
# order, since bpftrace prints it as it lies.
PORT: Final = 0x9D9D
PROCESSES: Final = 200
ADDRESSES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls a second for so long. `rate`: None is as fast as the machine can.

    Every process goes through all addresses.
    """

    rate: int | None
    seconds: int
    processes: int = PROCESSES
    addresses: int = ADDRESSES

    def __str__(self) -> str:
        """`100,000/s`, or `no pause`."""
        return f"{self.rate:,}/s" if self.rate is not None else "no pause"


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a load: calls made, the seconds they took, the generator's own CPU seconds.

    `late_ms`: how late its worst turn was; what was due then was made up for. `whole_s`: the CPU
    seconds with those to start and end all its processes.
    """

    calls: int
    elapsed: float
    cpu: float
    late_ms: float
    whole_s: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.elapsed


def make(load: Load, folder: Path) -> Made:
    """Make the calls. `folder`: where the program is, or is put."""
    rate = "max" if load.rate is None else str(load.rate)
    numbers = [load.seconds, load.processes, load.addresses, PORT]
    command = [str(compiled("storm.c", folder)), rate, *map(str, numbers)]
    before = _children_s()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        give_up("the load generator storm failed, as it said above")
    return Made(**json.loads(done.stdout), whole_s=_children_s() - before)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
