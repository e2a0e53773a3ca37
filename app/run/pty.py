"""A terminal of the command's own, whose other end is read here."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import threading
from typing import Final

_CHUNK: Final = 65_536  # bytes
_KEPT: Final = 262_144  # bytes that wait to be taken; then the command waits, as at any terminal


class Pty:
    """What the command prints, read in a thread from `start` on until nobody has it open."""

    def __init__(self) -> None:
        self._ours, self.theirs = os.openpty()
        self._size = (0, 0)
        self._waiting = bytearray()
        self._room = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come and all was taken."""
        return self._ended and not self._waiting

    def start(self) -> None:
        """Begin to read, once the command has its end."""
        os.close(self.theirs)
        self._thread.start()

    def resize(self, columns: int, lines: int) -> None:
        """Tell the command how much room there is; it gets SIGWINCH."""
        if columns > 0 and lines > 0 and (columns, lines) != self._size:
            self._size = columns, lines
            packed = struct.pack("4H", lines, columns, 0, 0)
            fcntl.ioctl(self._ours, termios.TIOCSWINSZ, packed)

    def take(self, most: int) -> bytes:
        """What was printed since the last call, `most` bytes of it."""
        with self._room:
            taken = bytes(self._waiting[:most])
            del self._waiting[:most]
            self._room.notify()
        return taken

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, _CHUNK)
            except OSError:  # EIO: the last one who had it open has closed it
                data = b""
            with self._room:
                if not data:
                    self._ended = True
                    return
                self._waiting += data
                self._room.wait_for(lambda: len(self._waiting) < _KEPT)
