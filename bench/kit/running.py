"""A program at work: started, waited for until it is attached, looked at meanwhile, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.machine import REPOSITORY
from kit.screen import resize, start

PATIENCE: Final = 60.0  # seconds, for a start
_LONG: Final = 300.0  # seconds, for an end: a session of millions of rows may have to be written
_SPAN: Final = 0.005  # seconds between two looks
_AGAIN: Final = 1.0  # seconds between two signals


class ToolError(Exception):
    """A program could not be started, or did not end; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that watches connect() and getaddrinfo().

    `command`: makes its command line, given a folder of its own to write to. `attached`: whether
    it is, by what it printed so far (standard output, standard error). `lost`: how many
    events it says it lost, and `rows`: how many of the generator's connections it has, both by
    what it left in its folder, once it has ended. `on_screen`: it runs on a terminal, and is ended
    by SIGTERM instead of SIGINT.
    """

    name: str
    command: Callable[[Path], list[str]]
    attached: Callable[[str, str], bool]
    lost: Callable[[Path], int]
    rows: Callable[[Path], int]
    on_screen: bool = False


@dataclass(slots=True)
class Run:
    """A tool at work. `attached_s`: seconds from its execution until it was attached.

    `folder`: holds what it prints, as `stdout` (all that is drawn, of one on a screen) and
    `stderr`. Once it has ended: `lost`, the events that it says it lost, and
    `cpu_s`, processor seconds of it and its children.
    """

    folder: Path
    attached_s: float
    pids: tuple[int, ...]
    terminal: int | None = None
    lost: int = 0
    cpu_s: float = 0.0

    def cpu(self) -> float:
        """Processor seconds so far."""
        # The kernel's number for another process's clock: clock_getcpuclockid(3).
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids)

    def resident(self) -> int:
        """Bytes in memory now."""
        return self._memory(b"VmRSS")

    def peak(self) -> int:
        """The most bytes in memory that there ever were."""
        return self._memory(b"VmHWM")

    def redraw(self, more: int) -> None:
        """Have all of a screen drawn anew, by giving it `more` columns than it had at first."""
        assert self.terminal is not None
        resize(self.terminal, more)

    def press(self, keys: str) -> None:
        """Type on a screen's keyboard."""
        assert self.terminal is not None
        os.write(self.terminal, keys.encode())

    def _memory(self, what: bytes) -> int:
        found = re.compile(what + rb":\s*(\d+) kB")
        return 1024 * sum(
            sum(map(int, found.findall(Path(f"/proc/{pid}/status").read_bytes())))
            for pid in self.pids
        )


@contextmanager
def running(
    tool: Tool, folder: Path, core: int | None = None, patience: float = PATIENCE
) -> Iterator[Run]:
    """Start `tool` (on one core, where given), yield once it is attached, then end it.

    `patience`: seconds for it to attach. Raises ToolError.
    """
    folder.mkdir()
    command = tool.command(folder)
    if core is not None:
        command = ["taskset", "--cpu-list", str(core), *command]
    out, err = folder / "stdout", folder / "stderr"
    began = time.monotonic()
    process, terminal, copier = _start(tool, command, out, err)
    try:
        while not tool.attached(_text(out), _text(err)):
            took = time.monotonic() - began
            if process.poll() is not None or took > patience:
                said = (_text(err) + _text(out)).strip()[-500:]
                raise ToolError(f"{tool.name} did not attach: {said}")
            time.sleep(_SPAN)
        attached_s = time.monotonic() - began
        run = Run(folder, attached_s, (process.pid, *_descendants(process.pid)), terminal)
        yield run
        run.cpu_s = _end(process, tool)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        if copier is not None and terminal is not None:
            copier.join()
            os.close(terminal)
    run.lost = tool.lost(folder)


def _start(
    tool: Tool, command: list[str], out: Path, err: Path
) -> tuple[subprocess.Popen[bytes], int | None, threading.Thread | None]:
    with out.open("wb") as stdout, err.open("wb") as stderr:
        if not tool.on_screen:
            null = subprocess.DEVNULL
            process = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=null, stdout=stdout, stderr=stderr
            )
            return process, None, None
    process, terminal = start(command, REPOSITORY)
    copier = threading.Thread(target=_copy, args=(terminal, out), daemon=True)
    copier.start()
    return process, terminal, copier


def _copy(terminal: int, path: Path) -> None:
    """Keep all that is drawn, until the program has let go of its terminal."""
    with path.open("wb", buffering=0) as file:
        try:
            while drawn := os.read(terminal, 1 << 16):
                file.write(drawn)
        except OSError:  # EIO
            return


def _end(process: subprocess.Popen[bytes], tool: Tool) -> float:
    """Have it end; its processor seconds, with those of its children."""
    began = time.monotonic()
    signalled = None
    while time.monotonic() < began + _LONG:
        # SIGINT more than once: bpftrace takes no notice of one that comes while it prints.
        if signalled is None or (not tool.on_screen and time.monotonic() > signalled + _AGAIN):
            # Popen's own way to signal would take its status away where it has just ended.
            os.kill(process.pid, signal.SIGTERM if tool.on_screen else signal.SIGINT)
            signalled = time.monotonic()
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        time.sleep(_SPAN)
    raise ToolError(f"{tool.name} did not end within {_LONG:.0f} s")


def _descendants(ancestor: int) -> list[int]:
    """Processes that `ancestor` started, and those that they did."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = path.read_text(errors="replace").partition(" (")
        except OSError:  # it ended meanwhile
            continue
        parent = int(rest.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(pid))
    found, waiting = [], [ancestor]
    while waiting:
        started = children.get(waiting.pop(), [])
        found += started
        waiting += started
    return found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(1 << 20).decode("utf-8", "replace")
