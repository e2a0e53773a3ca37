"""A process image, which is what runs between one execve() and the next, as the kernel tells it."""

from __future__ import annotations

import os
import struct
from typing import Final, NamedTuple

from probes.text import decode

# What `struct process_event` of bpf/event.h has between its head and its data; a test compares.
IMAGE: Final = struct.Struct("=QQQIIIHH")
IMAGE_FIELDS: Final = (
    *("start_ns", "cgroup", "parent_image", "parent", "netns", "mntns"),
    *("args_size", "path_size"),
)
FLAG_ARGS_CUT: Final = 1
FLAG_ARGS_UNREADABLE: Final = 2
FLAG_PATH_CUT: Final = 4
FLAG_DELETED: Final = 8
FLAG_MADE: Final = 16

CUT: Final = "…"
"""Stands for what is missing of a path or of arguments."""

_TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
EXECS_BITS: Final = 16
"""Of an image's number: what execve() changes. The rest is the start of the process."""

_START_MASK: Final = (1 << 64 - EXECS_BITS) - 1


class Image(NamedTuple):
    """A process image, told ahead of the first connect(), or the first process, that it makes.

    `number`: tells it from all others that had or will have the same `pid`; never 0. `start_ns`:
    when the process started, in nanoseconds since boot (CLOCK_BOOTTIME). `parent`: the pid of who
    made it, 0 where nobody did; `parent_number`: the number of what that one ran then. `cgroup`:
    its id in the unified hierarchy, which is its folder's inode. `netns`, `mntns`: inodes, as in
    /proc/PID/ns. `executable`: its path as the process itself would see it; None for a thread of
    the kernel's, or where nothing of it could be read. `args`: None where they could not be read.
    `comm`: the name of the thread that did what it was told for. `is_made`: the parent is known to
    have made it, and not only to be its parent by now.
    """

    pid: int
    number: int
    start_ns: int
    parent: int
    cgroup: int
    netns: int
    mntns: int
    executable: str | None
    args: tuple[str, ...] | None
    parent_number: int = 0
    comm: str = ""
    is_made: bool = False


def started_at(number: int, ticks: int) -> bool:
    """Whether an image's process started at that tick, as field 22 of /proc/PID/stat has it.

    The upper 48 bits of the number are the lower ones of the start: enough for three days, and no
    process has the pid of another that started the same time of day three days before.
    """
    return (number >> EXECS_BITS) - ticks * _TICK_NS & _START_MASK < _TICK_NS


def split_args(raw: bytes) -> tuple[str, ...]:
    """Arguments as they lie in memory and in /proc/PID/cmdline, each with a NUL."""
    return tuple(map(decode, raw.removesuffix(b"\0").split(b"\0"))) if raw else ()


def read_image(pid: int, number: int, flags: int, record: bytes, comm: bytes = b"") -> Image | None:
    """Read a `struct process_event` behind its head; None where it makes no sense.

    `record`: at least `IMAGE.size` bytes. `comm`: with NULs behind it.
    """
    (start_ns, cgroup, maker, parent, netns, mntns, args_size, path_size) = IMAGE.unpack_from(
        record
    )
    path_at = IMAGE.size + args_size
    if not number or path_at + path_size > len(record):
        return None
    args = None
    if not flags & FLAG_ARGS_UNREADABLE:
        args = split_args(record[IMAGE.size : path_at])
        if flags & FLAG_ARGS_CUT:
            args = (*args, CUT)
    path = _path(record[path_at : path_at + path_size], flags)
    name = decode(comm.partition(b"\0")[0])
    return Image(
        *(pid, number, start_ns, parent, cgroup, netns, mntns, path, args),
        *(maker, name, bool(flags & FLAG_MADE)),
    )


def _path(components: bytes, flags: int) -> str | None:
    """`components`: from the file up to the root, each with a NUL behind it."""
    if not components:
        return None
    path = "/" + "/".join(map(decode, components.removesuffix(b"\0").split(b"\0")[::-1]))
    cut = CUT if flags & FLAG_PATH_CUT else ""
    # As the kernel itself says it, in /proc/PID/exe.
    return f"{cut}{path} (deleted)" if flags & FLAG_DELETED else f"{cut}{path}"
