r"""A connection as one line of JSON (RFC 8259); `probes.recordings.json_reader` reads it back.

The lines are ASCII, so no terminal, pipe or locale can harm them, and strict parsers take them:
a byte that was not UTF-8, which JSON has no way to write, stands there as the text `\xNN`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from probes.family import family_name
from probes.record import Connection
from probes.recordings.fields import FIELDS, Field, Kind, Value, pieces
from probes.recordings.writer import Writer
from probes.text import encodable
from probes.timestamp import IsoTimes, iso_text


def json_writer(zone: tzinfo | None = None) -> Writer:
    """Make what writes connections as JSON objects, a line each.

    The keys are those of `FIELDS`, in that order; times are in `zone` (None: local time).
    """
    time = IsoTimes(zone, before=f'{{"{FIELDS[0].name}": "', after='"')
    return Writer([time, *pieces(lambda field: _writer(field, zone), ", ")], end="}")


def _writer(field: Field, zone: tzinfo | None) -> Callable[[Connection], str]:
    key, get = f'"{field.name}": ', field.get
    match field.kind:
        case Kind.TIME:  # the connection's own is not written here
            return lambda connection: f"{key}{_time(get(connection), zone)}"
        case Kind.FAMILY:
            return lambda connection: f'{key}"{family_name(connection.family)}"'
        case Kind.NUMBER | Kind.PORT if not field.nullable:
            return lambda connection: f"{key}{get(connection)}"
        case Kind.ADDRESS:  # digits, dots and colons, and in every row: nothing to look for
            return lambda connection: (
                f'{key}"{address}"' if (address := get(connection)) is not None else f"{key}null"
            )
        case _:
            return lambda connection: key + _encoded(get(connection))


def _encoded(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    return f"[{', '.join([_string(text) for text in value])}]"


def _time(value: Value, zone: tzinfo | None) -> str:
    return f'"{iso_text(value, zone)}"' if isinstance(value, int) else "null"


_ascii: Final = json.JSONEncoder(ensure_ascii=True).encode


def _string(text: str) -> str:
    return _ascii(encodable(text))
