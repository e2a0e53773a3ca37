"""A session as a CSV file, written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.rows import COLUMNS, csv_writer
from probes.record import Connection
from probes.text import visible

BATCH: Final = 5000
"""The most rows between two reports of progress; 20 ms of work."""

LENGTH: Final = 4 * 1024 * 1024
"""The most characters between two reports, one row more or less."""

_LARGEST_ID: Final = 0xFFFF_FFFE
_NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class ExportError(Exception):
    """A session was not exported, and nothing was left behind; the message says why."""


class TargetExistsError(ExportError):
    """The file is there already and was not to be replaced."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What the session is missing, in connections or events.

    `lost`: refused by the kernel's buffer; `overflow`: dropped by the full queue; `evicted`:
    rows that gave way to newer ones.
    """

    lost: int = 0
    overflow: int = 0
    evicted: int = 0

    def __str__(self) -> str:
        """`3 lost, 0 dropped, 12 evicted`, or `nothing lost`."""
        if self == Losses():
            return "nothing lost"
        return f"{self.lost} lost, {self.overflow} dropped, {self.evicted} evicted"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, for the person who asked."""

    path: Path
    rows: int
    losses: Losses

    def __str__(self) -> str:
        """`1234 connections written to x.csv (nothing lost)`."""
        many = "connection" if self.rows == 1 else "connections"
        return f"{self.rows} {many} written to {visible(str(self.path))} ({self.losses})"


def write_csv(
    path: Path,
    rows: Iterable[Connection],
    *,
    replace: bool,
    owner: tuple[int, int] | None = None,
    losses: Losses | None = None,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write `rows` to `path`, readable and writable by its owner alone.

    The columns are `COLUMNS`, then `lost`, `overflow` and `evicted`: what the session is missing,
    the same in each row. They are columns, and not a comment or a second file, because readers of
    CSV know no comments, and because a file that is sorted, split or joined with another one
    still says in each row how complete the session was.

    `owner`: the user and group id to give the file to. `progress` is told the number of rows
    written so far, at least every `BATCH` rows and at the end; what it raises (to cancel) is
    passed on. Whatever is raised, the old file, if any, is as it was, and nothing else is left
    behind.

    Raises TargetExistsError where there is such a file and `replace` is False, and ExportError
    for everything else that stands in the way. pandas reads `NA` and the like as missing unless
    it is told `keep_default_na=False`.
    """
    losses = losses or Losses()
    count = 0
    with _explained(path):
        _check_target(path, replace)
    with _temporary_beside(path) as (descriptor, temporary):
        for text, count in _chunks(rows, losses):
            with _explained(path):
                _write_all(descriptor, text.encode())
            if progress:
                progress(count)
        with _explained(path):
            if owner is not None and _owner_of(descriptor) != owner:
                os.fchown(descriptor, *owner)
            os.fsync(descriptor)
            _move(temporary, path, replace)
    return Exported(path, count, losses)


def default_name(now: datetime) -> str:
    """Offer a file name for a session that ends `now`: `sock-tui-20260131-120000.csv`."""
    return now.strftime("sock-tui-%Y%m%d-%H%M%S.csv")


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


def _chunks(rows: Iterable[Connection], losses: Losses) -> Iterator[tuple[str, int]]:
    """The file's text, the header first, in pieces; with each, the number of rows until then.

    A piece is limited in length too: one process's arguments can be 2 MB, in every row.
    """
    row = csv_writer()
    end = f",{losses.lost},{losses.overflow},{losses.evicted}\n"
    waiting = [",".join([*COLUMNS, "lost", "overflow", "evicted"]) + "\n"]
    length = count = 0
    for count, connection in enumerate(rows, start=1):
        text = row(connection) + end
        waiting.append(text)
        length += len(text)
        if length >= LENGTH or count % BATCH == 0:
            yield "".join(waiting), count
            waiting.clear()
            length = 0
    yield "".join(waiting), count


def _write_all(descriptor: int, content: bytes) -> None:
    # Not a buffered file: closing one writes what is left, which fails once more on a full disk.
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _check_target(path: Path, replace: bool) -> None:
    """Refuse early what `_move` could not, or must not, put a file in the place of."""
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
    with _explained(path):
        descriptor, name = tempfile.mkstemp(prefix=".sock-tui-", suffix=".csv", dir=path.parent)
    try:
        yield descriptor, Path(name)
    finally:
        os.close(descriptor)
        with _explained(path):
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
def _explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one line for a person."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"cannot write {_shown(path)}: {_why(error, path)}") from error
    except ValueError as error:  # a path with a NUL, or with half of a surrogate pair
        raise ExportError(f"cannot write {_shown(path)}: not a file name ({error})") from error


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
            return f"not permitted in {directory}; choose another directory"
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; free some space or choose another directory"
        case _:
            return error.strerror or str(error)
