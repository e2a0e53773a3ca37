"""The machine that is measured: its cores, its tracefs, and how to describe it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final

from kit.command import give_up

REPOSITORY: Final = Path(__file__).parents[2]

# Tools look for tracefs in either place, and it need not be mounted: this mounts it for a command
# alone, so that nothing changes for the rest of the machine.
_WITH_TRACEFS: Final = """
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mkdir -p /sys/kernel/debug/tracing 2>/dev/null
mount -t tracefs tracefs /sys/kernel/debug/tracing
exec "$@"
"""


def two_cores() -> tuple[int, int]:
    """A core for whatever reads events and one for whatever makes them; ends where there is one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        give_up("the load and what watches it need a core each, and there is only one")
    return cores[0], cores[1]


def busy_s() -> float:
    """Processor seconds that all cores together have worked since the machine was started."""
    user, nice, system, _idle, _waiting, interrupts, soft = map(
        int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8]
    )
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def with_tracefs(command: list[str]) -> list[str]:
    """`command` in a mount namespace of its own, in which tracefs is mounted."""
    private = ["unshare", "--mount", "--propagation", "private"]
    return [*private, "sh", "-c", _WITH_TRACEFS, "sh", *command]


def description() -> str:
    """One line: kernel, processor, BCC, Python, and how busy others kept the machine."""
    import bcc

    version = getattr(bcc, "__version__", None) or metadata.version("bcc")
    cores = os.cpu_count()
    load = os.getloadavg()[0]
    return (
        f"Linux {platform.release()} {platform.machine()}, {cores} cores ({_processor()}), "
        f"BCC {version}, Python {platform.python_version()}, load average {load:.1f}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return "processor unknown"


def has_kprobes() -> bool:
    """Whether this kernel can be probed at any of its functions."""
    return Path("/sys/bus/event_source/devices/kprobe").exists()
