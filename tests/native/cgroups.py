"""A cgroup of a test's own, in which memory is limited: cgroups(7), of either version."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.native.started import wait_for

_MOUNTED: Final = re.compile(r"^\S+ (\S+) cgroup(2?) (\S+)", re.MULTILINE)
_ENTER: Final = 'echo $$ >"$1"/cgroup.procs || exit; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """The group's folder, and what the files in it are called."""

    folder: Path
    limit_file: str
    usage_file: str
    events_file: str

    @property
    def entering(self) -> list[str | Path]:
        """Starts a command inside."""
        return ["sh", "-c", _ENTER, "sh", self.folder]

    @property
    def usage(self) -> int:
        """Bytes, what the kernel could drop at once included."""
        return int((self.folder / self.usage_file).read_text())

    @property
    def killed(self) -> int:
        """How many processes the kernel has ended for want of memory."""
        said = re.search(r"^oom_kill (\d+)$", (self.folder / self.events_file).read_text(), re.M)
        assert said
        return int(said[1])

    def limit(self, size: int) -> None:
        """Allow so many bytes from now on; no less than what is used and cannot be dropped."""
        (self.folder / self.limit_file).write_text(str(size))


@contextmanager
def memory_group() -> Iterator[MemoryGroup]:
    """A new group, which is gone afterwards with all that is in it; a skip where there is none."""
    group = _made()
    try:
        yield group
    finally:
        for pid in (group.folder / "cgroup.procs").read_text().split():
            subprocess.run(["kill", "-KILL", pid], check=False)
        wait_for(lambda: _removed(group.folder))


@contextmanager
def unified(path: str) -> Iterator[list[str | Path]]:
    """Starts a command in a cgroup of that path in the unified hierarchy, which is made for it."""
    found = [mount for mount, version, _ in _mounts() if version]
    if not found:
        pytest.skip("not run: the unified hierarchy of cgroups is not mounted here")
    folder = Path(found[0]) / path
    folder.mkdir()
    try:
        yield ["sh", "-c", _ENTER, "sh", folder]
    finally:
        wait_for(lambda: _removed(folder))


def _mounts() -> list[tuple[str, str, str]]:
    return _MOUNTED.findall(Path("/proc/mounts").read_text())


def _made() -> MemoryGroup:
    name = f"sock-tui-test-{os.getpid()}"
    for mount, version, options in _mounts():
        root = Path(mount)
        with suppress(OSError):
            if version and "memory" in (root / "cgroup.controllers").read_text().split():
                (root / "cgroup.subtree_control").write_text("+memory")
                (root / name).mkdir()
                return MemoryGroup(root / name, "memory.max", "memory.current", "memory.events")
            if not version and "memory" in options.split(","):
                (root / name).mkdir()
                files = "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control"
                return MemoryGroup(root / name, *files)
    pytest.skip("not run: no cgroup that limits memory can be made here")


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # somebody is still in there
        return False
    return True
