"""A connection as a row of CSV (RFC 4180): what stands in its cells."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Final

from probes.family import family_name
from probes.record import Connection
from probes.recordings.csv_reader import GUARDED
from probes.recordings.fields import FIELDS, Field, Kind, Value, pieces
from probes.recordings.writer import Writer
from probes.text import visible
from probes.timestamp import IsoTimes, iso_text

COLUMNS: Final = tuple(field.name for field in FIELDS)


def csv_writer(zone: tzinfo | None = None, more: Sequence[object] = ()) -> Writer:
    r"""Make what writes connections as CSV rows with the columns `COLUMNS`.

    `more`: what follows in every row, nothing that would have to be quoted. Times are in `zone`
    (None: local time).
    Arguments are one cell, quoted as a shell would read them. A missing value is an empty cell.
    Text of other processes cannot act when the file is shown or opened: control characters and
    bytes that were not UTF-8 are written as `\x1b` (line breaks in arguments stay what they are),
    and what a spreadsheet would take for a formula gets an apostrophe in front.
    `probes.recordings.csv_reader` reads it back.
    """
    end = "".join([f",{value}" for value in more])
    return Writer([IsoTimes(zone), *pieces(lambda field: _writer(field, zone), ",")], end)


def _writer(field: Field, zone: tzinfo | None) -> Callable[[Connection], str]:
    get = field.get
    match field.kind:
        case Kind.TIME:  # the connection's own is not written here
            return lambda connection: _time(get(connection), zone)
        case Kind.FAMILY:
            return lambda connection: family_name(connection.family)
        case Kind.NUMBER | Kind.PORT if not field.nullable:
            return lambda connection: str(get(connection))
        case Kind.ADDRESS:  # digits, dots and colons, and in every row: nothing to look for
            return lambda connection: str(get(connection) or "")
        case _:
            return lambda connection: _cell(get(connection))


def _time(value: Value, zone: tzinfo | None) -> str:
    return iso_text(value, zone) if isinstance(value, int) else ""


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _quoted(_harmless(visible(value)))
    lines = shlex.join(value).split("\n")
    return _quoted(_harmless("\n".join(map(visible, lines))))


def _harmless(text: str) -> str:
    return f"'{text}" if GUARDED.match(text) else text


def _quoted(text: str) -> str:
    if not any(special in text for special in ',"\n'):
        return text
    cell = io.StringIO()
    # Before Python 3.13 a line break is quoted only where it is a part of the line's end.
    csv.writer(cell, lineterminator="\n").writerow([text])
    return cell.getvalue()[:-1]
