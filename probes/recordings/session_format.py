"""The file that keeps a session: an SQLite database, whose schema is made from `FIELDS`.

What many connections share, who and where to and under which name, stands once in a table of its
own; everything else stands in `connection`. A field that is added to `FIELDS` has its column here
by that. The view `connections` puts all of it together again, a row for each connection, under the
names that JSON and CSV have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from itertools import groupby
from operator import attrgetter
from typing import Final

from probes.family import family_name
from probes.recordings.fields import FIELDS, Field, Kind, Value
from probes.recordings.writer import Part
from probes.text import encodable
from probes.timestamp import iso_text

MAGIC: Final = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html
APPLICATION_ID: Final = 0x534F_434B  # "SOCK"
VERSION: Final = 1
"""Goes up where an older program could not read the file any more, and not for a new column."""

Stored = int | float | str | None
"""What stands in a column."""

_ADDRESS: Final = "address"  # follows from the endpoint alone, though the destination has it too


def _of(part: Part) -> tuple[Field, ...]:
    return tuple(field for field in FIELDS if field.part is part and field.name != _ADDRESS)


SHARED: Final[dict[str, tuple[Part, tuple[Field, ...]]]] = {
    "process": (Part.PROCESS, _of(Part.PROCESS)),
    "endpoint": (
        Part.ENDPOINT,
        tuple(f for f in FIELDS if f.part is Part.ENDPOINT or f.name == _ADDRESS),
    ),
    "host": (Part.HOST, _of(Part.HOST)),
}
"""The tables of what connections share: the part of a connection, and its fields."""

_SHARED_FIELDS: Final = [field for _, fields in SHARED.values() for field in fields]

OWN: Final[tuple[tuple[Part, tuple[Field, ...]], ...]] = tuple(
    (part, tuple(fields))
    for part, fields in groupby(
        [field for field in FIELDS[1:] if field not in _SHARED_FIELDS], key=attrgetter("part")
    )
)
"""What stands in `connection` itself, besides the time, by the part that it depends on."""

OWN_FIELDS: Final = tuple(field for _, fields in OWN for field in fields)

_SQL_TYPES: Final = {
    Kind.NUMBER: "INTEGER",
    Kind.PORT: "INTEGER",
    Kind.TIME: "TEXT",
    Kind.FAMILY: "TEXT",
    Kind.TEXT: "TEXT",
    Kind.TEXTS: "TEXT",
    Kind.ADDRESS: "TEXT",
    Kind.SOURCE: "TEXT",
}
# By what they are said to be, so that one that is added is among them.
_LISTS: Final = frozenset(kind for kind in Kind if kind.value.startswith("a list of"))
_LARGEST: Final = 2**63 - 1  # that SQLite can store as a number


def stored(field: Field, value: Value) -> Stored:
    r"""What stands in the column of `field` for its value.

    Lists are JSON. Numbers that SQLite has no room for are their digits. A byte that was not UTF-8
    is the text `\xNN`, as in JSON.
    """
    if value is None:
        return None
    if field.kind is Kind.FAMILY:
        return family_name(int(str(value)))
    if field.kind is Kind.TIME:
        return iso_text(int(str(value)), UTC)
    if isinstance(value, tuple):
        return json.dumps([encodable(text) for text in value], ensure_ascii=False)
    if isinstance(value, str):
        return encodable(value)
    return str(value) if isinstance(value, int) and value > _LARGEST else value


def read_back(field: Field, value: object) -> object:
    """What `stored` made, as a JSON line has it; anything else, as it is."""
    if not isinstance(value, str):
        return value
    if field.kind in _LISTS:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if field.kind is Kind.LARGE and value.isascii() and value.isdecimal() and len(value) <= 20:
        return int(value)
    return value


def schema() -> Iterator[str]:
    """The statements that make an empty file, with comments for whoever reads it."""
    yield f"PRAGMA application_id = {APPLICATION_ID}"
    yield f"PRAGMA user_version = {VERSION}"
    about = "What the session is: host, kernel, hook, start, lost and so on. Without an 'end' it\n"
    about += "  -- is being recorded, or was cut short."
    yield _table("meta", about, [("key TEXT PRIMARY KEY", ""), ("value ANY", "")])
    for table, (_, fields) in SHARED.items():
        about = "What many connections share, once."
        yield _table(table, about, [("id INTEGER PRIMARY KEY", ""), *_columns(fields)])
    yield _table(
        "connection",
        "For most questions, ask the view 'connections'.",
        [
            ("seq INTEGER PRIMARY KEY", "in the order of arrival; a gap where some are missing"),
            ("time_ns INTEGER NOT NULL", "nanoseconds since 1970, UTC"),
            *((f"{table}_id INTEGER REFERENCES {table}(id)", "") for table in SHARED),
            *_columns(OWN_FIELDS),
        ],
    )
    yield _view()


def insert(table: str, columns: Iterable[str], rows: int = 1) -> str:
    """The statement that puts `rows` rows into a table."""
    names = list(columns)
    one = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([one] * rows)}"  # noqa: S608 - names of ours


def _columns(fields: Iterable[Field]) -> Iterator[tuple[str, str]]:
    for field in fields:
        said = f"{field.kind.value}{', as JSON' if field.kind in _LISTS else ''}"
        yield f"{field.name} {_SQL_TYPES.get(field.kind, 'ANY')}", said


def _table(name: str, about: str, columns: Sequence[tuple[str, str]]) -> str:
    """Each column with a comment behind it; SQLite keeps them, and `.schema` shows them."""
    lines = [
        f"  {column}{',' if number < len(columns) else ''}{f' -- {said}' if said else ''}\n"
        for number, (column, said) in enumerate(columns, start=1)
    ]
    return f"CREATE TABLE {name} (\n  -- {about}\n{''.join(lines)}) STRICT"


def _view() -> str:
    homes = {field.name: table for table, (_, fields) in SHARED.items() for field in fields}
    columns = [
        "strftime('%Y-%m-%dT%H:%M:%S', time_ns / 1000000000, 'unixepoch')"
        " || printf('.%06d+00:00', time_ns / 1000 % 1000000) AS time",
        *(f"{homes.get(field.name, 'connection')}.{field.name}" for field in FIELDS[1:]),
    ]
    joins = "".join(f"\n  LEFT JOIN {table} ON {table}.id = {table}_id" for table in SHARED)
    select = f"SELECT {', '.join(columns)}\n  FROM connection{joins}"  # noqa: S608 - names of ours
    about = "A row for each connection, under the names that --json has."
    return f"CREATE VIEW connections AS\n  -- {about}\n  {select}"
