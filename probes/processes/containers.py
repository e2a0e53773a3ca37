"""What a container's engine calls it, from the files that the engine keeps beside it.

They are read once for each container. Their place depends on nothing but the container's id, which
is 64 hexadecimal digits, and for engines without root on whose they are; what is in them is
believed for a name and nothing else.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path("/")
_LARGEST: Final = 4 << 20  # bytes of a file; Podman's has 1 KB or so for each container
_LONGEST: Final = 256  # characters of a name
_TASKS: Final = "io.containerd.runtime.v2.task"
_USER: Final = re.compile(r"(?:^|/)user-([0-9]{1,10})\.slice(?:/|$)")


class Containers:
    """Names of containers by their ids."""

    def __init__(self, root: Path = _ROOT, home: Callable[[int], str | None] | None = None) -> None:
        """`root`: under which the engines' folders are. `home`: a user's, for the tests."""
        self._root = root
        self._home = home or _home

    def name(self, identity: str, cgroup: str) -> str | None:
        """The name of the container of that id, or None; `cgroup`: its path in the hierarchy."""
        docker = [self._root / "var/lib/docker"]
        storage = [self._root / "var/lib/containers/storage"]
        if (found := _USER.search(cgroup)) and (home := self._home(int(found[1]))):
            docker.append(Path(home, ".local/share/docker"))
            storage.append(Path(home, ".local/share/containers/storage"))
        places = (
            *(_docker(folder, identity) for folder in docker),
            _containerd(self._root / "run/containerd" / _TASKS, identity),
            _containerd(self._root / "run/k3s/containerd" / _TASKS, identity),
            *(_storage(folder, identity) for folder in storage),
        )
        names = (name for place in places for name in place)
        return next((name for name in names if 0 < len(name) <= _LONGEST), None)


def _docker(folder: Path, identity: str) -> Iterator[str]:
    """Docker's `config.v2.json`: `"Name": "/web"`."""
    found = _read(folder / "containers" / identity / "config.v2.json")
    if isinstance(found, dict):
        yield from _text(_of_pod(found.get("Name")))


def _storage(folder: Path, identity: str) -> Iterator[str]:
    """Podman's and CRI-O's containers/storage: a list of all there are."""
    for file in ("containers.json", "volatile-containers.json"):
        found = _read(folder / "overlay-containers" / file)
        for each in found if isinstance(found, list) else []:
            if isinstance(each, dict) and each.get("id") == identity:
                names = each.get("names")
                if isinstance(names, list) and names:
                    yield from _text(_of_pod(names[0]))


def _containerd(tasks: Path, identity: str) -> Iterator[str]:
    """The bundle, `NAMESPACE/ID/config.json`, with what Kubernetes and nerdctl add to it."""
    namespaces: list[str] = []
    with suppress(OSError):  # there is no containerd
        namespaces = os.listdir(tasks)
    for namespace in namespaces:
        found = _read(tasks / namespace / identity / "config.json")
        notes = found.get("annotations") if isinstance(found, dict) else None
        if isinstance(notes, dict):
            pod = notes.get("io.kubernetes.cri.sandbox-name")
            name = notes.get("io.kubernetes.cri.container-name")
            if notes.get("io.kubernetes.cri.container-type") == "sandbox":
                name = "sandbox"
            yield from _text(f"{pod}/{name}" if pod and name else name)
            yield from _text(notes.get("nerdctl/name"))


def _of_pod(name: object) -> object:
    """Docker's and CRI-O's names in a pod are `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`."""
    if not isinstance(name, str):
        return None
    name = name.removeprefix("/")
    kind, *parts = name.split("_")
    return f"{parts[1]}/{parts[0]}" if kind == "k8s" and len(parts) >= 3 else name


def _text(name: object) -> Iterator[str]:
    if isinstance(name, str):
        yield name


def _read(path: Path) -> Any:
    """The JSON in a file; None where there is none that can be read, or too much of it."""
    # A user's own files are among them: no pipe to wait for, no device, no link to another file.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
                return None
            return json.loads(file.read(_LARGEST + 1))
    except (OSError, ValueError, RecursionError):
        return None


def _home(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_dir
    except (KeyError, OverflowError):
        return None
