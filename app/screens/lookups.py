"""What is looked up only when somebody asks: the executable's package, the address's prefix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from probes.errors import SourceError
from probes.processes.packages import PackageError, Packages
from probes.processes.proc_files import ProcFiles
from probes.processes.procfs import boot_offset
from probes.record import Process
from probes.text import visible

_DELETED: Final = " (deleted)"


_TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
# What a start and a clock that is set now and then may differ by; no pid is given again so soon.
_APART_NS: Final = 500_000_000


class Prefixes(Protocol):
    """A table of autonomous systems; `probes.asn.table.AsnTable` is one."""

    def prefix(self, address: str) -> str | None:
        """The prefix that has the address."""


class Lookups:
    """Answers in words. To be asked in threads, since they take up to seconds."""

    def __init__(
        self,
        packages: Packages | None = None,
        prefixes: Callable[[], Prefixes] | None = None,
        mount_namespace: int | None = None,
    ) -> None:
        """`packages`: None, this machine's. `prefixes`: loads a table; None goes without.

        `mount_namespace`: the inode of this process's; None asks.
        """
        self._packages = packages or Packages()
        self._load = prefixes
        self._prefixes: Prefixes | None = None
        self._lock = Lock()
        self._mount_namespace = mount_namespace

    def package(self, process: Process) -> str:
        """Whose the executable is, or why that cannot be said."""
        path = process.executable
        if path is None or not path.startswith("/"):
            return "not known without the whole path"
        if process.container is not None:
            return "a file of the container, not of this machine"
        is_ours, remark = None, ""
        try:
            is_ours = None if path.endswith(_DELETED) else _is_ours(process, path)
        except PermissionError:  # another user's, since root was given up
            remark = " (by its path; only root could see whether it has a root of its own)"
        if is_ours is False:
            return "another file than this machine has there: it has a root of its own"
        path = path.removesuffix(_DELETED)
        try:
            found = self._packages.owner(path)
        except PackageError as error:
            return f"cannot be told: {visible(str(error))}"
        if found is None:
            return "of no package"
        # Units with a /tmp of their own have one, and so has what brings files of its own.
        elsewhere = not is_ours and process.mntns not in (None, self._own_namespace)
        if elsewhere:
            remark = " (by its path; it had a mount namespace of its own)"
        return visible(found) + remark

    def prefix(self, address: str) -> str:
        """The prefix with which the address is announced; "" where that is not known."""
        with self._lock:
            try:
                if self._prefixes is None and self._load is not None:
                    self._prefixes = self._load()
            except SourceError:  # the capture has said so: it reads the same table
                self._load = None
            return (self._prefixes.prefix(address) if self._prefixes else None) or ""

    @property
    def _own_namespace(self) -> int:
        if self._mount_namespace is None:
            self._mount_namespace = os.stat("/proc/self/ns/mnt").st_ino
        return self._mount_namespace


def _is_ours(process: Process, path: str) -> bool | None:
    """Whether a process runs the file that this machine has under `path`; None: it is gone.

    Raises PermissionError where this process may not look.
    """
    if process.start_ns is None:
        return None
    stat = ProcFiles(Path("/proc")).stat(process.pid)
    try:
        runs = os.stat(f"/proc/{process.pid}/exe")
        start = stat.start * _TICK_NS + boot_offset() if stat else None
        if start is None or abs(process.start_ns - start) > _APART_NS:
            return None
    except PermissionError:
        raise
    except OSError:
        return None
    try:
        return os.path.samestat(runs, os.stat(path))
    except OSError:  # there is no such file here
        return False
