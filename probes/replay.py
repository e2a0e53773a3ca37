"""A recording made with `--json`, played again as a source of connections."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, Final

from probes.connections import Connections
from probes.errors import SourceError
from probes.json_reader import JsonLineError, JsonReader
from probes.record import Connection, Hook, Watching
from probes.source import Sink
from probes.text import visible

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BATCH: Final = 1000
"""The most connections that are handed over in one turn."""

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Bytes; the longest arguments that Linux passes (2 MB) fit in, each byte written as six."""


_LOOK_EVERY_MS: Final = 100


class ReplayError(SourceError):
    """A recording cannot be read; the message names the file and what to look at."""


class ReplaySource:
    """Plays the connections of a recording, in its order, with its times.

    `hook`: the hook of the recorded capture, which the recording does not carry; it is what the
    sink is told. `speed`: 1 plays at the recording's own pace, 2 at twice that; None hands
    everything over as fast as it can be read.
    """

    def __init__(self, path: Path, *, hook: Hook, speed: float | None = None) -> None:
        if speed is not None and not (isfinite(speed) and speed > 0):
            raise ValueError(f"speed must be a number above 0, not {speed}")
        self._path = path
        self._hook = hook
        self._speed = speed

    def run(self, sink: Sink, stopped: Event) -> None:
        """Play until the end of the recording, or until `stopped` is set.

        What stands before a line that cannot be read is handed over first. Raises ReplayError.
        """
        sink.progress(f"reading {visible(self._path.name)}")
        batch: list[Connection] = []
        try:
            raw = _Unhurried(self._path, stopped, lambda: _hand_over(batch, sink))
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        with io.BufferedReader(raw, 1 << 16) as file:
            sink.attached(Watching(self._hook, names=None, systems_date=None))
            self._play(file, batch, sink, stopped)

    @property
    def _name(self) -> str:
        return visible(str(self._path))

    def _unreadable(self, error: Exception) -> ReplayError:
        why = error.strerror if isinstance(error, OSError) else None
        return ReplayError(f"cannot read {self._name}: {why or error}")

    def _play(self, file: BinaryIO, batch: list[Connection], sink: Sink, stopped: Event) -> None:
        pace = None if self._speed is None else _Pace(self._speed)
        try:
            for connection in self._connections(file, stopped):
                if pace and (ahead := pace.ahead(connection.time_ns)) > 0:
                    _hand_over(batch, sink)
                    stopped.wait(ahead)
                if stopped.is_set():
                    return
                batch.append(connection)
                if len(batch) >= BATCH:
                    _hand_over(batch, sink)
        finally:
            _hand_over(batch, sink)

    def _connections(self, file: BinaryIO, stopped: Event) -> Iterator[Connection]:
        read = JsonReader()
        for number, raw in enumerate(self._lines(file), start=1):
            if not raw.strip():
                continue
            where = f"{self._name}, line {number}"
            if stopped.is_set() and not raw.endswith(b"\n"):
                return  # the rest of the line was not waited for
            if len(raw) > LONGEST_LINE:
                raise ReplayError(f"{where}: expected a line of at most {LONGEST_LINE} bytes")
            try:
                connection = read(raw.decode("utf-8"))
            except UnicodeDecodeError:
                raise ReplayError(f"{where}: expected UTF-8 text") from None
            except JsonLineError as error:
                raise ReplayError(f"{where}: {error}") from None
            yield connection

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        try:
            while raw := file.readline(LONGEST_LINE + 1):
                yield raw
        except OSError as error:
            raise self._unreadable(error) from error


class _Unhurried(io.RawIOBase):
    """A file or a pipe that may stay silent for as long as it likes.

    It ends when `stopped` is set; `waiting` is called whenever there is nothing to read yet.
    """

    def __init__(self, path: Path, stopped: Event, waiting: Callable[[], None]) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopped = stopped
        self._waiting = waiting
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if not self._poll.poll(0):
                self._waiting()
                while not self._poll.poll(_LOOK_EVERY_MS):
                    if self._stopped.is_set():
                        return 0
            with suppress(BlockingIOError):  # another reader of the pipe was faster
                return os.readv(self._fd, [view])

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


class _Pace:
    """When a recorded moment comes, counted from the first one that was asked about."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._begun = monotonic()
        self._first_ns: int | None = None

    def ahead(self, time_ns: int) -> float:
        """Seconds until `time_ns` is due; below 0 where it has passed."""
        if self._first_ns is None:
            self._first_ns = time_ns
            self._begun = monotonic()
        due = (time_ns - self._first_ns) / 1e9 / self._speed
        return due - (monotonic() - self._begun)


def _hand_over(batch: list[Connection], sink: Sink) -> None:
    if batch:
        sink.take([Connections.of(batch)])
        batch.clear()
