"""A session as a CSV file, written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from app.rows import COLUMNS, CsvRows
from probes.record import Connection
from probes.text import visible

BATCH: Final = 5000
"""Rows between two reports of progress; 20 to 30 ms of work."""

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
    written so far, every `BATCH` rows and at the end; what it raises (to cancel) is passed on.
    Whatever is raised, the old file, if any, is as it was, and nothing else is left behind.

    Raises TargetExistsError where there is such a file and `replace` is False, and ExportError
    for everything else that stands in the way. pandas reads `NA` and the like as missing unless
    it is told `keep_default_na=False`.
    """
    losses = losses or Losses()
    with _explained(path):
        _check_target(path, replace)
        with _temporary_beside(path) as (file, temporary):
            if owner is not None and _owner_of(file) != owner:
                os.fchown(file.fileno(), *owner)
            count = _write_rows(file, rows, losses, progress)
            file.flush()
            os.fsync(file.fileno())
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


def _write_rows(
    file: TextIO,
    rows: Iterable[Connection],
    losses: Losses,
    progress: Callable[[int], None] | None,
) -> int:
    row = CsvRows()
    end = f",{losses.lost},{losses.overflow},{losses.evicted}\n"
    file.write(",".join([*COLUMNS, "lost", "overflow", "evicted"]) + "\n")
    count = 0
    waiting = iter(rows)
    while batch := [row(connection) for connection in islice(waiting, BATCH)]:
        file.write(end.join(batch) + end)
        count += len(batch)
        if progress:
            progress(count)
    return count


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
def _temporary_beside(path: Path) -> Iterator[tuple[TextIO, Path]]:
    """A new file (mode 0600) in the same directory, which is gone at the end."""
    number, name = tempfile.mkstemp(prefix=".sock-tui-", suffix=".csv", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="", buffering=1 << 20) as file:
            yield file, temporary
    finally:
        # After a rename it has gone already.
        with suppress(FileNotFoundError):
            temporary.unlink()


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
        _reserve(path)
        temporary.replace(path)


def _reserve(path: Path) -> None:
    """Take the name with an empty file, for file systems without hard links (vfat, exFAT)."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise _exists(path) from None


def _owner_of(file: TextIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
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
