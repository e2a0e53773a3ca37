"""What is sent without connect(), in this machine's kernel: what is told, what is left out."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from probes.event import WHO, Connects, family_of, kind_of
from probes.hooks.kernel import Kernel
from probes.kernel import bpf_calls, loader, task
from probes.kernel.decode import decode
from probes.kernel.program_cache import ProgramCache
from probes.kernel.task import Task
from probes.record import HookKind
from probes.selection import Selection
from tests.calls import Messages, message, packed, send_many, send_to
from tests.command import NOBODY

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

ADDRESS = "127.77.40.1"
PORTS = (6301, 6302)
SEND, UDP = 1, (socket.IPPROTO_UDP, 1, socket.SOCK_DGRAM)
ME = Selection(pids=frozenset({os.getpid()}))
MINE = Task(HookKind.TRACEPOINT, names=False, include_self=True, selection=ME)
WITHOUT_CAST = task.WITHOUT_CAST
BY_HELPERS = task.WITHOUT_CAST | task.BY_HELPERS
NO_MEMORY = ctypes.c_void_p(16)

Attached = Callable[..., Kernel]
_libc = ctypes.CDLL(None)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> ProgramCache:
    return ProgramCache(tmp_path_factory.mktemp("sends") / "cache")


@pytest.fixture
def attached(cache: ProgramCache) -> Iterator[Attached]:
    """Attach a task; it is detached after the test."""
    made: list[Kernel] = []

    def attach(task: Task = MINE) -> Kernel:
        made.append(Kernel(cache=cache))
        made[-1].attach(task)
        return made[-1]

    yield attach
    for each in made:
        each.close()


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield sock


def send_to_all(sock: socket.socket) -> None:
    for port in PORTS:
        sock.sendto(b"x", (ADDRESS, port))


def in_child(uid: int, sock: socket.socket) -> int:
    """The same from a process of its own; returns its id."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(uid)
            send_to_all(sock)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    return pid


def told(watched: Kernel) -> list[tuple[int, int, tuple[int, int, int]]]:
    """(tgid, port, what kind it is) of each call that was reported."""
    return [
        (WHO.unpack(who)[0], port, kind_of(where))
        for event in decode(watched.drain()).events
        if isinstance(event, Connects)
        for who, where, port in zip(event.who, event.where, event.ports, strict=True)
    ]


def ports_told(watched: Kernel) -> list[int]:
    return [port for _, port, _ in told(watched)]


def test_one_place_is_told_once_in_a_period(attached: Attached, sock: socket.socket) -> None:
    watched = attached(replace(MINE, send_period_ns=300_000_000))
    began = time.monotonic()
    for _ in range(100):
        send_to_all(sock)
    if time.monotonic() - began < 0.3:
        assert told(watched) == [(os.getpid(), port, UDP) for port in PORTS]
    time.sleep(0.35)
    watched.drain()
    send_to_all(sock)
    assert told(watched) == [(os.getpid(), port, UDP) for port in PORTS]
    assert watched.lost() == 0


def test_which_is_a_minute(attached: Attached, sock: socket.socket) -> None:
    assert Task().send_period_ns == 60 * 10**9
    watched = attached()
    send_to_all(sock)
    time.sleep(0.35)
    send_to_all(sock)
    assert ports_told(watched) == list(PORTS)


def test_another_tracer_starts_anew(attached: Attached, sock: socket.socket) -> None:
    for _ in range(2):
        watched = attached()
        send_to_all(sock)
        assert ports_told(watched) == list(PORTS)


def test_more_places_than_are_remembered_are_told_all_the_same(
    attached: Attached, sock: socket.socket
) -> None:
    watched = attached()
    seen: set[int] = set()
    for number in range(40_000):
        sock.sendto(b"x", (f"127.77.{41 + number // 10_000}.1", 10_000 + number % 10_000))
        if number % 1000 == 999:
            seen.update(hash(where) for where in places_told(watched))
    assert len(seen) == 40_000
    assert watched.lost() == 0


def places_told(watched: Kernel) -> list[tuple[bytes, int]]:
    return [
        place
        for event in decode(watched.drain()).events
        if isinstance(event, Connects)
        for place in zip(event.where, event.ports, strict=True)
    ]


def test_without_sends_connects_alone_are_told(attached: Attached, sock: socket.socket) -> None:
    watched = attached(replace(MINE, sends=False))
    send_to_all(sock)
    assert send_many(sock, [packed(ADDRESS, PORTS[0])]) == 1
    sock.connect((ADDRESS, PORTS[1]))
    assert told(watched) == [(os.getpid(), PORTS[1], (socket.IPPROTO_UDP, 0, socket.SOCK_DGRAM))]


def test_its_own_are_left_out(attached: Attached, sock: socket.socket) -> None:
    watched = attached(replace(MINE, include_self=False))
    send_to_all(sock)
    assert send_many(sock, [packed(ADDRESS, PORTS[0])]) == 1
    assert told(watched) == []


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [(0, 6301), (0, 6302), (1, 6301), (1, 6302)]),
        (ME, [(0, 6301), (0, 6302)]),
        (Selection(users=frozenset({NOBODY})), [(1, 6301), (1, 6302)]),
        (Selection(ports=frozenset({6302})), [(0, 6302), (1, 6302)]),
        (Selection(pids=ME.pids, ports=frozenset({53})), []),
    ],
)
def test_only_what_is_selected_is_told_and_the_rest_is_not_counted(
    attached: Attached,
    sock: socket.socket,
    selection: Selection,
    expected: list[tuple[int, int]],
) -> None:
    watched = attached(replace(MINE, selection=selection))
    send_to_all(sock)
    pids = [os.getpid(), in_child(NOBODY, sock)]
    found = [(pid, port) for pid, port, kind in told(watched) if pid in pids and kind == UDP]
    assert found == [(pids[number], port) for number, port in expected]


def test_a_port_that_is_selected_is_no_pings(attached: Attached) -> None:
    watched = attached(replace(MINE, selection=replace(ME, ports=frozenset({6301}))))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ping,
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as frames,
    ):
        ping.sendto(b"\x08\0\xf7\xfe\0\0\0\1", (ADDRESS, 6301))
        frames.sendto(bytes(60), ("lo", 6301))
    assert told(watched) == []


def test_what_cannot_be_read_is_counted_as_lost(attached: Attached, sock: socket.socket) -> None:
    watched = attached()
    number = sock.fileno()
    for lost, call in enumerate(
        (
            lambda: _libc.sendto(number, b"x", 1, 0, NO_MEMORY, 16),
            lambda: _libc.sendmsg(number, NO_MEMORY, 0),
            lambda: _libc.sendmmsg(number, NO_MEMORY, 1, 0),
        ),
        start=1,
    ):
        assert call() == -1
        assert (told(watched), watched.lost()) == ([], lost)


def test_more_messages_than_it_can_go_through_are_counted_as_lost(
    attached: Attached, sock: socket.socket
) -> None:
    watched = attached()
    names = [packed(ADDRESS, 7000 + number) for number in range(1024)]
    assert send_many(sock, names) == 1024
    assert len(told(watched)) + watched.lost() == 1024
    # What is left of one call is no other one's.
    assert send_many(sock, [packed(ADDRESS, 6999)]) == 1
    assert ports_told(watched) == [6999]


def test_a_message_without_an_address_hides_none_beside_it(
    attached: Attached, sock: socket.socket
) -> None:
    watched = attached()
    sock.connect((ADDRESS, 6303))
    made = [message(packed(ADDRESS, port)) for port in (6304, 6305, 6306)]
    made[0].name, made[0].name_length = None, 0
    made[1].name_length = 1
    batch = (Messages * 3)(*(Messages(message=each) for each in made))
    _libc.sendmmsg(sock.fileno(), batch, 3, 0)
    kinds = {(port, kind[1]) for _, port, kind in told(watched)}
    assert kinds == {(6303, 0), (6306, SEND)}


def test_a_short_address_does_not_end_in_another_ones(
    attached: Attached, sock: socket.socket
) -> None:
    watched = attached()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        other.sendto(b"x", ("::ffff:127.77.40.2", 6309))
    send_to(sock, struct.pack("=HHI", socket.AF_VSOCK, 0xFFFF, 0x0102_0304))
    (full, _), (short, _) = places_told(watched)
    assert family_of(full) == socket.AF_INET6
    assert short[:16] == struct.pack("=I12x", 0x0102_0304)
    assert family_of(short) == socket.AF_VSOCK


def test_a_connected_socket_costs_no_row(attached: Attached, sock: socket.socket) -> None:
    watched = attached()
    sock.connect((ADDRESS, 6307))
    for send in (sock.send, lambda data: sock.sendmsg([data])):
        try:
            send(b"x")
        except ConnectionRefusedError:
            send(b"x")
    assert send_to(sock, b"", length=0) in (1, -1)
    assert ports_told(watched) == [6307]


@pytest.mark.parametrize("bits", [WITHOUT_CAST, BY_HELPERS])
def test_a_kernel_of_fewer_ways_to_read_tells_the_same(
    attached: Attached, sock: socket.socket, monkeypatch: pytest.MonkeyPatch, bits: int
) -> None:
    original, refused = bpf_calls.load_program, []
    # The 64-bit load of FILTERS with the bits that say so.
    taken = re.compile(
        rb"\x18[\x00-\x09]\0\0" + re.escape(struct.pack("<i8x", MINE.filters | bits))
    )

    def load(kind: int, name: str, code: bytes, traced: int = 0) -> int:
        if not taken.search(code):
            refused.append(name)
            raise OSError("as an older kernel says")
        return original(kind, name, code, traced)

    monkeypatch.setattr(bpf_calls, "load_program", load)
    if bits == BY_HELPERS:
        monkeypatch.setattr(loader, "kernel_version", lambda: (5, 10))
    watched = attached()
    # What cannot be asked for is not tried.
    assert bool({"on_sys_enter_connect", "on_sys_enter_sendto"} <= set(refused)) == (
        bits == WITHOUT_CAST
    )
    send_to_all(sock)
    assert told(watched) == [(os.getpid(), port, UDP) for port in PORTS]


def test_what_is_no_socket_is_not_taken_for_one(attached: Attached, tmp_path: Path) -> None:
    watched = attached()
    with (tmp_path / "file").open("wb") as file, socket.socket() as closed:
        gone = closed.detach()
        os.close(gone)
        for number in (file.fileno(), gone, -1, 1 << 20):
            name = packed(ADDRESS, 6308)
            assert _libc.sendto(number, b"x", 1, 0, name, len(name)) == -1
            assert _libc.connect(number, name, len(name)) == -1
    assert {kind for _, _, kind in told(watched)} <= {(0, 0, 0), (0, SEND, 0)}
