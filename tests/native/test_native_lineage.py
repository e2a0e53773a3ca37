"""Who made a process that was there before the capture began."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.live_capture import PORTS, capturing

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

ADDRESS = "127.77.22.1"
# Reads a line from a pipe before it connects; its maker waits for the end of its own input.
CONNECT = (
    "import os, socket, sys; os.read(int(sys.argv[3]), 1);"
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((sys.argv[1], int(sys.argv[2])))"
)
MAKER = (
    "import subprocess, sys;"
    "print(subprocess.Popen(sys.argv[2:], pass_fds=[int(sys.argv[1])]).pid, flush=True);"
    "sys.stdin.read()"
)


def test_it_is_known_from_the_start_and_kept_when_it_ends() -> None:
    reading, writing = os.pipe()
    child = [sys.executable, "-c", CONNECT, ADDRESS, str(PORTS[0]), str(reading)]
    command = [sys.executable, "-c", MAKER, str(reading), *child]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[reading]
    ) as maker:
        assert maker.stdin is not None
        assert maker.stdout is not None
        pid = int(maker.stdout.readline())
        with capturing(names=False) as told:
            maker.stdin.close()
            maker.wait()
            os.write(writing, b"\n")
            [row] = told.of(pid, PORTS[0])
    os.close(reading)
    os.close(writing)
    assert [each.pid for each in row.process.parents] == [maker.pid, *above(os.getpid())]
    assert row.process.parent == maker.pid
    assert row.process.parents[0].args[1:3] == ("-c", MAKER)


def above(pid: int) -> list[int]:
    """A process and those above it."""
    line = []
    while pid:
        line.append(pid)
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
    return line
