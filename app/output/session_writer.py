"""Connections into the SQLite file that keeps a session: `probes.recordings.session_format`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from app.output.part_values import PartValues
from probes.connections import Connections
from probes.record import Connection
from probes.recordings.fields import Field
from probes.recordings.session_format import OWN, SHARED, Stored, insert, schema, stored
from probes.recordings.writer import Part

_TOGETHER: Final = 1000  # rows that one statement puts in: half the cost of one after the other
_PAGES: Final = 4000  # of 4 kB that wait in the file beside it until they are taken in
_ENTRIES: Final = 65_536  # of what connections share, known by value


class SessionWriter:
    """Writes to a file that is there and empty. Every method raises sqlite3.Error. One thread's.

    What was added counts from `commit` on: then the disk has it, whatever becomes of the process
    or the machine.
    """

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        try:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")  # NORMAL loses what power loss takes
            self._file.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
            self.begin()
            for statement in schema():
                self._file.execute(statement)
            self.commit()
        except BaseException:
            self._file.close()
            raise
        self._shared = [_Table(self._file, table, *what) for table, what in SHARED.items()]
        self._own = [_Columns(part, fields) for part, fields in OWN]
        names = [f"{table}_id" for table in SHARED]
        names += [field.name for _, fields in OWN for field in fields]
        self._columns = ["seq", "time_ns", *names]
        self._insert_many = insert("connection", self._columns, _TOGETHER)
        self._insert = insert("connection", self._columns)
        set_all = ", ".join(f"{name} = ?" for name in names)
        self._update = f"UPDATE connection SET {set_all} WHERE seq = ?"  # noqa: S608 - ours

    def begin(self) -> None:
        """Begin what `commit` or `undo` ends."""
        self._file.execute("BEGIN IMMEDIATE")

    def add(self, sequence: int, rows: Connections) -> None:
        """Add rows, the first of which is number `sequence`."""
        columns = [range(sequence, sequence + len(rows)), rows.times, *self._values(rows)]
        whole = len(rows) - len(rows) % _TOGETHER
        for start in range(0, whole, _TOGETHER):
            some = [column[start : start + _TOGETHER] for column in columns]
            self._file.execute(
                self._insert_many, list(chain.from_iterable(zip(*some, strict=True)))
            )
        rest = [column[whole:] for column in columns]
        self._file.executemany(self._insert, zip(*rest, strict=True))

    def change(self, sequences: Sequence[int], rows: Connections) -> None:
        """More was learned about rows that were added: what they are now."""
        values = zip(*self._values(rows), sequences, strict=True)
        self._file.executemany(self._update, values)

    def note(self, facts: Mapping[str, Stored]) -> None:
        """Say what the session is; what was said before under the same key goes."""
        self._file.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    def commit(self) -> None:
        """Have on the disk what was begun."""
        self._file.execute("COMMIT")

    def undo(self) -> None:
        """Take back what was begun."""
        for table in self._shared:
            table.forget()
        for own in self._own:
            own.forget()
        if self._file.in_transaction:  # some errors end it by themselves
            self._file.execute("ROLLBACK")

    def close(self) -> None:
        """Leave one file that needs nothing beside it, and let go of it."""
        try:
            self._file.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._file.close()

    def _values(self, rows: Connections) -> list[Sequence[Stored]]:
        columns: list[Sequence[Stored]] = [table.ids(rows) for table in self._shared]
        for own in self._own:
            columns += own.of(rows)
        return columns


class _Table:
    """What many connections share, each once."""

    def __init__(
        self, file: sqlite3.Connection, name: str, part: Part, fields: Sequence[Field]
    ) -> None:
        self._file = file
        self._fields = fields
        self._insert = insert(name, [field.name for field in fields])
        self._by_value: dict[tuple[Stored, ...], int | None] = {}
        self._ids = PartValues(part, self._id)

    def ids(self, rows: Connections) -> list[int | None]:
        """The number of each row's part; None where it has none."""
        return self._ids.of(rows)

    def forget(self) -> None:
        self._ids.forget()
        self._by_value.clear()

    def _id(self, row: Connection) -> int | None:
        values = tuple([stored(field, field.get(row)) for field in self._fields])
        if not any(value is not None for value in values):
            return None
        if values not in self._by_value:
            if len(self._by_value) >= _ENTRIES:
                self._by_value.clear()
            self._by_value[values] = self._file.execute(self._insert, values).lastrowid
        return self._by_value[values]


class _Columns:
    """What each connection has for itself, as far as it follows from one of its parts."""

    def __init__(self, part: Part, fields: Sequence[Field]) -> None:
        self._is_thread = part is Part.THREAD
        self._fields = fields
        self._values = PartValues(part, self._of)

    def of(self, rows: Connections) -> list[Sequence[Stored]]:
        """A column for each field."""
        if self._is_thread:
            return [rows.tids]
        return list(zip(*self._values.of(rows), strict=True)) or [()] * len(self._fields)

    def forget(self) -> None:
        self._values.forget()

    def _of(self, row: Connection) -> tuple[Stored, ...]:
        return tuple([stored(field, field.get(row)) for field in self._fields])
