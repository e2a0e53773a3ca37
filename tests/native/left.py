"""What a process has in the kernel, and whether any of that is left when it has gone."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from pathlib import Path

from probes.kernel.bpf_calls import _bpf
from probes.kernel.tracefs import MOUNT_POINT
from tests.native.started import wait_for

# include/uapi/linux/bpf.h: BPF_*_GET_NEXT_ID
_NEXT = {"prog": 11, "map": 12, "link": 31}
_KIND = re.compile(r"^(prog|map|link)_id:\s*(\d+)$", re.MULTILINE)


def held_by(pid: int) -> set[tuple[str, int]]:
    """The programs, maps and links that a process has descriptors of, by their numbers.

    A probe is gone once its program is: the event that it is on keeps it.
    """
    found = set()
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            text = Path(f"/proc/{pid}/fdinfo/{name}").read_text()
        except FileNotFoundError:
            continue
        found |= {(kind, int(number)) for kind, number in _KIND.findall(text)}
    return found


def left() -> set[tuple[str, int]]:
    """All that the kernel has."""
    return {(kind, number) for kind in _NEXT for number in _numbers(kind)}


def nothing_is_left(of: set[tuple[str, int]]) -> None:
    """Wait until the kernel has none of these any more; there were some."""
    assert of
    wait_for(lambda: not left() & of)


def added() -> set[str]:
    """The probes that were added to the tracing system by name, whoever did, a line each.

    Root alone looks there, in a mount of its own where the machine has none.
    """
    shell = 'cd "$1"; [ -e events ] || mount -t tracefs none "$1" && cd "$1"; cat $2'
    files = "kprobe_events uprobe_events dynamic_events"
    command = ["unshare", "--mount", "sh", "-c", f"{shell} 2>&-", "sh", str(MOUNT_POINT), files]
    # Without kprobes there is no such file.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return set(done.stdout.splitlines())


def _numbers(kind: str) -> list[int]:
    found: list[int] = []
    while True:
        room = bytearray(struct.pack("=III", found[-1] if found else 0, 0, 0))
        attributes = bytes(room)
        try:
            _bpf(_NEXT[kind], attributes)
        except FileNotFoundError:
            return found
        found.append(struct.unpack("=III", attributes)[1])
