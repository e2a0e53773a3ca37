"""The programs that are measured: started, waited for until they are attached, ended."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.machine import REPOSITORY, with_tracefs
from probes.requirements import libc_path

PEERS: Final = REPOSITORY / "bench" / "peers"
PATIENCE: Final = 60.0  # seconds, for a start or an end
_SPAN: Final = 0.005  # seconds between two looks


class ToolError(Exception):
    """A program could not be started, or did not end; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that watches connect() and getaddrinfo().

    `command`: makes its command line, given a folder of its own to write to. `attached`: whether
    it is, by what it printed so far (standard output, standard error). `lost`: finds in what it
    printed how many events it says it lost.
    """

    name: str
    command: Callable[[Path], list[str]]
    attached: Callable[[str, str], bool]
    lost: re.Pattern[str]


@dataclass(slots=True)
class Run:
    """A tool at work. `attached_s`: seconds from its execution until it was attached.

    `lost`: the events that it said it lost, once it has ended.
    """

    attached_s: float
    lost: int = 0


@contextmanager
def running(tool: Tool, folder: Path, core: int | None = None) -> Iterator[Run]:
    """Start `tool` (on one core, where given), yield once it is attached, then end it.

    Raises ToolError.
    """
    folder.mkdir()
    command = tool.command(folder)
    if core is not None:
        command = ["taskset", "--cpu-list", str(core), *command]
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        try:
            while not tool.attached(_text(out), _text(err)):
                took = time.monotonic() - began
                if process.poll() is not None or took > PATIENCE:
                    raise ToolError(f"{tool.name} did not attach: {_text(err).strip()[-500:]}")
                time.sleep(_SPAN)
            run = Run(time.monotonic() - began)
            yield run
            _end(process, tool)
        finally:
            process.kill()
            process.wait()
    run.lost = sum(map(int, tool.lost.findall(_text(err) + _text(out))))


def _end(process: subprocess.Popen[bytes], tool: Tool) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        # More than once: bpftrace takes no notice of a signal that comes while it prints.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            continue
        return
    raise ToolError(f"{tool.name} did not end within {PATIENCE:.0f} s of SIGINT")


def sock_tui(*options: str) -> Tool:
    """sock-tui without a screen; `options` beyond the hook."""
    return Tool(
        "sock-tui",
        lambda folder: [
            *(sys.executable, "-m", "app.cli", "--hook", "tracepoint"),
            *(option.replace("FOLDER", str(folder)) for option in options),
        ],
        lambda _out, err: "capturing:" in err,
        re.compile(r"\blost (\d+)"),
    )


def printing_tool() -> Tool:
    """A BCC tool that prints a line for each event, as tcpconnect does."""
    return Tool(
        "BCC, a line an event",
        lambda _folder: [sys.executable, str(PEERS / "printing.py")],
        lambda _out, err: "capturing" in err,
        re.compile(r"\blost (\d+)"),
    )


def bpftrace() -> Tool | None:
    """The same in a few lines of bpftrace; None where that is not installed."""
    if shutil.which("bpftrace") is None:
        return None

    def command(folder: Path) -> list[str]:
        program = (PEERS / "connects.bt").read_text().replace("LIBC", libc_path())
        (folder / "connects.bt").write_text(program)
        return with_tracefs(["bpftrace", "-B", "line", str(folder / "connects.bt")])

    return Tool("bpftrace, a line an event", command, _sees, re.compile(r"\bLost (\d+) events"))


def _sees(out: str, _err: str) -> bool:
    """Whether the tool has printed a connection: one more is made for it to see."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))
    return "127.0.0.1" in out


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(1 << 20).decode("utf-8", "replace")
