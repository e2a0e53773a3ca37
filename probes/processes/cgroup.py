"""What a cgroup stands for: the container or the systemd unit whose processes it holds.

Container engines and systemd name a cgroup's folder after what runs in it. The kernel tells a
process's cgroup by number, which is never given again; the folder of that number is opened by the
file handle that consists of it (fs/kernfs/mount.c, kernfs_fh_to_dentry).
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

_KEPT: Final = 4096
_HANDLE: Final = struct.Struct("=IiQ")  # struct file_handle of open_by_handle_at(2)
_KERNFS: Final = 0xFE  # FILEID_KERNFS, include/linux/exportfs.h

_UNIT: Final = re.compile(r".+\.(?:service|scope|socket|mount|swap)")
# docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, and docker/ID,
# kubepods/.../ID where cgroups are not left to systemd; libpod-conmon-ID is Podman's own process.
_CONTAINER: Final = re.compile(r"(?:(?!.*conmon)[a-z][a-z-]*-)?([0-9a-f]{64})(?:\.scope)?")
_SHORT: Final = 12  # digits of an id, as `docker ps` shows them
_LXC: Final = re.compile(r"lxc\.payload\.(.+)")
# machinectl's: a systemd-nspawn container, or a virtual machine of libvirt's.
_MACHINE: Final = re.compile(r"machine-(.+)\.scope|systemd-nspawn@(.+)\.service")
_ESCAPED: Final = re.compile(r"\\x([0-9a-f]{2})")

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Owner(NamedTuple):
    """`container`: a short id or a name; `unit`: systemd's. None where there is none.

    `container_name`: what the container's engine calls it; None where that is not known.
    """

    container: str | None
    unit: str | None
    container_name: str | None = None


NOBODY: Final = Owner(None, None)


class Cgroups:
    """Owners by a cgroup's number."""

    def __init__(
        self,
        mounts: Path = Path("/proc/self/mountinfo"),
        name: Callable[[str, str], str | None] = lambda _id, _path: None,
    ) -> None:
        """`mounts`: where the unified hierarchy's mount point is found.

        `name`: see `probes.processes.containers.Containers.name`.
        """
        self._name = name
        self._root = _mount_point(mounts)
        self._owner = lru_cache(_KEPT)(self._looked_up)

    def owner(self, number: int) -> Owner:
        """Whose the cgroup is; `NOBODY` where it is gone, or nobody's, or not to be seen."""
        return self._owner(number)

    def _looked_up(self, number: int) -> Owner:
        path = _folder(self._root, number) if self._root else None
        return NOBODY if path is None else owner_of(path, self._name)


def owner_of(path: str, name: Callable[[str, str], str | None] = lambda _id, _path: None) -> Owner:
    """The owner of a cgroup's folder; the innermost container and unit count.

    `name`: gives the name of a container by its whole id and this path.
    """
    container = unit = identity = None
    parts = path.split("/")
    for before, part in zip(["", *parts], parts, strict=False):
        if found := _CONTAINER.fullmatch(part):
            identity = found[1]
            container = identity[:_SHORT]
        elif found := _LXC.fullmatch(part) or _MACHINE.fullmatch(part):
            identity, container = None, _unescaped(next(filter(None, found.groups())))
        elif before == "lxc":
            identity, container = None, part
        if _UNIT.fullmatch(part):
            unit = part
    return Owner(container, unit, name(identity, path) if identity else container)


def _unescaped(name: str) -> str:
    """systemd-escape(1) undone."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def _mount_point(mounts: Path) -> str | None:
    """Where the unified hierarchy is mounted: proc_pid_mountinfo(5)."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 ") and len(fields := before.split()) > 4:
            return fields[4]
    return None


def _folder(root: str, number: int) -> str | None:
    """The path of the cgroup of that number; None where there is none."""
    try:
        mount = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        handle = _HANDLE.pack(8, _KERNFS, number)
        folder = _libc.open_by_handle_at(mount, ctypes.c_char_p(handle), os.O_PATH | os.O_CLOEXEC)
        if folder < 0:  # it was removed, or this kernel is too old to tell
            return None
        try:
            path = os.readlink(f"/proc/self/fd/{folder}")
        finally:
            os.close(folder)
    except OSError:
        return None
    finally:
        os.close(mount)
    return path.removeprefix(root.rstrip("/")).removeprefix("/")
