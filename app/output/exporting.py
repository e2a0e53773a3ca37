"""An export at work in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from app.output.export import Exported

_BREATH: Final = 0.001  # seconds after each block of rows


class CancelledError(Exception):
    """The export was cancelled; nothing was left behind."""


class Exporting:
    """Writes a session while everything else goes on; made for one run.

    `total`: rows that are to be written.
    """

    def __init__(self, write: Callable[[Callable[[int], None]], Exported], total: int) -> None:
        """`write`: is given what it has to tell how many rows it has written so far."""
        self.total = total
        self._write = write
        self._written = 0
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._result: Exported | BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="export")

    @property
    def written(self) -> int:
        """Rows so far."""
        return self._written

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self._ended.is_set()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so long."""
        self._ended.wait(seconds)

    def cancel(self) -> None:
        """Ask it to end, and to leave everything as it was; it does so within a block of rows."""
        self._cancelled.set()

    def result(self) -> Exported:
        """What was written, once it has ended; waits for it.

        Raises what `write` raised, or CancelledError.
        """
        self._thread.join()
        if isinstance(self._result, BaseException):
            raise self._result
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._write(self._progress)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asks
            self._result = error
        finally:
            self._ended.set()

    def _progress(self, written: int) -> None:
        self._written = written
        # A thread that computes gives way to another only every 5 ms, and a key takes several
        # turns to be answered: sys.setswitchinterval().
        if self._cancelled.wait(_BREATH):
            raise CancelledError
