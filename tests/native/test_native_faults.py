"""What goes wrong around it: nothing that was promised is lost, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import termios
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from probes.kernel.requirements import libc_path
from tests.command import NOBODY
from tests.native.left import added, held_by, nothing_is_left
from tests.native.on_terminal import OnTerminal
from tests.native.started import BY_NOBODY, PATIENCE_S, connect, started, sums, threads_of, wait_for
from tests.native.test_native_libcs import ASK, SCANNED_S

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

PORT = 20_041
COMMITTED_S = 1.5  # after which what was seen is in the recording: it is written twice a second
AS_NOBODY = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def recorded(path: Path) -> tuple[int, dict[str, object]]:
    """The connections to PORT, and what the session says of itself."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        [[many]] = db.execute("select count(*) from connections where port = ?", [PORT])
        return many, dict(db.execute("select key, value from meta"))


@pytest.mark.parametrize("number", [*ENDING, signal.SIGKILL])
def test_a_signal_ends_it(number: int, shared: Path) -> None:
    path = shared / "x.db"
    events = added()
    with started("--json", "--wait", "0", "--record", path, **BY_NOBODY) as it:
        of = held_by(it.pid)
        connect(PORT, 3)
        time.sleep(COMMITTED_S)
        status = it.end(number)
    many, meta = recorded(path)
    assert many == 3
    if number == signal.SIGKILL:
        assert status == -signal.SIGKILL
        assert "end" not in meta  # whoever opens it is told that it was cut short
    else:
        assert (status, "end" in meta) == (0, True)
        assert re.fullmatch(r"seen \d+, lost 0.*", it.said[-2])
        assert re.fullmatch(rf"\d+ connections recorded in {path}", it.last)
    nothing_is_left(of)
    wait_for(lambda: added() <= events)


@pytest.mark.parametrize("number", ENDING[1:])
def test_a_signal_ends_the_dashboard_and_gives_the_terminal_back(number: int, shared: Path) -> None:
    it = OnTerminal(shared / "errors")
    try:
        it.attached()
        of = held_by(it.process.pid)
        it.process.send_signal(number)
        assert it.process.wait(PATIENCE_S) == 0
        wait_for(lambda: b"\x1b[?1049l" in it.output)
        assert termios.tcgetattr(it.slave) == it.before
        assert re.match(r"seen \d+, lost 0", it.said[-1])
        nothing_is_left(of)
    finally:
        it.end()


def test_a_terminal_that_is_closed_ends_the_dashboard(shared: Path) -> None:
    path = shared / "x.db"
    it = OnTerminal(shared / "errors", "--record", path)
    try:
        it.attached()
        of = held_by(it.process.pid)
        connect(PORT, 3)
        time.sleep(COMMITTED_S)
        it.hang_up()
        it.process.wait(PATIENCE_S)
        many, meta = recorded(path)
        assert (many, "end" in meta) == (3, True)
        assert "Traceback" not in (shared / "errors").read_text()
        assert re.search(r"^seen \d+, lost 0", (shared / "errors").read_text(), re.MULTILINE)
        nothing_is_left(of)
    finally:
        it.end()


def test_a_libc_that_is_replaced_while_it_is_used(shared: Path) -> None:
    """As an upgrade does: what runs keeps the old one, what starts has the new one."""
    libc = Path(shutil.copy(libc_path(), shared / "libc.so.6"))

    def asker() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", ASK, str(PORT)],
            stdin=subprocess.PIPE,
            env={**os.environ, "LD_LIBRARY_PATH": str(shared)},
        )

    with started("--json", "--wait", "0", **BY_NOBODY) as it:
        old = asker()
        time.sleep(SCANNED_S)
        shutil.copy(libc, shared / "new")
        (shared / "new").replace(libc)
        new = asker()
        time.sleep(SCANNED_S)
        for one in (old, new):
            one.communicate(b"11")
            row = it.row(lambda row, pid=one.pid: row["pid"] == pid and row["port"] == PORT)
            assert row["host"] == "localhost"
        assert it.end() == 0


@pytest.mark.skipif(shutil.which("bpftrace") is None, reason="not run: it takes bpftrace")
def test_another_tracer_at_the_same_places() -> None:
    program = f"uprobe:{libc_path()}:getaddrinfo /pid == {os.getpid()}/ {{ @ = count(); }}"
    other = subprocess.Popen(
        ["bpftrace", "-e", f'{program} BEGIN {{ printf("on\\n"); }}'],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None
        wait_for(lambda: "on" in (other.stdout.readline() if other.stdout else ""))
        with started("--json", "--wait", "0", **BY_NOBODY) as it:
            socket.getaddrinfo("localhost", PORT, socket.AF_INET, socket.SOCK_DGRAM)
            connect(PORT)
            row = it.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT)
            assert row["host"] == "localhost"
            assert it.end() == 0
        # Nor does the other one lose its own when this one leaves.
        socket.getaddrinfo("localhost", PORT, socket.AF_INET, socket.SOCK_DGRAM)
        other.send_signal(signal.SIGINT)
        told = other.communicate(timeout=PATIENCE_S)[0]
        assert re.search(r"@: 2$", told, re.MULTILINE)
    finally:
        other.kill()
        other.wait()


def test_it_is_stopped_for_a_while_and_goes_on() -> None:
    """As by ctrl+z and fg, or a debugger: the kernel keeps what happens meanwhile."""
    with started("--json", "--wait", "0", "--port", str(PORT), **BY_NOBODY) as it:
        it.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: all(one["State"].startswith("T") for one in threads_of(it.pid)))
        before = time.time()
        connect(PORT, 5_000)
        after = time.time()
        it.process.send_signal(signal.SIGCONT)
        wait_for(lambda: len(it.lines) == 5_000)
        for line in (it.lines[0], it.lines[-1]):
            at = datetime.fromisoformat(json.loads(line)["time"]).timestamp()
            assert before - 1 < at < after + 1  # when it was, and not when it was read
        assert it.end() == 0
        counted = sums(it.last)
        assert (counted["kept"], counted["lost"]) == (5_000, 0)


def test_two_of_them_at_once(shared: Path) -> None:
    with started("--json", "--wait", "0", **BY_NOBODY) as one:
        with started("--json", "--wait", "0", **BY_NOBODY) as two:
            assert not held_by(one.pid) & held_by(two.pid)
            socket.getaddrinfo("localhost", PORT, socket.AF_INET, socket.SOCK_DGRAM)
            connect(PORT)
            for it in (one, two):
                row = it.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT)
                assert row["host"] == "localhost"
            of = held_by(two.pid)
            assert two.end() == 0
        nothing_is_left(of)
        connect(PORT + 1)
        one.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT + 1)
        assert one.end() == 0


def test_the_user_may_not_look_into_it() -> None:
    """Whoever has the same user id cannot get at what it holds by tracing it."""
    with started("--json", **BY_NOBODY) as it:
        done = subprocess.run(
            ["setpriv", *AS_NOBODY, "cat", f"/proc/{it.pid}/maps"], capture_output=True, check=False
        )
        assert done.returncode != 0
        assert it.end() == 0
