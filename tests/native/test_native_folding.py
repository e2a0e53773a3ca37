"""A resolver of the tests' own on loopback: what it asks for a program is no row of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.native.dns_server import STUB, asking, serving
from tests.native.live_capture import PORTS, capturing

pytestmark = [pytest.mark.native, pytest.mark.timeout(120)]

SERVER, HERE, TARGET = "127.77.54.1", "127.77.54.2", "127.77.54.9"
PORT = PORTS[8]


@pytest.fixture
def stub() -> Iterator[int]:
    """The pid of a process that asks a server what it is asked."""
    known = {"folded.world.test": TARGET, "own.world.test": TARGET}
    command = [sys.executable, "-c", STUB, HERE, SERVER]
    with serving(SERVER, known), subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.kill()


def ask(server: str, name: str) -> int:
    """The pid of a program that asks there, and connects to what it is told."""
    with subprocess.Popen(asking(server, name, TARGET, PORT)) as program:
        assert program.wait() == 0
    return program.pid


def test_what_a_resolver_asks_for_a_program_is_counted_and_no_row(stub: int) -> None:
    with capturing(dns=True) as told:
        program = ask(HERE, "folded.world.test")
        [row] = told.of(program, 53)
        assert row.address == HERE
        end = time.monotonic() + 20
        while not told.folds and time.monotonic() < end:
            time.sleep(0.01)
    assert told.folds == 1
    assert told.now(stub, 53) == []
    [connection] = told.now(program, PORT)
    assert connection.host is not None
    assert connection.host.label == "~folded.world.test"


def test_it_is_a_row_where_that_is_asked_for(stub: int) -> None:
    with capturing(dns=True, folds=False) as told:
        ask(HERE, "folded.world.test")
        [row] = told.of(stub, 53)
    assert row.address == SERVER
    assert told.folds == 0


def test_it_is_a_row_where_only_the_resolver_is_to_be_seen(stub: int) -> None:
    with capturing(dns=True, pids=frozenset({stub})) as told:
        ask(HERE, "folded.world.test")
        [row] = told.of(stub, 53)
    assert row.address == SERVER
    assert told.folds == 0


def test_it_is_a_row_where_who_asked_is_not_seen(stub: int) -> None:
    """The program connected to the resolver before anybody watched."""
    waiting = "import sys, socket\ns = socket.socket(2, 2)\ns.connect((sys.argv[1], 53))\n"
    waiting += "print('ready', flush=True)\ns.send(bytes.fromhex(sys.stdin.readline()))\ns.recv(99)"
    question = bytes([1, 2, 1, 0, 0, 1, *bytes(6), 3]) + b"own\x05world\x04test\0\0\1\0\1"
    with subprocess.Popen(
        [sys.executable, "-c", waiting, HERE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        with capturing(dns=True) as told:
            program.communicate(question.hex() + "\n")
            [row] = told.of(stub, 53)
        assert row.address == SERVER
        assert told.folds == 0
