"""The dashboard as a person has it: in a terminal, with real connections made beside it."""

from __future__ import annotations

import csv
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65534
# Connects as often as it is told on standard input, and lives until that is closed.
CLIENT = """
import socket, sys
for line in sys.stdin:
    port, times = map(int, line.split())
    for _ in range(times):
        socket.create_connection(("127.0.0.1", port)).close()
    print("done", flush=True)
"""


class Terminal:
    """A tmux window with a shell in it."""

    def __init__(self, columns: int, lines: int, folder: Path) -> None:
        self._name = f"sock-tui-test-{columns}-{time.monotonic_ns()}"
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(folder))

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def keys(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def until(self, told: str | Callable[[str], object], seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        holds = told if callable(told) else lambda screen: re.search(told, screen)
        while not holds(screen := self.screen):
            assert time.monotonic() < deadline, f"never came: {told}\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        self._tmux("kill-server")


@contextmanager
def client(uid: int | None = None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        ["/usr/bin/python3", "-c", CLIENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user=uid,
        group=uid,
        cwd="/",
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def connect(process: subprocess.Popen[str], port: int, times: int) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{port} {times}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where nobody may write, who root becomes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["80x24", "140x40"])
def test_watch_filter_export_quit(size: tuple[int, int], folder: Path) -> None:
    terminal = Terminal(*size, folder)
    try:
        with (
            socket.create_server(("127.0.0.1", 0), backlog=64) as server,
            client() as root,
            client(NOBODY) as nobody,
        ):
            drive(terminal, server.getsockname()[1], root, nobody, folder)
    finally:
        terminal.close()


def drive(
    terminal: Terminal,
    port: int,
    root: subprocess.Popen[str],
    nobody: subprocess.Popen[str],
    folder: Path,
) -> None:
    run = [sys.executable, "-m", "app.cli"]
    terminal.write(f"PYTHONPATH={shlex.quote(str(REPOSITORY))} {shlex.join(run)}; echo status=$?\n")
    terminal.until("Compiling|Attaching|kprobe|tracepoint")
    terminal.until("kprobe|tracepoint", 60)

    connect(root, port, 3)
    connect(nobody, port, 2)
    terminal.until(f"127.0.0.1:{port}")

    # By process: with p, on a row that a filter has brought under the cursor.
    type_filter(terminal, f"pid:{root.pid}")
    terminal.until("Connections 3 ")
    terminal.keys("p")
    type_filter(terminal, "")
    connect(nobody, port, 1)
    connect(root, port, 1)
    terminal.until(f"Connections 4 of .*(\n.*)*pid:{root.pid}")
    export(terminal, "process.csv")
    terminal.keys("p")
    terminal.until(lambda screen: f"pid:{root.pid}" not in screen)

    # By user, the same way.
    type_filter(terminal, f"pid:{nobody.pid}")
    terminal.until("Connections 3 ")
    terminal.keys("u")
    type_filter(terminal, f"port:{port}")
    terminal.until("Connections 3 of .*(\n.*)*user:nobody")
    export(terminal, "user.csv")

    terminal.keys("Escape")
    terminal.until(lambda screen: "user:nobody" not in screen)
    type_filter(terminal, f"port:{port}")
    terminal.until("Connections 7 ")
    export(terminal, "port.csv")

    terminal.keys("q")
    last = terminal.until("status=0")
    assert re.search(r"seen \d+, lost 0", last)
    assert "Traceback" not in last

    made = {root.pid: 4, nobody.pid: 3}
    assert pids(folder / "process.csv", port) == {root.pid: 4}
    assert pids(folder / "user.csv", port) == {nobody.pid: 3}
    assert pids(folder / "port.csv", port) == made
    for row in rows(folder / "port.csv"):
        assert row["process"].startswith("/usr/bin/python3")
        assert row["user"] == ("root" if int(row["pid"]) == root.pid else "nobody")
        assert (row["af"], row["address"]) == ("AF_INET", "127.0.0.1")


def type_filter(terminal: Terminal, text: str) -> None:
    terminal.keys("/")
    terminal.until("escape undoes")
    terminal.keys("C-u")
    time.sleep(0.3)
    if text:
        terminal.write(text)
        terminal.until(re.escape(text))
    terminal.keys("Enter")
    terminal.until(lambda screen: "escape undoes" not in screen)


def export(terminal: Terminal, name: str) -> None:
    terminal.keys("e")
    terminal.until("enter writes")
    terminal.keys("C-u")
    time.sleep(0.3)
    terminal.write(name)
    terminal.until(re.escape(name))
    terminal.keys("Enter")
    # Not what is still said of the export before it.
    terminal.until(lambda screen: "enter writes" not in screen and name in screen)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def pids(path: Path, port: int) -> Counter[int]:
    found = rows(path)
    assert {row["port"] for row in found} == {str(port)}
    return Counter(int(row["pid"]) for row in found)
