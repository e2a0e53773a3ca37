"""What becomes of a connect() that a signal interrupts, or whose states the kernel kept back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from probes.hooks.outcomes import STATES
from probes.kernel import bpf_calls
from probes.outcome import Outcome, OutcomeKind
from tests.native.live_capture import PORTS, Told

pytestmark = [pytest.mark.native, pytest.mark.timeout(120)]

PORT = PORTS[-1]
ADDRESS = "127.77.21.1"


def in_child(act: object) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            assert callable(act)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def fill() -> None:
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((ADDRESS, PORT))
    time.sleep(0.2)


def interrupted() -> None:
    """A connect() that the kernel begins again after the signal."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    socket.socket().connect((ADDRESS, PORT))


@pytest.mark.parametrize("told", [False], indirect=True)
def test_what_is_begun_again_waits_as_well(told: Told) -> None:
    with socket.create_server((ADDRESS, PORT), backlog=0) as server:
        os.waitpid(in_child(fill), 0)
        began = time.monotonic()
        pid = in_child(interrupted)
        time.sleep(0.5)
        rows = told.of(pid, PORT)
        assert [row.outcome for row in rows] == [Outcome(OutcomeKind.IN_PROGRESS)] * 2
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            server.settimeout(0.1)
            try:
                server.accept()[0].close()
            except TimeoutError:
                continue
        took = time.monotonic() - began
    time.sleep(0.5)
    first, second = told.of(pid, PORT)
    for row, least in ((first, 0.5), (second, 0.4)):
        assert row.outcome == Outcome(OutcomeKind.CONNECTED)
        assert row.latency_us is not None
        assert least < row.latency_us / 1e6 < took
    assert first.local_address == "127.0.0.1"


@pytest.fixture
def unseen_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel skips a program that is interrupted by itself; here it skips each of them."""
    attach = bpf_calls.attach_raw_tracepoint

    def attached(program: int, name: str) -> int:
        return os.open(os.devnull, os.O_RDONLY) if name == STATES else attach(program, name)

    monkeypatch.setattr(bpf_calls, "attach_raw_tracepoint", attached)


_CONNECT = """
import socket, sys
for _ in range(3):
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock:
        print(*sock.getsockname())
refused = socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]) - 1))
"""


@pytest.mark.usefixtures("unseen_states")
@pytest.mark.parametrize("told", [False], indirect=True)
def test_what_a_call_returns_stands_in_for_states_that_are_not_seen(told: Told) -> None:
    with socket.create_server((ADDRESS, PORT)):
        command = [sys.executable, "-c", _CONNECT, ADDRESS, str(PORT)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            out, _ = child.communicate()
    time.sleep(0.5)
    rows = told.of(child.pid, PORT)
    assert [row.outcome for row in rows] == [Outcome(OutcomeKind.CONNECTED)] * 3
    assert [f"{row.local_address} {row.local_port}" for row in rows] == out.splitlines()
    assert all(row.latency_us for row in rows)
    [refused] = told.of(child.pid, PORT - 1)
    assert refused.outcome == Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")
