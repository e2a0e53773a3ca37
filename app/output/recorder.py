"""A session kept as it happens: a thread that writes, and the queue ahead of it."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC
from pathlib import Path
from typing import Final

from app.output.rights import become
from app.output.session_writer import SessionWriter
from app.output.target import ExportError, check_target, explained
from app.session.capture import Progress
from app.session.store import Store
from probes.connections import Connections
from probes.recordings.session_format import Stored
from probes.source import Item
from probes.text import visible
from probes.timestamp import iso_text

QUEUE_MAX: Final = 1_000_000  # connections that wait to be written
WINDOW: Final = 262_144
"""Connections, the newest, that are changed where more is learned about them."""

_EVERY: Final = 0.5  # seconds from one commit to the next: a second is what may be lost
_BESIDE: Final = ("-wal", "-shm", "-journal")  # files of SQLite's own beside the file


class Recorder:
    """Keeps what a capture gives in a file, which belongs to `owner` and is reached as that user.

    The thread that does so is that user's.
    What cannot be written, since the disk is full or too much waits, is counted; all else goes on.
    """

    def __init__(
        self,
        path: Path,
        *,
        replace: bool,
        owner: tuple[int, int] | None,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """`replace`: a file that is there. `owner`: user and group id; None is who runs this."""
        self.path = path
        self._replace = replace
        self._owner = owner
        self._queue_max = queue_max
        self._queue: deque[Item] = deque()
        self._waiting_in = 0  # connections; each of the two is counted by one thread
        self._waiting_out = 0
        self._refused = 0  # for which there was no room
        self._failed = 0  # which the disk did not take
        self._written = 0
        self._trouble = ""
        self._progress: Callable[[], Progress] = Progress
        self._begun_ns = time.time_ns()
        self._window = Store(WINDOW)
        self._noted: dict[str, Stored] = {}
        self._kept = True
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._refusal: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    @property
    def written(self) -> int:
        """Connections that the file has."""
        return self._written

    @property
    def missing(self) -> int:
        """Connections that it has not, though they were captured."""
        return self._refused + self._failed

    @property
    def trouble(self) -> str:
        """Why connections are missing, for a person; empty while none are."""
        return self._trouble

    def __str__(self) -> str:
        """`12 connections recorded in x.db`, and what is missing there."""
        many = "connection" if self.written == 1 else "connections"
        text = f"{self.written} {many} recorded in {visible(str(self.path))}"
        return f"{text}, {self.missing} not: {self.trouble}" if self.missing else text

    def start(self, progress: Callable[[], Progress]) -> None:
        """Make the file, and start to write; `progress`: how the capture stands.

        Raises ExportError where there can be no such file.
        """
        self._progress = progress
        self._thread.start()
        self._opened.wait()
        if self._refusal is not None:
            raise self._refusal

    def take(self, items: Sequence[Item]) -> None:
        """Keep what a source gave, which is not changed any more. Called by one thread."""
        for item in items:
            many = len(item) if isinstance(item, Connections) else 0
            if self._waiting_in + many - self._waiting_out > self._queue_max:
                self._refused += many
                self._trouble = self._trouble or "it came faster than it could be written"
                continue
            self._waiting_in += many
            self._queue.append(item)

    def stop(self, *, keep: bool = True) -> None:
        """Write what still waits, and close the file; or, without `keep`, remove it."""
        self._kept = keep
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            writer = self._made()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._refusal = error
            return
        finally:
            self._opened.set()
        try:
            with closing(writer):
                self._loop(writer)
        except sqlite3.Error as error:
            self._trouble = self._trouble or _why(error)
        if not self._kept:
            with suppress(OSError):
                self.path.unlink()
        # Where it could not go on, there is no room any more.
        self._queue_max = -1
        self._failed += self._waiting_in - self._waiting_out

    def _made(self) -> SessionWriter:
        """An empty file of the owner's that nobody else may read; raises ExportError."""
        with explained(self.path):
            if self._owner is not None:
                become(*self._owner)
            names = [self.path, *(Path(f"{self.path}{end}") for end in _BESIDE)]
            for name in names:
                check_target(name, self._replace)
            for name in names:
                name.unlink(missing_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(self.path, flags, 0o600))
        try:
            return SessionWriter(self.path)
        except sqlite3.Error as error:
            raise ExportError(f"cannot write {visible(str(self.path))}: {_why(error)}") from error

    def _loop(self, writer: SessionWriter) -> None:
        while True:
            stopping = self._stopping.wait(_EVERY)
            items = [self._queue.popleft() for _ in range(len(self._queue))]
            rows = sum(len(item) for item in items if isinstance(item, Connections))
            facts = self._facts(ended=stopping)
            if items or facts:
                self._keep(writer, items, rows, facts)
            self._waiting_out += rows
            if stopping:
                return

    def _keep(
        self, writer: SessionWriter, items: Sequence[Item], rows: int, facts: dict[str, Stored]
    ) -> None:
        """Write all of it, or nothing, which is counted then."""
        try:
            writer.begin()
            for item in items:
                self._write(writer, item)
            writer.note(facts)
            writer.commit()
        except sqlite3.Error as error:
            self._failed += rows
            self._trouble = self._trouble or _why(error)
            writer.undo()  # the numbers of these rows stay unused
        else:
            self._written += rows
            self._noted |= facts

    def _write(self, writer: SessionWriter, item: Item) -> None:
        window = self._window
        if isinstance(item, Connections):
            first = window.end
            window.take(item)
            window.evict()
            writer.add(first, item)
            return
        changed = [sequence for sequence, _ in window.take(item)]
        if changed:
            writer.change(changed, window.at(changed))

    def _facts(self, *, ended: bool) -> dict[str, Stored]:
        """What the session is, as far as the file does not say it yet."""
        progress = self._progress()
        facts: dict[str, Stored] = {
            "start": iso_text(self._begun_ns, UTC),
            "host": platform.node(),
            "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
            "seen": progress.seen,
            "filtered": progress.filtered,
            "lost": progress.lost,
            "unwritten": self.missing,
        }
        if (watching := progress.watching) is not None:
            day = watching.systems_date
            facts |= {
                "hook": str(watching.hook.kind),
                "hook_target": watching.hook.target,
                "hook_misses": json.dumps(watching.hook.blind_spots),
                "names": None if watching.names is None else "on" if watching.names else "off",
                "names_limits": json.dumps(watching.names_limits),
                "systems_date": day.isoformat() if day else None,
            }
        if ended:
            facts["end"] = iso_text(time.time_ns(), UTC)
        return {
            key: value
            for key, value in facts.items()
            if key not in self._noted or self._noted[key] != value
        }


def _why(error: sqlite3.Error) -> str:
    """SQLite's refusals in words for a person."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return "the disk is full"
    if name.startswith("SQLITE_READONLY"):
        return "it is on a read-only file system"
    return visible(str(error))
