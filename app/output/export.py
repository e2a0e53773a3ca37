"""A session as a CSV file, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from app.output.rows import COLUMNS, csv_writer
from app.output.target import ExportError, TargetExistsError, calling_user, whole_file
from probes.connections import Connections
from probes.recordings.writer import BATCH
from probes.text import visible

__all__ = [
    "BATCH",
    "ExportError",
    "Exported",
    "Losses",
    "TargetExistsError",
    "calling_user",
    "default_name",
    "write_csv",
]

# Where anybody may write, and what is kept over a restart; no link there is followed.
_ELSEWHERE: Final = Path("/var/tmp")  # noqa: S108


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
    rows: Iterable[Connections],
    *,
    replace: bool,
    owner: tuple[int, int] | None = None,
    losses: Losses | None = None,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write `rows`, which come in pieces, to `path`, readable and writable by its owner alone.

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
    with whole_file(path, replace=replace, owner=owner) as write:
        for text, count in _blocks(rows, losses):
            write(text)
            if progress:
                progress(count)
    return Exported(path, count, losses)


def default_name(now: datetime) -> str:
    """Offer a file name for a session that ends `now`: `sock-tui-20260131-120000.csv`.

    In this folder, or where nothing may be written here, by a process that gave root up for
    example, in /var/tmp.
    """
    name = now.strftime("sock-tui-%Y%m%d-%H%M%S.csv")
    is_open = os.access(".", os.W_OK | os.X_OK, effective_ids=True)
    return name if is_open else str(_ELSEWHERE / name)


def _blocks(rows: Iterable[Connections], losses: Losses) -> Iterator[tuple[str, int]]:
    """The file's text, the header first, in blocks; with each, the number of rows until then."""
    writer = csv_writer(more=(losses.lost, losses.overflow, losses.evicted))
    head = ",".join([*COLUMNS, "lost", "overflow", "evicted"]) + "\n"
    done = 0
    for piece in rows:
        for text, count in writer.blocks(piece):
            done += count
            yield head + text, done
            head = ""
    if head:
        yield head, done
