"""Debian packages that a measurement needs and that need not be installed: downloaded, unpacked.

They are kept, so that a guest without a network has what the machine fetched before.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


class PackageError(Exception):
    """A package cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Packages:
    """What was unpacked, a folder for each package below `cache`."""

    cache: Path

    def folder(self) -> Path:
        """The cache, which is there afterwards."""
        self.cache.mkdir(parents=True, exist_ok=True)
        return self.cache

    def unpacked(self, name: str) -> Path:
        """The folder with the package's files, as they would lie below `/`. Raises PackageError."""
        target = self.cache / name
        if target.exists():
            return target
        with tempfile.TemporaryDirectory(dir=self.folder(), prefix="new-") as work:
            _run(["apt-get", "download", "-o", "APT::Sandbox::User=root", name], work)
            [package] = Path(work).glob("*.deb")
            _run(["dpkg", "-x", str(package), "unpacked"], work)
            Path(work, "unpacked").rename(target)
        return target


def _run(command: list[str], folder: str) -> None:
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        raise PackageError(f"{command[-1]} cannot be had: {error}") from None
