"""A connection as a row of CSV (RFC 4180): what stands in its cells."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from probes.family import family_name
from probes.fields import FIELDS, Field, Kind, Value, row_writer
from probes.record import Connection
from probes.text import visible
from probes.timestamp import IsoTime

COLUMNS: Final = tuple(field.name for field in FIELDS)

# What a spreadsheet takes for the start of a formula; East Asian ones take the wide forms too.
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class CsvRows:
    r"""Writes connections as CSV rows with the columns `COLUMNS`; `zone` None is local time.

    Arguments are one cell, quoted as a shell would read them. A missing value is an empty cell.
    Text of other processes cannot act when the file is shown or opened: control characters and
    bytes that were not UTF-8 are written as `\x1b` (line breaks in arguments stay what they are),
    and what a spreadsheet would take for a formula gets an apostrophe in front.
    """

    __slots__ = ("_row",)

    def __init__(self, zone: tzinfo | None = None) -> None:
        time = IsoTime(zone)
        self._row = row_writer(lambda field: _writer(field, time), ",")

    def __call__(self, connection: Connection) -> str:
        """Write the row, without a line break at its end."""
        return self._row(connection)


def _writer(field: Field, time: IsoTime) -> Callable[[Connection], str]:
    get = field.get
    if field.kind is Kind.TIME:
        return lambda connection: time(connection.time_ns)
    if field.kind is Kind.FAMILY:
        return lambda connection: family_name(connection.family)
    return lambda connection: _cell(get(connection))


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(_harmless(visible(value)))
    lines = shlex.join(value).split("\n")
    return _quoted(_harmless("\n".join(map(visible, lines))))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    if not any(special in text for special in ',"\n'):
        return text
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([text])
    return cell.getvalue()
