"""Names that libc was not asked for: DNS answers on this machine's loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.naming.answers import Answers
from probes.record import HostSource
from tests.native.dns_server import answer, asking, encoded, serving
from tests.native.live_capture import PATIENCE_S, PORTS, Told

pytestmark = [pytest.mark.native, pytest.mark.timeout(120)]

SERVER = "127.77.53.1"
OTHER_SERVER = "127.77.53.2"
RECEIVER = ("127.77.53.3", 4_000)
"""Nobody listens there."""


@pytest.fixture(scope="module")
def resolver() -> Iterator[dict[str, str]]:
    """A DNS server; the addresses that it answers with, by name."""
    known: dict[str, str] = {}
    with serving(SERVER, known):
        yield known


def ask_and_connect(name: str, address: str, port: int) -> int:
    """The process's id."""
    with subprocess.Popen(asking(SERVER, name, address, port)) as asker:
        assert asker.wait() == 0
    return asker.pid


@pytest.mark.parametrize("address", ["127.77.53.9", "::1"])
def test_a_program_with_its_own_resolver_has_its_name_from_the_answer(
    told: Told, resolver: dict[str, str], address: str
) -> None:
    port = PORTS[5]
    for n in range(10):
        name = f"own{n}.world.test"
        resolver[name] = address
        pid = ask_and_connect(name, address, port)
        [row] = told.of(pid, port)
        assert row.host is not None
        assert (row.host.label, row.host.source) == (f"~{name}", HostSource.DNS)


def test_of_two_names_of_one_address_each_connection_has_the_one_asked_for_last(
    told: Told, resolver: dict[str, str]
) -> None:
    """Asked for in turn, so fast that the answers are read together."""
    port, address = PORTS[9], "127.77.53.11"
    first, *others = names = ["one.world.test", "two.world.test"] * 10
    resolver.update(dict.fromkeys(names, address))
    with subprocess.Popen(asking(SERVER, first, address, port, *others)) as asker:
        assert asker.wait() == 0
    rows = told.of(asker.pid, port)
    end = time.monotonic() + PATIENCE_S
    while len(rows) < len(names) and time.monotonic() < end:
        rows = told.now(asker.pid, port)
    assert [row.host and row.host.label for row in rows] == [f"~{name}" for name in names]


def test_no_answer_that_came_before_a_turn_is_left_for_the_next() -> None:
    """Its connections may be in this one."""
    count = 600
    question = bytes(12) + encoded("many.world.test") + b"\0\1\0\1"
    answers = Answers()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind((OTHER_SERVER, 53))
            for number in range(count):
                server.sendto(answer(question, f"127.99.{number >> 8}.{number & 255}"), RECEIVER)
        of_ours = socket.inet_aton(OTHER_SERVER)
        assert sum(heard.server == of_ours for heard in answers.drain()) == count
        assert answers.dropped() == 0
    finally:
        answers.close()


@pytest.mark.parametrize("told", [False], indirect=True)
def test_nobody_listens_where_no_names_are_asked_for(told: Told, resolver: dict[str, str]) -> None:
    resolver["unheard.world.test"] = "127.77.53.8"
    pid = ask_and_connect("unheard.world.test", "127.77.53.8", PORTS[6])
    [row] = told.of(pid, PORTS[6])
    assert row.host is None


def test_so_has_a_static_program_that_sends_its_question_unconnected(
    told: Told, resolver: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("not run: it takes gcc")
    program = tmp_path / "resolver"
    source = Path(__file__).with_name("resolver.c")
    subprocess.run(["gcc", "-static", "-O1", "-o", program, source], check=True)
    port = PORTS[7]
    resolver["static.world.test"] = "127.77.53.10"
    with subprocess.Popen([program, SERVER, "static.world.test", str(port)]) as asker:
        assert asker.wait() == 0
    [row] = told.of(asker.pid, port)
    assert row.host is not None
    assert (row.host.label, row.host.source) == ("~static.world.test", HostSource.DNS)
