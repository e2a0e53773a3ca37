"""Every connection of a program is accounted for, also where it made more than can be kept."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import command, environment
from tests.native.started import (
    BY_NOBODY,
    PATIENCE_S,
    Started,
    children_of,
    started,
    threads_of,
    wait_for,
)
from tests.native.test_native_faults import OnTerminal

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

PORT = 20_061
FEW, MANY = 3_000, 400_000  # the ring holds some 230,000
KEPT = 1_000
# Connects as often as it is told on standard input, by turns to two ports.
GENERATOR = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
places = [("127.0.0.1", int(sys.argv[1])), ("127.0.0.1", int(sys.argv[1]) + 1)]
for line in sys.stdin:
    for number in range(int(line)):
        one.connect(places[number & 1])
    print("done", flush=True)
"""


class Generator:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", GENERATOR, str(PORT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = str(self.process.pid)
        self.made = 0

    def make(self, many: int) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{many}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"
        self.made += many

    def beyond_what_fits(self, reader: int) -> None:
        """More than the ring holds while that process stands still, and some around them."""
        self.make(FEW)
        subprocess.run(["kill", "-STOP", str(reader)], check=True)
        self.make(MANY)
        subprocess.run(["kill", "-CONT", str(reader)], check=True)
        time.sleep(2)  # until there is room in the ring
        self.make(FEW)


@pytest.fixture
def generator() -> Iterator[Generator]:
    made = Generator()
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that anybody may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def sums(said: list[str]) -> dict[str, int]:
    """The last line's numbers. What is not in it is 0, but for what was kept: all, then."""
    [line] = [line for line in said if line.startswith("seen ")]
    found = dict.fromkeys(("filtered out", "folded", "overflowed", "evicted"), 0)
    for part in line.split(", "):
        what, _, number = part.rpartition(" ")
        found[what] = int(number)
    found.setdefault("kept", found["seen"])
    parts = ("kept", "evicted", "filtered out", "folded", "overflowed")
    assert found["seen"] == sum(found[part] for part in parts), line
    return found


@pytest.mark.parametrize("mode", ["--plain", "--json", "--export", "--record"])
def test_what_is_seen_and_what_is_lost_is_all_there_was(
    mode: str, generator: Generator, shared: Path
) -> None:
    path = shared / "session"
    target = [path] if mode in ("--export", "--record") else []
    with started(mode, *target, "--pid", generator.pid, **BY_NOBODY) as it:
        generator.beyond_what_fits(it.pid)
        assert it.end() == 0
    found = sums(it.said)
    assert found["lost"] > 0
    assert found["seen"] - found["filtered out"] + found["lost"] == generator.made
    if mode == "--export":
        assert rows_in(path) == found["kept"]
    elif mode == "--record":
        assert it.last.startswith(f"{found['kept']} connections recorded")
    else:
        assert len(it.lines) == found["kept"] + (mode == "--plain")


def test_of_rows_that_are_evicted(generator: Generator, shared: Path) -> None:
    path = shared / "session.csv"
    flags = ["--export", path, "--max-rows", str(KEPT), "--pid", generator.pid]
    with started(*flags, **BY_NOBODY) as it:
        generator.beyond_what_fits(it.pid)
        assert it.end() == 0
    found = sums(it.said)
    assert (found["kept"], found["evicted"] > 0, found["lost"] > 0) == (KEPT, True, True)
    assert found["seen"] - found["filtered out"] + found["lost"] == generator.made
    assert rows_in(path) == KEPT


def rows_in(path: Path) -> int:
    with path.open(newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def test_of_rows_that_are_filtered_out(generator: Generator) -> None:
    flags = ["--json", "--filter", f"pid:{generator.pid} port:{PORT}"]
    with started(*flags, **BY_NOBODY) as it:
        generator.make(20_000)
        wait_for(lambda: len(it.lines) == 10_000)
        assert it.end() == 0
    found = sums(it.said)
    assert (found["kept"], found["lost"]) == (10_000, 0)
    assert found["filtered out"] >= 10_000


def test_of_the_dashboard(generator: Generator, shared: Path) -> None:
    it = OnTerminal(shared / "errors", "--max-rows", str(KEPT), "--pid", generator.pid)
    try:
        it.attached()
        generator.beyond_what_fits(it.process.pid)
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(PATIENCE_S) == 0
        found = sums(it.said)
        assert (found["kept"], found["lost"] > 0) == (KEPT, True)
        assert found["seen"] - found["filtered out"] + found["lost"] == generator.made
    finally:
        it.end()


ONCE = GENERATOR.replace("for line in sys.stdin:", "for line in sys.argv[2:]:").replace(
    'print("done", flush=True)', "pass"
)


def has_ended(pid: int) -> bool:
    return threads_of(pid)[0]["State"].startswith("Z")


def test_of_a_run() -> None:
    script = f"import sys; print('ready', flush=True); sys.stdin.readline()\n{ONCE}"
    words = [sys.executable, "-c", script, str(PORT), str(MANY)]
    process = subprocess.Popen(
        command("run", "--json", "--no-names", "--", *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=environment(**BY_NOBODY),
    )
    it = Started(process)
    try:
        wait_for(lambda: it.lines == ["ready"])
        process.send_signal(signal.SIGSTOP)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        wait_for(lambda: any(map(has_ended, children_of(it.pid))))
        process.send_signal(signal.SIGCONT)
        assert it.wait() == 0
    finally:
        process.kill()
        it.wait()
    [report] = map(json.loads, it.said[-1:])
    assert report["lost"] > 0
    assert re.fullmatch(r"\d+", str(report["connections"]))
    assert report["connections"] + report["lost"] == MANY
