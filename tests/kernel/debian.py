"""Debian's own kernels, downloaded and unpacked, never installed.

apt does the work, in a root of its own inside the cache: it knows the indices, checks the archive's
signature and every hash, and nothing of the machine's own apt is touched. Only the `Acquire`
settings (proxies, certificates, timeouts) are taken over from it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIRROR_VARIABLE: Final = "SOCK_TUI_DEBIAN_MIRROR"
FRESH_S: Final = 14 * 86400
"""After so many seconds a newer kernel of the release is looked for; sid has one every week."""

_KEYRINGS: Final = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
# One package holds everything up to trixie; later ones are split, and the image is then only a
# list of the others. linux-base-VERSION has modules.builtin, without which depmod complains.
_PARTS: Final = re.compile(r"linux-(?:image|binary|modules|base)-\d")


class UnavailableError(Exception):
    """A kernel, or what it takes to boot one, cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel. `release` is Debian's ("bookworm"), `version` what `uname -r` says.

    `vmlinuz`: the bootable image. `modules`: `…/lib/modules/VERSION`, with `modules.dep`;
    it lies in the same tree as the image, where virtme-ng finds it by itself.
    """

    release: str
    version: str
    vmlinuz: Path
    modules: Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/sock-tui/kernels`, by default below `~/.cache`; may be deleted any time."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sock-tui" / "kernels"


def newest_kernel(release: str, cache: Path | None = None) -> Kernel:
    """The newest kernel that Debian's `release` offers for this machine's architecture.

    The first call downloads it (70 to 130 MB). Later calls need no network: what is in `cache` is
    looked at again after two weeks only, and is good enough where that fails.
    Raises `UnavailableError`.
    """
    folder = (cache or cache_folder()) / release
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        kept = _kept(folder, release)
        if kept is not None and time.time() - (folder / "current.json").stat().st_mtime < FRESH_S:
            return kept
        try:
            return _fetch(folder, release)
        except UnavailableError as error:
            if kept is None:
                raise
            warnings.warn(f"keeping {kept.version} of {release}: {error}", stacklevel=2)
            return kept


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _kept(folder: Path, release: str) -> Kernel | None:
    try:
        found = json.loads((folder / "current.json").read_text())
        return _unpacked(folder / str(found["folder"]), release)
    except (FileNotFoundError, UnavailableError):
        return None


def _fetch(folder: Path, release: str) -> Kernel:
    with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as work:
        apt = _PrivateApt(Path(work), release)
        apt.run("apt-get", "update", "--error-on=any")
        parts = apt.kernel_parts()
        apt.run("apt-get", "download", *parts)
        unpacked = Path(work) / "unpacked"
        for package in Path(work).glob("*.deb"):
            _run(["dpkg", "-x", str(package), str(unpacked)])
        _unify(unpacked)
        kernel = _unpacked(unpacked, release)
        _run(["depmod", "-b", str(unpacked), kernel.version])
        # Two builds of one version differ in their packages' version alone, so a build gets a
        # folder of its own: a guest may be running from the older one.
        target = Path(tempfile.mkdtemp(dir=folder, prefix=f"{kernel.version}-"))
        unpacked.rename(target)
        os.utime(target)  # dpkg set it to the package's date
    note = folder / "current.json.new"
    note.write_text(json.dumps({"folder": target.name, "packages": parts}))
    note.rename(folder / "current.json")
    _forget_older(folder, keep=target.name)
    return _unpacked(target, release)


def _forget_older(folder: Path, keep: str) -> None:
    """Remove the kernels before this one, but none that a guest of today may run from."""
    for old in folder.iterdir():
        if old.is_dir() and old.name != keep and time.time() - old.stat().st_mtime > 86400:
            shutil.rmtree(old)


def _unpacked(folder: Path, release: str) -> Kernel:
    for modules in sorted(folder.glob("lib/modules/*")):
        for vmlinuz in (folder / "boot" / f"vmlinuz-{modules.name}", modules / "vmlinuz"):
            if vmlinuz.is_file():
                return Kernel(release, modules.name, vmlinuz, modules)
    raise UnavailableError(f"{folder} holds no kernel image with its modules")


def _unify(folder: Path) -> None:
    """Make lib/modules and usr/lib/modules one: releases differ in which they fill, kmod's
    builds in which they read."""
    one, other = folder / "lib" / "modules", folder / "usr" / "lib" / "modules"
    if not one.exists():
        one, other = other, one
    other.parent.mkdir(parents=True, exist_ok=True)
    other.symlink_to(os.path.relpath(one, other.parent))


class _PrivateApt:
    """apt with sources, lists and cache below `work`, and no packages installed."""

    def __init__(self, work: Path, release: str) -> None:
        self._work = work
        keyring = next((path for path in _KEYRINGS if path.exists()), None)
        if keyring is None:
            raise UnavailableError(
                "Debian's signing keys are not on this machine: install debian-archive-keyring"
            )
        for folder in ("lists/partial", "cache/archives/partial"):
            (work / folder).mkdir(parents=True)
        (work / "status").touch()
        (work / "sources.list").write_text(
            f"deb [signed-by={keyring}] {_mirror()} {release} main\n"
        )
        acquire = [
            line
            for line in _run(["apt-config", "dump"]).splitlines()
            if line.startswith("Acquire::")
        ]
        # The machine's hooks (`APT::Update::Post-Invoke` and its like) are left out on purpose:
        # they clean caches and rebuild databases that are none of ours.
        own = [
            'Dir::Etc::main "/dev/null";',
            'Dir::Etc::parts "/dev/null";',
            f'Dir::Etc::sourcelist "{work}/sources.list";',
            'Dir::Etc::sourceparts "/dev/null";',
            f'Dir::State::lists "{work}/lists";',
            f'Dir::State::status "{work}/status";',
            f'Dir::Cache "{work}/cache";',
            'Acquire::Languages "none";',
            'APT::Sandbox::User "root";',  # its usual one cannot write into our folder
        ]
        (work / "apt.conf").write_text("\n".join([*acquire, *own, ""]))

    def run(self, *command: str) -> str:
        return _run(command, cwd=self._work, APT_CONFIG=str(self._work / "apt.conf"))

    def kernel_parts(self) -> list[str]:
        """The packages that `linux-image-ARCHITECTURE` stands for today."""
        architecture = _run(["dpkg", "--print-architecture"]).strip()
        image = self._needs(f"linux-image-{architecture}")
        parts = [part for name in image for part in (name, *self._needs(name))]
        if not parts:
            raise UnavailableError(f"linux-image-{architecture} depends on no kernel package")
        return parts

    def _needs(self, package: str) -> list[str]:
        depends = self.run("apt-cache", "depends", "--important", package)
        names = re.findall(r"^\s*\|?(?:Pre)?Depends: (\S+)", depends, re.MULTILINE)
        return [name for name in names if _PARTS.match(name)]


def _mirror() -> str:
    chosen = os.environ.get(MIRROR_VARIABLE)
    if chosen:
        return chosen
    known = _run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
            "Created-By: Packages",
        ]
    )
    for line in known.splitlines():
        origin, label, uri = line.split("|")
        if (origin, label) == ("Debian", "Debian"):
            return uri
    raise UnavailableError(
        "apt on this machine knows no Debian mirror: run `apt-get update`, "
        f"or on another distribution name a mirror in {MIRROR_VARIABLE}"
    )


def _run(command: Sequence[str], cwd: Path | None = None, **environment: str) -> str:
    """What `command` prints. Raises `UnavailableError` with its last complaint."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UnavailableError(f"{command[0]} is not on this machine") from None
    if done.returncode != 0:
        complaint = done.stderr.strip() or f"exit status {done.returncode}"
        raise UnavailableError(
            f"`{' '.join(command[:2])}` failed: {' / '.join(complaint.splitlines()[-3:])}"
        )
    return done.stdout
