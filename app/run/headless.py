"""A command without a screen: its output is its own, and what it did is gathered meanwhile."""

from __future__ import annotations

import time
from typing import Final

from app.run.command import BY_SIGNAL, Command
from app.run.contacts import Contacts
from app.run.ran import Ran
from app.run.signals import Signals
from app.session.capture import Capture
from app.session.store import Store

FAILED: Final = 1
_EVERY: Final = 0.02  # seconds between looks at the queue


class HeadlessRun:
    """Runs a command to its end under a capture's eyes."""

    def __init__(
        self,
        capture: Capture,
        command: Command,
        signals: Signals,
        contacts: Contacts | None = None,
        *,
        max_rows: int,
    ) -> None:
        """`max_rows`: connections that are kept for names that come late; all are counted.

        `contacts`: into which; None, new ones.
        """
        self._capture = capture
        self._command = command
        self._signals = signals
        self._store = Store(max_rows)
        self._contacts = Contacts() if contacts is None else contacts

    def run(self) -> Ran:
        """Run to the end, that of the command, or earlier where it is never let go.

        That is where somebody interrupts, or `Capture.failure` says why.

        Raises:
            CommandError: it cannot be run.
        """
        self._capture.start()
        released, seconds = False, 0.0
        try:
            status = self._until_attached()
            if status:
                self._command.abandon()
            else:
                self._command.release()
                released = True
                began = time.monotonic()
                status = self._until_ended()
                seconds = time.monotonic() - began
        finally:
            self._capture.request_stop()
            while self._drain() or not self._capture.progress.ended:
                self._signals.next(_EVERY)
            self._drain()
        self._contacts.add(self._store.rows())
        return Ran(self._capture, self._contacts, seconds, status, released)

    def _until_attached(self) -> int:
        """0, or the status to end with instead."""
        while True:
            progress = self._capture.progress
            if progress.ended:
                return FAILED
            if progress.watching is not None:
                return 0
            told = self._signals.next(_EVERY)
            if told is not None:
                return BY_SIGNAL + told[0]

    def _until_ended(self) -> int:
        """The command's status."""
        while (status := self._command.status) is None:
            told = self._signals.next(_EVERY)
            if told is not None and not told[1]:
                self._command.signal(told[0])
            self._drain()
        return status

    def _drain(self) -> int:
        items = self._capture.drain()
        for item in items:
            self._store.take(item)
        self._contacts.add(self._store.evict())
        return len(items)
