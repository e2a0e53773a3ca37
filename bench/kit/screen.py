"""A program on a terminal of its own, read as it draws."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_ESCAPES: Final = re.compile(
    rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z])"
)
_LINES, _COLUMNS = 40, 140


def start(command: Sequence[str], folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Run `command` in `folder`, on a terminal of its own of 140 by 40.

    Returns the process and the terminal's other side: what is drawn is read there, and nothing
    is drawn that nobody reads.
    """
    outside, inside = os.openpty()
    resize(inside)
    process = subprocess.Popen(
        # setsid makes the terminal the program's own, as a shell's would be.
        ["setsid", "--ctty", *command],
        cwd=folder,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )
    os.close(inside)
    return process, outside


def resize(terminal: int, more: int = 0) -> None:
    """Give the terminal `more` columns than 140. A program whose terminal changes draws it all."""
    size = struct.pack("HHHH", _LINES, _COLUMNS + more, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def without_escapes(drawn: bytes) -> bytes:
    """The text alone."""
    return _ESCAPES.sub(b"", drawn)


def seconds_until(
    command: Sequence[str], marks: Mapping[str, re.Pattern[bytes]], folder: Path, patience: float
) -> dict[str, float]:
    """Run `command` on a terminal of 140 by 40; for each mark the seconds until it was drawn.

    A mark that was not drawn within `patience` seconds is missing. The program is then ended.
    """
    began = time.monotonic()
    process, outside = start(command, folder)
    found: dict[str, float] = {}
    drawn = b""
    try:
        while len(found) < len(marks) and time.monotonic() < began + patience:
            if not select.select([outside], [], [], 0.1)[0]:
                continue
            try:
                drawn += os.read(outside, 1 << 16)
            except OSError:  # EIO: the program has ended
                break
            now = time.monotonic() - began
            text = without_escapes(drawn)
            for name, mark in marks.items():
                if name not in found and mark.search(text):
                    found[name] = now
    finally:
        process.terminate()
        # Whatever it still draws has to go somewhere, or it never ends.
        deadline = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < deadline:
            if select.select([outside], [], [], 0.05)[0]:
                try:
                    os.read(outside, 1 << 16)
                except OSError:
                    break
        process.kill()
        process.wait()
        os.close(outside)
    return found
