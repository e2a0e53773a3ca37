"""The file that an export makes: whole, or not at all."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from probes.text import visible

_LARGEST_ID: Final = 0xFFFF_FFFE
_NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class ExportError(Exception):
    """A session was not exported, and nothing was left behind; the message says why."""


class TargetExistsError(ExportError):
    """The file is there already and was not to be replaced."""


@contextmanager
def whole_file(
    path: Path, *, replace: bool, owner: tuple[int, int] | None
) -> Iterator[Callable[[str], None]]:
    """Give a function that writes text, and the name `path` to what was written at the end.

    Until then it is a file of another name in the same directory; where the block is left by an
    exception, that file is removed and whatever `path` was is as it was. The file is readable and
    writable by its owner alone. `owner`: the user and group id to give it to.

    Raises TargetExistsError where there is such a file and `replace` is False, also where it
    appeared meanwhile, and ExportError for everything else that stands in the way.
    """
    with explained(path):
        check_target(path, replace)
    with _temporary_beside(path) as (descriptor, temporary):

        def write(text: str) -> None:
            with explained(path):
                _write_all(descriptor, text.encode())

        yield write
        with explained(path):
            if owner is not None and _owner_of(descriptor) != owner:
                os.fchown(descriptor, *owner)
            os.fsync(descriptor)
            _move(temporary, path, replace)


def calling_user(environ: Mapping[str, str], euid: int) -> tuple[int, int] | None:
    """Find who called sudo: the user and group id in SUDO_UID and SUDO_GID (sudo(8)).

    None where sudo was not used, or where this process (`euid`) is not root and could not give
    files away. Raises ExportError where the variables are not both numbers of a user and group.
    """
    texts = environ.get("SUDO_UID"), environ.get("SUDO_GID")
    if texts == (None, None) or euid != 0:
        return None
    uid, gid = map(_id, texts)
    if uid is None or gid is None:
        raise ExportError(
            "SUDO_UID and SUDO_GID do not name a user and group, so the file has no owner; "
            "unset both to write it as root"
        )
    return uid, gid


def _id(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return int(text) if int(text) <= _LARGEST_ID else None


def _write_all(descriptor: int, content: bytes) -> None:
    # Not a buffered file: closing one writes what is left, which fails once more on a full disk.
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def check_target(path: Path, replace: bool) -> None:
    """Raise ExportError where no file could, or may, take the place of what is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise ExportError(f"{_shown(path)} is a directory; give it a file name to write to")
    if stat.S_ISLNK(mode):
        raise ExportError(f"{_shown(path)} is a symbolic link; name the file that it leads to")
    if not stat.S_ISREG(mode):
        raise ExportError(f"{_shown(path)} is not a regular file; choose another name")
    if not replace:
        raise _exists(path)


@contextmanager
def _temporary_beside(path: Path) -> Iterator[tuple[int, Path]]:
    """A new file (mode 0600) in the same directory, open to write, which is gone at the end."""
    with explained(path):
        descriptor, name = tempfile.mkstemp(prefix=".sock-tui-", suffix=".csv", dir=path.parent)
    try:
        yield descriptor, Path(name)
    finally:
        os.close(descriptor)
        with explained(path):
            Path(name).unlink(missing_ok=True)  # after a rename it has gone already


def _move(temporary: Path, path: Path, replace: bool) -> None:
    """Give the finished file its name; without `replace`, never the name of another file."""
    if replace:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _move_reserving(temporary, path)


def _move_reserving(temporary: Path, path: Path) -> None:
    """Take the name with an empty file first: for file systems without hard links (vfat)."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise _exists(path) from None
    try:
        temporary.replace(path)
    except OSError:
        path.unlink()
        raise


def _owner_of(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_uid, status.st_gid


def _exists(path: Path) -> TargetExistsError:
    return TargetExistsError(f"{_shown(path)} exists already; it was not replaced")


def _shown(path: Path) -> str:
    return visible(str(path))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one line for a person."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"cannot write {_shown(path)}: {_why(error, path)}") from error
    except ValueError as error:  # a path with a NUL, or with half of a surrogate pair
        raise ExportError(f"cannot write {_shown(path)}: not a file name ({error})") from error


def _me() -> str:
    """Whose rights this process has for files: no longer root's, where those were given up."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _why(error: OSError, path: Path) -> str:
    directory = _shown(path.parent)
    match error.errno:
        case errno.ENOENT:
            return f"there is no directory {directory}; make it or choose another"
        case errno.ENOTDIR:
            return f"{directory} is not a directory; choose another"
        case errno.EROFS:
            return f"{directory} is on a read-only file system; choose another directory"
        case errno.EACCES | errno.EPERM:
            return f"not permitted in {directory} for {_me()}; choose another directory"
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; free some space or choose another directory"
        case _:
            return error.strerror or str(error)
