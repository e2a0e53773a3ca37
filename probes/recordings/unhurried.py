"""A file or a pipe that may stay silent for as long as it likes."""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LOOK_EVERY_MS: Final = 100


class Unhurried(io.RawIOBase):
    """Gives the bytes of a file or a pipe as they come.

    It ends when `stopped` is set; `waiting` is called whenever there is nothing to read yet.
    """

    def __init__(self, path: Path, stopped: Event) -> None:
        """Raises OSError, or ValueError where `path` cannot be a file's name."""
        self.waiting: Callable[[], None] = lambda: None
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopped = stopped
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what there is, once there is something; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while True:
            if not self._poll.poll(0):
                self.waiting()
                while not self._poll.poll(_LOOK_EVERY_MS):
                    if self._stopped.is_set():
                        return 0
            with suppress(BlockingIOError):  # another reader of the pipe was faster
                return os.readv(self._fd, [view])

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._fd)
        super().close()
