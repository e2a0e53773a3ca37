"""`sock-tui asn update`: newer AS data in the place of the bundled snapshot."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from app.asn.fetch import FetchError, Progress, opened
from probes.asn.store import address_key
from probes.asn.table import UPDATED, AsnDataError
from probes.asn.write import AddressRange, BusyError, RangeError, Written, write
from probes.text import visible

DEFAULT_ORIGIN: Final = "https://iptoasn.com/data/ip2asn-combined.tsv.gz"
"""IPtoASN's ranges of both families, in the public domain."""

MIN_RANGES: Final = 100_000
"""Fewer ranges than this are no table of the whole internet, which had 515,000 in 2026."""

_COUNTRY: Final = re.compile("[A-Z]{2}")
_FIELDS: Final = ("start", "end", "AS number", "country", "description")
_MAX_NUMBER: Final = 2**32 - 1  # RFC 6793


def update(origin: str, folder: Path, progress: Progress, *, at_least: int = MIN_RANGES) -> Written:
    """Replace the AS data in `folder` by that of `origin`, in one step or not at all.

    `origin`: an http or https URL, or the path of a file, of lines in IPtoASN's form
    (start, end, AS number, country, description, separated by tabs), gzipped or not.
    `progress` is told the bytes read so far and their total, None where that is not known.

    Raises:
        AsnDataError: what is wrong; the data in `folder` is as it was.
    """
    try:
        with opened(origin) as source:
            lines = _Lines(source.lines(progress))
            try:
                return write(folder, lines, source.day, visible(origin), at_least)
            except RangeError as error:
                raise FetchError(f"{visible(origin)}{lines.place}: {error}") from error
    except BusyError as error:
        raise _failure(visible(str(error)), "Wait until it is done") from error
    except FetchError as error:
        remedy = "Try again later, or name another URL or file; the data in use is as it was"
        raise _failure(str(error), remedy) from error
    except PermissionError as error:
        place = visible(str(error.filename or folder))
        raise _failure(f"{place} may not be written by this user", "Use sudo") from error
    except OSError as error:
        place = visible(str(error.filename or folder))
        remedy = "Make room or name another folder; the data in use is as it was"
        raise _failure(f"{place}: {error.strerror or error}", remedy) from error


def run(origin: str | None = None, folder: Path = UPDATED) -> int:
    """The command: a progress bar on standard error, then the outcome; returns the exit status.

    `origin` as in `update`; None means IPtoASN. 0: updated, 1: not, 130: interrupted.
    """
    origin = origin or DEFAULT_ORIGIN
    console = Console(stderr=True)
    columns = (
        TextColumn("Fetching the AS data"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    try:
        with ProgressBar(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("", total=None)
            written = update(
                origin, folder, lambda done, size: bar.update(task, completed=done, total=size)
            )
    except AsnDataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the AS data in use is as it was.", file=sys.stderr)
        return 130
    print(
        f"AS data of {written.date}: {written.prefixes:,} prefixes and {written.names:,} names, "
        f"in {visible(str(folder))}."
    )
    if written.overlaps:
        print(f"{written.overlaps:,} ranges overlapped an earlier one and were cut.")
    return 0


class _Lines(Iterable[AddressRange]):
    """Lines as ranges, and where the reading stands."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.place = ""

    def __iter__(self) -> Iterator[AddressRange]:
        for number, line in enumerate(self._lines, 1):
            self.place = f", line {number:,}"
            if line:
                yield _range(line)
        self.place = ""  # what is wrong from here on is wrong with the whole


def _range(line: str) -> AddressRange:
    fields = line.split("\t")
    if len(fields) != len(_FIELDS):
        raise RangeError(
            f"{len(fields)} fields where {len(_FIELDS)} belong ({', '.join(_FIELDS)}), "
            "separated by tabs"
        )
    start, end = address_key(fields[0]), address_key(fields[1])
    if start is None or end is None:
        wrong = fields[0] if start is None else fields[1]
        raise RangeError(f"{_shown(wrong)} is not an address")
    if start[0] != end[0]:
        raise RangeError("the range begins in one address family and ends in the other")
    digits = fields[2]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise RangeError(f"{_shown(digits)} is not an AS number")
    number = int(digits)
    if number > _MAX_NUMBER:
        raise RangeError(f"{number} is not an AS number: they end at {_MAX_NUMBER}")
    first, last = (int.from_bytes(packed, "big") for _, packed in (start, end))
    # Others, such as "None", stand for none.
    country = fields[3] if _COUNTRY.fullmatch(fields[3]) else ""
    return AddressRange(4 if start[0] == 4 else 6, first, last, number, fields[4], country)


def _shown(text: str) -> str:
    return f"'{visible(text[:60])}'"


def _failure(why: str, remedy: str) -> AsnDataError:
    return AsnDataError("The AS data was not updated", why, remedy)
