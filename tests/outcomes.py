"""Scenarios about what becomes of a connect(): each way in which it can end, and not end."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Final

from tests.scene import Scenario, Scene
from tests.world import IPV6, ip

NOBODY: Final = 1  # a port at which nobody listens
THREADS: Final = 2
EACH: Final = 100
AT_ONCE: Final = (0.001, 900.0)  # milliseconds
UNSAID: Final[Mapping[str, object]] = {
    "local_address": None,
    "local_port": None,
    "latency_ms": None,
}


def connected(scene: Scene) -> None:
    """What is mapped into IPv6 is told as the IPv4 that it is."""
    for family, before in ((socket.AF_INET, ""), (socket.AF_INET6, "::ffff:")):
        with socket.socket(family) as sock:
            sock.connect((f"{before}127.77.5.1", scene.port))
            local = {"local_address": "127.0.0.1", "local_port": sock.getsockname()[1]}
            how = _ended("connected", AT_ONCE)
            scene.expect(family.name, "127.77.5.1", scene.port, **local, **how)


def connected_by_ipv6(scene: Scene) -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind((IPV6[1], 0))
        local = _told(sock)
        sock.connect((IPV6[2], scene.port))  # which no scenario asked for by a name
        how = _ended("connected", AT_ONCE)
        scene.expect("AF_INET6", IPV6[2], scene.port, **local, **how)


def connected_later(scene: Scene) -> None:
    """A socket that does not block, whose first attempt is said to be in progress."""
    with socket.socket() as sock:
        sock.setblocking(False)
        began = sock.connect_ex(("127.77.5.2", scene.port))
        assert began in (0, errno.EINPROGRESS)
        scene.expect(
            "AF_INET", "127.77.5.2", scene.port, **_told(sock), **_ended("connected", AT_ONCE)
        )
        again = sock.connect_ex(("127.77.5.2", scene.port))
        assert again in (0, errno.EISCONN)
        # A kernel with more to do lets the second one find what the first one could not wait for.
        failed = {**UNSAID, "outcome": "failed", "errno": "EISCONN"}
        how = failed if again else {**_told(sock), **_ended("connected", AT_ONCE)}
        scene.expect("AF_INET", "127.77.5.2", scene.port, **how)


def refused(scene: Scene) -> None:
    for blocking in (True, False):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(blocking)
            local = _told(sock)
            error = sock.connect_ex(("127.77.5.3", NOBODY))
            assert error == (errno.ECONNREFUSED if blocking else errno.EINPROGRESS)
            scene.expect(
                "AF_INET",
                "127.77.5.3",
                NOBODY,
                **local,
                **_ended("refused", AT_ONCE, errno.ECONNREFUSED),
            )


def unreachable(scene: Scene) -> None:
    """There is no route to it from here."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as sock:
            assert sock.connect_ex(("192.0.2.1", 443)) == errno.ENETUNREACH
            scene.expect(
                "AF_INET", "192.0.2.1", 443, **UNSAID, **_why("unreachable", errno.ENETUNREACH)
            )


def denied(scene: Scene) -> None:
    ip("route", "add", "prohibit", "203.0.113.0/24")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as sock:
            assert sock.connect_ex(("203.0.113.1", 443)) == errno.EACCES
            scene.expect("AF_INET", "203.0.113.1", 443, **UNSAID, **_why("denied", errno.EACCES))


def timed_out(scene: Scene) -> None:
    """Nobody answers; the first time that it tries again is after a second."""
    port = _deaf(scene, "127.77.5.4")
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
        sock.bind(("127.0.0.1", 0))
        local = _told(sock)
        assert sock.connect_ex(("127.77.5.4", port)) == errno.ETIMEDOUT
    scene.expect(
        "AF_INET",
        "127.77.5.4",
        port,
        **local,
        **_ended("timed-out", (400.0, 3900.0), errno.ETIMEDOUT),
    )


def in_progress(scene: Scene) -> None:
    port = _deaf(scene, "127.77.5.5")
    sock = scene.afterwards.enter_context(socket.socket())
    sock.setblocking(False)
    assert sock.connect_ex(("127.77.5.5", port)) == errno.EINPROGRESS
    scene.expect("AF_INET", "127.77.5.5", port, **UNSAID, **_ended("in-progress"))


def abandoned(scene: Scene) -> None:
    port = _deaf(scene, "127.77.5.6")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        local = _told(sock)
        sock.settimeout(0.1)
        try:
            sock.connect(("127.77.5.6", port))
        except TimeoutError:
            pass
        else:
            raise AssertionError
    scene.expect("AF_INET", "127.77.5.6", port, **local, **_ended("abandoned", (90.0, 900.0)))


def no_port_left(scene: Scene) -> None:
    """The kernel finds it out after the socket has begun to connect."""
    with socket.socket() as first, socket.socket() as second:
        for sock in (first, second):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind(("127.0.0.1", 0))
        second.bind(first.getsockname())
        first.connect(("127.77.5.7", scene.port))
        scene.expect("AF_INET", "127.77.5.7", scene.port, **_told(first), **_ended("connected"))
        error = second.connect_ex(("127.77.5.7", scene.port))
        assert error == errno.EADDRNOTAVAIL
        scene.expect("AF_INET", "127.77.5.7", scene.port, **_why("failed", error))


def datagram(scene: Scene) -> None:
    """Nobody is asked, so there is nothing to wait for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.77.5.8", NOBODY))
    scene.expect("AF_INET", "127.77.5.8", NOBODY, **UNSAID, **_ended("connected"))


def to_itself(scene: Scene) -> None:
    """Both ends are one socket, which goes another way through its states."""
    with socket.socket() as sock:
        sock.bind(("127.77.5.9", 0))
        address, port = sock.getsockname()
        sock.connect((address, port))
        scene.expect("AF_INET", address, port, **_told(sock), **_ended("connected", AT_ONCE))


def other_families(scene: Scene) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.connect((0, 0))
        scene.expect("AF_NETLINK", **UNSAID, **_ended("connected"))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        error = sock.connect_ex(("lo", 0))
        scene.expect("AF_PACKET", **UNSAID, **_why("failed", error))


def at_once(scene: Scene) -> None:
    """Two threads, each of whose connects ends in another way than the one before."""
    ready = threading.Barrier(THREADS)

    def work(network: int) -> None:
        for number in range(EACH):
            address = f"127.77.{network}.{number % 250 + 1}"
            ready.wait(timeout=60)
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                local = _told(sock)
                if number % 2:
                    sock.connect((address, scene.port))
                    how = _ended("connected")
                    scene.expect("AF_INET", address, scene.port, **local, **how)
                else:
                    error = sock.connect_ex((address, NOBODY))
                    assert error == errno.ECONNREFUSED
                    how = _why("refused", error)
                    scene.expect("AF_INET", address, NOBODY, **local, **how)

    threads = [threading.Thread(target=work, args=(6 + number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scene.expected) == THREADS * EACH


SCENARIOS: Final[tuple[Scenario, ...]] = (
    *(
        connected,
        connected_by_ipv6,
        connected_later,
        refused,
        unreachable,
        denied,
        timed_out,
        in_progress,
        abandoned,
    ),
    *(no_port_left, datagram, to_itself, other_families, at_once),
)


def _told(sock: socket.socket) -> dict[str, object]:
    """The socket's own end, as it must be told."""
    address, port = sock.getsockname()[:2]
    return {"local_address": address, "local_port": port}


def _ended(
    outcome: str, latency: tuple[float, float] | None = None, error: int | None = None
) -> dict[str, object]:
    """`latency`: between so many milliseconds and so many."""
    fields = _why(outcome, error)
    return fields if latency is None else {**fields, "latency_ms": list(latency)}


def _why(outcome: str, error: int | None) -> dict[str, object]:
    return {"outcome": outcome, "errno": None if error is None else errno.errorcode[error]}


def _deaf(scene: Scene, address: str) -> int:
    """A port at which a server listens that has no room for more connections, nor answers."""
    server = scene.afterwards.enter_context(socket.create_server((address, 0), backlog=0))
    port: int = server.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        # Not of this scenario's processes.
        kept = [socket.socket() for _ in range(8)]
        for sock in kept:
            sock.setblocking(False)
            sock.connect_ex((address, port))
        time.sleep(0.2)
        os._exit(0)
    os.waitpid(pid, 0)
    return port
