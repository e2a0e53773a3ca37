"""Names that libc was not asked for: DNS answers on this machine's loopback."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from probes.record import HostSource
from tests.native.live_capture import PORTS, Told

pytestmark = [pytest.mark.native, pytest.mark.timeout(120)]

SERVER = "127.77.53.1"


def encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer(query: bytes, address: str) -> bytes:
    """The question back, then a CNAME for what was asked, then the address of that."""
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 2, 0, 0)
    alias = encoded("cdn.world.test")
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    kind = 28 if len(packed) == 16 else 1
    return (
        (head + query[12:])
        + (b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 300, len(alias)) + alias)
        + (alias + struct.pack(">HHIH", kind, 1, 300, len(packed)) + packed)
    )


# A program with a resolver of its own: it asks, waits for the answer, and connects at once.
ASK = """
import socket, sys
server, name, address, port = sys.argv[1:]
question = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\\0\\0\\1\\0\\1"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.connect((server, 53))
    sock.send(b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + question)
    sock.recv(1000)
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.connect((address, int(port)))
"""


@pytest.fixture(scope="module")
def resolver() -> Iterator[dict[str, str]]:
    """A DNS server; the addresses that it answers with, by name."""
    known: dict[str, str] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((SERVER, 53))

        def serve() -> None:
            while True:
                query, asker = sock.recvfrom(512)
                if query == b"end":
                    return
                labels, at = [], 12
                while query[at]:
                    labels.append(query[at + 1 : at + 1 + query[at]].decode())
                    at += query[at] + 1
                name = ".".join(labels)
                sock.sendto(answer(query, known[name]), asker)

        thread = threading.Thread(target=serve)
        thread.start()
        yield known
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", (SERVER, 53))
        thread.join()


def ask_and_connect(name: str, address: str, port: int) -> int:
    """The process's id."""
    with subprocess.Popen([sys.executable, "-c", ASK, SERVER, name, address, str(port)]) as asker:
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


@pytest.mark.parametrize("told", [False], indirect=True)
def test_nobody_listens_where_no_names_are_asked_for(told: Told, resolver: dict[str, str]) -> None:
    resolver["unheard.world.test"] = "127.77.53.8"
    pid = ask_and_connect("unheard.world.test", "127.77.53.8", PORTS[6])
    [row] = told.of(pid, PORTS[6])
    assert row.host is None
