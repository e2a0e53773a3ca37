"""A recorded session read back from its SQLite file, whoever made that and whatever it holds."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any, Final
from urllib.parse import quote

from probes.connections import Connections
from probes.errors import ReplayError
from probes.record import Hook, HookKind, Watching
from probes.recordings.fields import Field
from probes.recordings.session_format import APPLICATION_ID, OWN_FIELDS, SHARED, VERSION
from probes.recordings.session_parts import THREAD, SessionParts, named
from probes.text import visible

BATCH: Final = 4096
"""The most connections that are given in one piece."""

_LONGEST: Final = 16 * 1024 * 1024  # bytes of a value: the arguments of a process, and more
_LOOK_EVERY: Final = 10_000  # of SQLite's instructions: a hostile file can make them many
_TABLES: Final = ("meta", "connection", *SHARED)


class SessionReader:
    """Reads a file that `app.output.session_writer` wrote, also while it is still written.

    Nothing in the file can make it write, run code or read another file. For one thread.
    """

    def __init__(self, path: Path, stopped: Event) -> None:
        """`stopped`: ends every reading. Raises ReplayError."""
        self._name = visible(str(path))
        self._stopped = stopped
        with self._explained():
            self._file = _opened(path)
        try:
            with self._explained():
                self._file.set_progress_handler(stopped.is_set, _LOOK_EVERY)
                self._check()
                self._selects = {table: self._select(table) for table in SHARED}
                self._meta = dict(self._file.execute("SELECT key, value FROM meta LIMIT 1000"))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def lost(self) -> int:
        """What the session is missing: lost in the kernel, or not written."""
        return sum(self._number(key) for key in ("lost", "unwritten"))

    @property
    def filtered(self) -> int:
        """Connections that were not asked for."""
        return self._number("filtered")

    def watching(self, name: str) -> Watching:
        """What was watched, under the file's `name`."""
        names, day = self._meta.get("names"), self._meta.get("systems_date")
        hook = Hook(HookKind.RECORDING, name, self._texts("hook_misses"))
        known = {"on": True, "off": False}.get(str(names))
        return Watching(hook, known, _date(day), self._texts("names_limits"))

    def pieces(self) -> Iterator[Connections]:
        """All connections, in the order in which they came. Raises ReplayError."""
        with self._explained():
            own = [field for field in OWN_FIELDS if field.name != THREAD]
            own = self._there("connection", own)
            columns = ["seq", "time_ns", THREAD, *(f"{table}_id" for table in SHARED)]
            columns += [field.name for field in own]
            parts = SessionParts(self, own)
            every = f"SELECT {', '.join(columns)} FROM connection ORDER BY seq"  # noqa: S608 - ours
            rows = self._file.execute(every)
            while some := rows.fetchmany(BATCH):
                yield self._piece(some, parts)

    def _piece(self, rows: Sequence[tuple[Any, ...]], parts: SessionParts) -> Connections:
        piece = parts.of(rows)
        try:
            times = array("q", [row[1] for row in rows])
            tids = array("I", [row[2] for row in rows])
        except (TypeError, OverflowError):
            raise self.wrong(rows[0][0], "times and threads must be whole numbers") from None
        if min(times) < 0:
            raise self.wrong(rows[0][0], "a time must not be ahead of 1970")
        piece.times, piece.tids = times, tids
        return piece

    def values(self, table: str, number: object) -> Mapping[str, object]:
        """The fields of one row of a table of what connections share, by name."""
        if number is None:
            return {field.name: None for field in SHARED[table][1]}
        fields, select = self._selects[table]
        row = self._file.execute(select, (number,)).fetchone()
        if row is None:
            raise ReplayError(f"{self._name} is damaged: {table} {_short(number)} is missing")
        return named(fields, row[1:])

    def wrong(self, number: object, why: object) -> ReplayError:
        """The error for a connection that cannot be read."""
        return ReplayError(f"{self._name}, connection {_short(number)}: {why}")

    def _there(self, table: str, fields: Sequence[Field]) -> list[Field]:
        """Those of `fields` that the table has: an older program's lacks some."""
        there = {str(row[1]) for row in self._file.execute(f"PRAGMA table_info({table})")}
        return [field for field in fields if field.name in there]

    def _select(self, table: str) -> tuple[list[Field], str]:
        """The fields of a table of what connections share, and the statement for one row."""
        fields = self._there(table, SHARED[table][1])
        names = ", ".join(["id", *(field.name for field in fields)])
        return fields, f"SELECT {names} FROM {table} WHERE id = ?"  # noqa: S608 - names of ours

    def _check(self) -> None:
        """Refuse what is not such a file. Views and virtual tables in its tables' place too."""
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise ReplayError(f"{self._name} is a database, but not one of sock-tui's")
        if version > VERSION:
            raise ReplayError(
                f"{self._name} was written by a newer sock-tui: its form is {version}, and this "
                f"one reads up to {VERSION}. Update sock-tui"
            )
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
        there = {name for (name,) in self._file.execute(tables)}
        if missing := [table for table in _TABLES if table not in there]:
            raise ReplayError(f"{self._name} is damaged: it has no table {missing[0]}")

    def _number(self, key: str) -> int:
        value = self._meta.get(key)
        return value if isinstance(value, int) and 0 <= value < 2**63 else 0

    def _texts(self, key: str) -> tuple[str, ...]:
        try:
            texts = json.loads(str(self._meta.get(key, "[]")))
        except (ValueError, RecursionError):
            return ()
        return tuple(map(str, texts)) if isinstance(texts, list) else ()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            if self._stopped.is_set():  # it was interrupted
                return
            raise ReplayError(f"cannot read {self._name}: {visible(str(error))}") from error


def _opened(path: Path) -> sqlite3.Connection:
    """The database, to be read only.

    Where nothing waits beside it to be taken in, nobody writes it and SQLite needs no files of its
    own there: it may lie on a read-only disk.
    """
    waiting = Path(f"{path}-wal")
    alone = not waiting.exists() or waiting.stat().st_size == 0
    name = f"file:{quote(str(path.absolute()))}?{'immutable=1' if alone else 'mode=ro'}"
    file = sqlite3.connect(name, uri=True, isolation_level=None)
    try:
        file.text_factory = _text
        file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        for safe in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            file.execute(f"PRAGMA {safe}")
        file.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # reads it
    except BaseException:
        file.close()
        raise
    return file


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _short(value: object) -> str:
    return visible(str(value))[:40]
