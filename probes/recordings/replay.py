"""A recording, played again as a source of connections: a recorded session, JSON lines or CSV."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from math import isinf
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final

from probes.connections import Connections
from probes.errors import ReplayError
from probes.record import Connection, Hook, HookKind, Watching
from probes.recordings import csv_reader
from probes.recordings.csv_reader import CsvError, CsvReader
from probes.recordings.json_line import JsonLineError
from probes.recordings.json_reader import JsonReader
from probes.recordings.pace import Pace
from probes.recordings.session_format import MAGIC
from probes.recordings.unhurried import Unhurried
from probes.source import Sink
from probes.text import visible

__all__ = ["BATCH", "LONGEST_LINE", "ReplayError", "ReplaySource"]

BATCH: Final = 1000
"""The most connections that are handed over in one turn, of lines."""

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Bytes; the longest arguments that Linux passes (2 MB) fit in, each byte written as six."""

_LOOK: Final = 0.05  # seconds between looks at a pace that somebody may change


class ReplaySource:
    """Plays the connections of a recording, in its order, with its times.

    What it is shows in its first bytes, whatever it is called. `hook`: what the sink is told that
    lines were captured with; None is the recording itself. `pace`: how fast; all at once without.
    """

    def __init__(self, path: Path, *, hook: Hook | None = None, pace: Pace | None = None) -> None:
        self._path = path
        self._hook = hook or Hook(HookKind.RECORDING, path.name)
        self._pace = pace or Pace()

    def run(self, sink: Sink, stopped: Event) -> None:
        """Play until the end of the recording, or until `stopped` is set.

        What stands before something that cannot be read is handed over first. Raises ReplayError.
        """
        sink.progress(f"reading {visible(self._path.name)}")
        try:
            if self._path.is_file() and _begins(self._path, MAGIC):
                self._play_session(sink, stopped)
                return
            raw = Unhurried(self._path, stopped)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        with io.BufferedReader(raw, 1 << 16) as file:
            sink.attached(Watching(self._hook, names=None, systems_date=None))
            self._play_lines(raw, file, sink, stopped)

    @property
    def _name(self) -> str:
        return visible(str(self._path))

    def _unreadable(self, error: Exception) -> ReplayError:
        why = error.strerror if isinstance(error, OSError) else None
        return ReplayError(f"cannot read {self._name}: {why or error}")

    def _play_session(self, sink: Sink, stopped: Event) -> None:
        from probes.recordings.session_reader import SessionReader  # sqlite3 takes 5 ms to load

        reader = SessionReader(self._path, stopped)
        try:
            sink.attached(reader.watching(self._path.name))
            sink.lost(reader.lost)
            sink.filtered(reader.filtered)
            for rows in reader.pieces():
                if not self._hand_over(rows, sink, stopped):
                    return
        finally:
            reader.close()

    def _play_lines(self, raw: Unhurried, file: BinaryIO, sink: Sink, stopped: Event) -> None:
        batch: list[Connection] = []

        def flush() -> None:
            rows = Connections.of(batch)
            batch.clear()
            self._hand_over(rows, sink, stopped)

        raw.waiting = flush
        try:
            for connection in self._connections(file, sink, stopped):
                if stopped.is_set():
                    return
                batch.append(connection)
                if len(batch) >= BATCH:
                    flush()
        finally:
            flush()

    def _hand_over(self, rows: Connections, sink: Sink, stopped: Event) -> bool:
        """Give the rows to the sink as the pace lets them; False where it was stopped."""
        done = 0
        while done < len(rows) and not stopped.is_set():
            until = self._pace.due(rows.times, done)
            if until > done:
                whole = until - done == len(rows)
                sink.take([rows if whole else rows.piece(done, until)])
                done = until
            else:
                ahead = self._pace.ahead(rows.times[done])
                stopped.wait(_LOOK if isinf(ahead) else min(ahead, _LOOK))
        return not stopped.is_set()

    def _connections(self, file: BinaryIO, sink: Sink, stopped: Event) -> Iterator[Connection]:
        read = JsonReader()
        lines = self._lines(file, stopped)
        first = next(lines, "")
        lines = chain([first], lines)
        if first.startswith(csv_reader.START):
            yield from self._csv_rows(lines, read.connection, sink)
            return
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield read(line)
                except JsonLineError as error:
                    raise ReplayError(f"{self._name}, line {number}: {error}") from None

    def _csv_rows(
        self,
        lines: Iterator[str],
        read: Callable[[Mapping[str, object]], Connection],
        sink: Sink,
    ) -> Iterator[Connection]:
        csv = CsvReader(lines, LONGEST_LINE)
        missing = 0
        try:
            for values in csv.rows():
                if csv.missing != missing:
                    missing = csv.missing
                    sink.lost(missing)
                yield read(values)
        except (CsvError, JsonLineError) as error:
            raise ReplayError(f"{self._name}, line {csv.line}: {error}") from None

    def _lines(self, file: BinaryIO, stopped: Event) -> Iterator[str]:
        number = 0
        while raw := self._line(file):
            number += 1
            where = f"{self._name}, line {number}"
            if stopped.is_set() and not raw.endswith(b"\n"):
                return  # the rest of the line was not waited for
            if number == 1 and raw.startswith(MAGIC):
                raise ReplayError(f"{self._name}: a recorded session cannot come through a pipe")
            if len(raw) > LONGEST_LINE:
                raise ReplayError(f"{where}: expected a line of at most {LONGEST_LINE} bytes")
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                raise ReplayError(f"{where}: expected UTF-8 text") from None

    def _line(self, file: BinaryIO) -> bytes:
        try:
            return file.readline(LONGEST_LINE + 1)
        except OSError as error:
            raise self._unreadable(error) from error


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start
