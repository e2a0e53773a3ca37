"""The standard streams, as a program is given them."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios

import pytest

from tests.command import environment

SCRIPT = """
import shutil, sys
from app.output import streams
streams.prepare()
print(*shutil.get_terminal_size(), sys.stdout.isatty(), flush=True)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_terminals_size_is_known_however_python_writes(unbuffered: str) -> None:
    outside, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    with os.fdopen(outside, "rb", buffering=0) as terminal:
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            stdin=inside,
            stdout=inside,
            # pytest-xdist sets the two, which would count before the terminal.
            env=environment(PYTHONUNBUFFERED=unbuffered, COLUMNS="", LINES=""),
            check=True,
        )
        os.close(inside)
        assert terminal.read(100).split() == [b"100", b"30", b"True"]
