"""Small files of text of a person's, read and written with no more rights than they have."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from app.settings.rights import rights_of
from probes.text import visible

_LARGEST: Final = 1 << 20  # bytes


class FileError(Exception):
    """A file cannot be read or written; the message names it and says why.

    `code`: the operating system's, as in errno; None where it refused nothing.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


def read_text(path: Path, owner: tuple[int, int] | None, largest: int = _LARGEST) -> str | None:
    """What a file holds, with line ends as they are; None where there is none.

    `owner`: the user and group id with whose rights it is read; None, those there are. `largest`:
    bytes. Raises FileError.
    """
    shown = visible(str(path))
    try:
        with rights_of(owner):
            # A pipe would wait for somebody who writes.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileError(f"{shown} is not a regular file")
            if status.st_size > largest:
                raise FileError(f"{shown} is larger than such a file can be ({largest >> 20} MB)")
            return file.read(largest).decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise FileError(f"{shown} is not UTF-8 text (byte {error.start + 1})") from None
    except OSError as error:
        said = f"{shown} cannot be read: {error.strerror or error}"
        raise FileError(said, error.errno) from None


def write_text(path: Path, text: str, owner: tuple[int, int] | None) -> None:
    """Write a file, whole or not at all, and its folders where there are none. Raises FileError.

    It takes the place of what was there, also of a symbolic link, which is not followed.
    """
    try:
        with rights_of(owner):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
    except OSError as error:
        said = f"cannot write {visible(str(path))}: {error.strerror or error}"
        raise FileError(said, error.errno) from None
