"""What the rows of a recorded session are made of, each made once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, Protocol

from probes.connections import Connections
from probes.errors import ReplayError
from probes.record import Connection
from probes.recordings.fields import Field
from probes.recordings.json_line import JsonLineError
from probes.recordings.json_reader import JsonReader
from probes.recordings.session_format import SHARED, read_back

THREAD: Final = "tid"

_KEPT: Final = 65_536  # of each kind of thing that connections share
_EPOCH: Final = "1970-01-01T00:00:00+00:00"
_ADDRESS: Final = "address"
_PORT: Final = "port"
_ANY: Final = "0.0.0.0"  # noqa: S104 - stands in for an address


class Reader(Protocol):
    """Where the rows come from: `probes.recordings.session_reader.SessionReader` is one."""

    def values(self, table: str, number: object) -> Mapping[str, object]:
        """The fields of one row of a table of what connections share, by name."""

    def wrong(self, number: object, why: object) -> ReplayError:
        """The error for a connection that cannot be read."""


class SessionParts:
    """What rows refer to, and have for themselves, each made once by `JsonReader`.

    That reads whole connections: the rest of each is that of the first row.
    """

    def __init__(self, reader: Reader, own: Sequence[Field]) -> None:
        """`own`: the fields behind the references to the tables."""
        self._reader = reader
        self._own = own
        self._read = JsonReader()
        self._base: dict[str, object] = {}
        self._places: dict[Hashable, int] = {}  # of what a row has for itself, in `_rows`
        self._rows = Connections()
        self._known: dict[str, dict[Hashable, Any]] = {table: {} for table in SHARED}

    def of(self, rows: Sequence[Sequence[Any]]) -> Connections:
        """The connections, but for time and thread; rows are as `SessionReader` asks for them."""
        numbers, _, _, *references = zip(*(row[: 3 + len(SHARED)] for row in rows), strict=True)
        own = [tuple(row[3 + len(SHARED) :]) for row in rows]
        if not self._base:
            for table, reference in zip(SHARED, references, strict=True):
                self._base |= self._reader.values(table, reference[0])
            self._base |= {"time": _EPOCH, THREAD: 0, **named(self._own, own[0])}
            self._connection({}, numbers[0])
        if len(self._places) > _KEPT:
            self._places.clear()
            self._rows = Connections()
        for key, number in zip(own, numbers, strict=True):
            if key not in self._places:
                values = named(self._own, key)
                values[_ADDRESS] = None if values.get(_PORT) is None else _ANY
                self._rows.append(self._connection(values, number))
                self._places[key] = len(self._rows) - 1
        piece = self._rows.at([self._places[key] for key in own])
        processes, endpoints, hosts = (
            self._shared(table, reference, numbers)
            for table, reference in zip(SHARED, references, strict=True)
        )
        piece.processes = [row.processes[0] for row in processes]
        piece.endpoints = [row.endpoints[0] for row in endpoints]
        piece.hosts = [row.hosts[0] for row in hosts]
        return piece

    def _shared(
        self, table: str, references: Sequence[Hashable], numbers: Sequence[object]
    ) -> list[Connections]:
        """For each row one that has the same of this table."""
        known = self._known[table]
        if len(known) > _KEPT:
            known.clear()
        for reference, number in zip(references, numbers, strict=True):
            if reference not in known:
                values = dict(self._reader.values(table, reference))
                if _ADDRESS in values:
                    values[_PORT] = None if values[_ADDRESS] is None else 0
                known[reference] = Connections.of([self._connection(values, number)])
        return [known[reference] for reference in references]

    def _connection(self, values: Mapping[str, object], number: object) -> Connection:
        try:
            return self._read.connection({**self._base, **values})
        except JsonLineError as error:
            raise self._reader.wrong(number, error) from None


def named(fields: Sequence[Field], row: Sequence[object]) -> dict[str, object]:
    """Columns by the names of their fields, as a JSON line has them."""
    return {field.name: read_back(field, value) for field, value in zip(fields, row, strict=True)}
