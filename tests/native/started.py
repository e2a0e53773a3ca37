"""`sock-tui` at work beside a test, as root that a user called by sudo."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.command import NOBODY, command, environment

PATIENCE_S = float(os.environ.get("SOCK_TUI_PATIENCE_S", "40"))  # an emulated machine takes more
BY_NOBODY = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY), "PYTHONDONTWRITEBYTECODE": "1"}


class Started:
    """One process, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid
        self.lines: list[str] = []
        self.said: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=[stream, into])
            for stream, into in ((process.stdout, self.lines), (process.stderr, self.said))
        ]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(stream: Any, into: list[str]) -> None:
        for line in stream:
            into += [line.rstrip("\n")]

    def row(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first line of `--json` for which it holds, waited for."""
        return wait_for(lambda: next(filter(holds, map(json.loads, list(self.lines))), None))

    def end(self, number: int = signal.SIGINT) -> int:
        """Send it a signal, and wait; its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join()
        return status

    @property
    def last(self) -> str:
        return self.said[-1] if self.said else ""


def wait_for(found: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What it gives, once that is true."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return value


@contextmanager
def started(
    *arguments: str | Path,
    before: Sequence[str | Path] = (),
    cwd: str | Path = "/",
    **changes: str,
) -> Iterator[Started]:
    """`sock-tui` with `arguments`, once it captures. `before`: a command that starts it.

    `changes`: to the environment.
    """
    process = subprocess.Popen(
        [*map(str, before), *command(*arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(**changes),
    )
    it = Started(process)
    try:
        wait_for(lambda: process.poll() is not None or is_capturing(it))
        yield it
    finally:
        process.kill()
        it.wait()


def is_capturing(it: Started) -> bool:
    return any(line.startswith("capturing:") for line in it.said)


def sums(line: str) -> dict[str, int]:
    """What a last line counts: seen, lost, evicted, kept ... Others' doings may be filtered out."""
    found = {name: int(number) for name, number in re.findall(r"([a-z ]+) (\d+)", line)}
    return {"kept": found["seen"], **{name.strip(): number for name, number in found.items()}}


def threads_of(pid: int) -> list[dict[str, str]]:
    """What /proc says of each thread of a process."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        text = Path(f"/proc/{pid}/task/{thread}/status").read_text()
        found.append(dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line))
    return found


def children_of(pid: int) -> list[int]:
    return [
        int(child)
        for thread in os.listdir(f"/proc/{pid}/task")
        for child in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
    ]


def connect(port: int, times: int = 1) -> None:
    """This process does, over UDP: nobody need be there."""
    for _ in range(times):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("127.0.0.1", port))
