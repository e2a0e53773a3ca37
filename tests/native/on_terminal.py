"""The dashboard beside a test, on a terminal that the test holds the other end of."""

from __future__ import annotations

import os
import subprocess
import termios
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.command import command, environment
from tests.native.started import BY_NOBODY, wait_for


class OnTerminal:
    """The dashboard on a terminal of its own, with standard error in a file."""

    def __init__(
        self, errors: Path, *arguments: str | Path, before: Sequence[str | Path] = ()
    ) -> None:
        """`before`: a command that starts it."""
        self._errors = errors
        self.master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.output = b""
        with errors.open("w") as file:
            self.process = subprocess.Popen(
                ["setsid", "--ctty", *map(str, before), *command(*arguments)],
                stdin=slave,
                stdout=slave,
                stderr=file,
                cwd="/",
                env=environment(TERM="xterm-256color", **BY_NOBODY),
            )
        self._reader = threading.Thread(target=self._read, args=[os.dup(self.master)])
        self._open = True
        self._reader.start()

    def _read(self, master: int) -> None:
        while self._open:
            try:
                self.output += os.read(master, 1 << 16)
            except OSError:
                break
        os.close(master)

    def press(self, keys: str, then: str) -> None:
        """As they come from a keyboard; wait until `then` is written, in one piece."""
        seen = len(self.output)
        os.write(self.master, keys.encode())
        wait_for(lambda: then.encode() in self.output[seen:])

    def attached(self) -> None:
        wait_for(lambda: b"tracepoint" in self.output or b"kprobe" in self.output)

    @property
    def said(self) -> list[str]:
        return self._errors.read_text().splitlines()

    def hang_up(self) -> None:
        """As where a window is closed: nobody has the other end any more."""
        self._open = False
        os.write(self.slave, b"x")  # has the reader look
        self._reader.join()
        os.close(self.slave)
        os.close(self.master)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._open:
            self.hang_up()
