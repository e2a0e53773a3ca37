"""The compiled programs, kept from one start to the next.

One file, for what was compiled last: a line with the checksum of the rest, then JSON. It belongs to
root alone, in a folder where root alone writes; whatever is otherwise is not looked at. The kernel
checks every program before it runs in any case.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from probes.kernel.bytecode import Bytecode

FOLDER: Final = Path("/var/cache/sock-tui")
NAME: Final = "programs"
_MAX_SIZE: Final = 1 << 20  # bytes; a real one has some 30 KB
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class ProgramCache:
    """The cache in `folder`, which is made when it is first written to.

    No method raises: what cannot be read is as if it were not there, and what cannot be written
    costs the next start a second.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def read(self, inputs: Mapping[str, str]) -> Bytecode | None:
        """What was compiled from these inputs; None where it is not there, whole and safe."""
        try:
            with _opened(self._folder) as folder:
                content = _content(folder)
            checksum, _, rest = content.partition(b"\n")
            if checksum != _checksum(rest):
                return None
            found: dict[str, Any] = json.loads(rest)
            if found["inputs"] != inputs:
                return None
            return Bytecode.from_json(found["bytecode"])
        except (OSError, LookupError, TypeError, ValueError):
            return None

    def write(self, inputs: Mapping[str, str], bytecode: Bytecode) -> None:
        """Put `bytecode` in the place of what was kept so far, all at once."""
        rest = json.dumps({"inputs": dict(inputs), "bytecode": bytecode.to_json()}).encode()
        new = f"{NAME}.{os.getpid()}"
        with suppress(OSError):
            with suppress(FileExistsError):
                self._folder.mkdir(mode=0o700)
            with _opened(self._folder) as folder:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                file = os.open(new, flags, mode=0o600, dir_fd=folder)
                try:
                    with os.fdopen(file, "wb") as stream:
                        stream.write(_checksum(rest) + b"\n" + rest)
                    os.replace(new, NAME, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(new, dir_fd=folder)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The folder's descriptor; OSError where anyone else could write there."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _require_own(os.fstat(folder), _OTHERS_WRITE)
        yield folder
    finally:
        os.close(folder)


def _content(folder: int) -> bytes:
    # A pipe put there would block whoever opens it.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(NAME, flags, dir_fd=folder), "rb") as file:
        status = os.fstat(file.fileno())
        _require_own(status, stat.S_IRWXG | stat.S_IRWXO)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_SIZE:
            raise OSError(0, "not a cache file")
        return file.read(_MAX_SIZE)


def _require_own(status: os.stat_result, denied: int) -> None:
    if status.st_uid != os.geteuid() or status.st_mode & denied:
        raise PermissionError(0, "it belongs to someone else, or others may write to it")


def _checksum(data: bytes) -> bytes:
    return b"%08x" % zlib.crc32(data)
