"""Scenarios about names: who asked for which, and what it connected to then."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Final

from tests.scene import ImpossibleError, Scenario, Scene, comm, connect, resolve
from tests.world import IPV6

LONG_NAME: Final = ".".join(["long" + "g" * 58] * 3 + ["l" * (253 - 3 * 63)])  # RFC 1035, 2.3.4
MANY: Final = tuple(f"127.77.16.{last}" for last in range(1, 41))
ROUNDS: Final = 50
NAMES: Final[Mapping[str, Iterable[str]]] = {
    "python.world.test": ["127.77.2.1"],
    "curl.world.test": ["127.77.2.2"],
    "six.world.test": [IPV6[0]],
    "mapped.world.test": ["127.77.2.3"],
    "kept.world.test": ["127.77.2.4"],
    "mine.world.test": ["127.77.2.5"],
    "yours.world.test": ["127.77.2.5"],
    "guessed.world.test": ["127.77.2.6"],
    "child.world.test": ["127.77.2.13"],
    "borrowed.world.test": ["127.77.2.8"],
    "freed.world.test": ["127.77.2.9"],
    "old.world.test": ["127.77.2.10"],
    "reentrant.world.test": ["127.77.2.11", "127.77.2.12"],
    "oldsix.world.test": [IPV6[1]],
    "many.world.test": MANY,
    LONG_NAME: ["127.77.2.7"],
    **{f"left{n}.world.test": [f"127.77.3.{n}"] for n in range(1, ROUNDS + 1)},
    **{f"right{n}.world.test": [f"127.77.3.{n}"] for n in range(1, ROUNDS + 1)},
}


def python_by_name(scene: Scene) -> None:
    socket.create_connection(("python.world.test", scene.port)).close()
    scene.expect("AF_INET", "127.77.2.1", scene.port, "python.world.test")


def ipv6_by_name(scene: Scene) -> None:
    socket.create_connection(("six.world.test", scene.port)).close()
    scene.expect("AF_INET6", IPV6[0], scene.port, "six.world.test")


def mapped_by_name(scene: Scene) -> None:
    [address] = resolve("mapped.world.test", socket.AF_INET6, socket.AI_V4MAPPED)
    connect(address, scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", "127.77.2.3", scene.port, "mapped.world.test")


def curl(scene: Scene) -> None:
    """curl resolves in a thread of its own; it is kept waiting for the answer until it was seen."""
    program = shutil.which("curl")
    if program is None:
        raise ImpossibleError("curl is not installed")
    server = scene.afterwards.enter_context(socket.create_server(("127.77.2.2", 0)))
    port = server.getsockname()[1]
    url = f"http://curl.world.test:{port}/"
    args = ["curl", "-q", "--silent", "--fail", "--noproxy", "*", "--max-time", "300", url]
    process = scene.afterwards.enter_context(subprocess.Popen(args, stdin=subprocess.DEVNULL))
    client, _ = server.accept()
    scene.afterwards.enter_context(client)
    scene.afterwards.callback(client.sendall, b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    scene.pids.append(process.pid)
    scene.expect(
        "AF_INET",
        "127.77.2.2",
        port,
        "curl.world.test",
        pid=process.pid,
        tid=process.pid,
        comm="curl",
        process=os.path.realpath(program),
        args=args,
    )


def two_threads(scene: Scene) -> None:
    """Both resolve at the same moment, each another name for the same address, time and again."""
    ready = threading.Barrier(2)

    def work(side: str) -> None:
        for n in range(1, ROUNDS + 1):
            name = f"{side}{n}.world.test"
            ready.wait(timeout=60)
            [address] = resolve(name)
            ready.wait(timeout=60)
            connect(address, 5353, udp=True)
            scene.expect("AF_INET", f"127.77.3.{n}", 5353, name)

    threads = [threading.Thread(target=work, args=[side]) for side in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scene.expected) == 2 * ROUNDS


def failed_lookup(scene: Scene) -> None:
    """The failing call is given a result pointer that still shows an earlier name's addresses."""
    libc = ctypes.CDLL(None)
    results = ctypes.c_void_p()
    assert libc.getaddrinfo(b"kept.world.test", None, None, ctypes.byref(results)) == 0
    assert libc.getaddrinfo(b"missing.world.test", None, None, ctypes.byref(results)) != 0
    assert results.value
    connect("127.77.2.4", scene.port)
    scene.expect("AF_INET", "127.77.2.4", scene.port, "kept.world.test")


def borrowed_pointer(scene: Scene) -> None:
    """The variable that a failed call was given leads to an earlier name's addresses afterwards."""
    libc = ctypes.CDLL(None)
    results, other = ctypes.c_void_p(), ctypes.c_void_p()
    assert libc.getaddrinfo(b"borrowed.world.test", None, None, ctypes.byref(results)) == 0
    assert libc.getaddrinfo(b"missing.world.test", None, None, ctypes.byref(other)) != 0
    other.value = results.value
    connect("127.77.2.8", scene.port)
    scene.expect("AF_INET", "127.77.2.8", scene.port, "borrowed.world.test")


def freed_elsewhere(scene: Scene) -> None:
    """A thread looks up, another one frees the list and connects, as in libuv."""
    libc = ctypes.CDLL(None)
    results = ctypes.c_void_p()
    arguments = (b"freed.world.test", None, None, ctypes.byref(results))
    thread = threading.Thread(target=libc.getaddrinfo, args=arguments)
    thread.start()
    thread.join()
    libc.freeaddrinfo(results)
    connect("127.77.2.9", scene.port)
    scene.expect("AF_INET", "127.77.2.9", scene.port, "freed.world.test")


def old_functions(scene: Scene) -> None:
    """gethostbyname() and its relatives; Python's own calls the reentrant one."""
    libc = ctypes.CDLL(None)
    libc.gethostbyname(b"old.world.test")
    connect("127.77.2.10", scene.port)
    scene.expect("AF_INET", "127.77.2.10", scene.port, "old.world.test")
    for address in socket.gethostbyname_ex("reentrant.world.test")[2]:
        connect(address, scene.port)
        scene.expect("AF_INET", address, scene.port, "reentrant.world.test")
    libc.gethostbyname(b"missing.world.test")
    libc.gethostbyname2(b"oldsix.world.test", int(socket.AF_INET6))
    connect(IPV6[1], scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", IPV6[1], scene.port, "oldsix.world.test")


def longest_name(scene: Scene) -> None:
    [address] = resolve(LONG_NAME)
    connect(address, scene.port)
    scene.expect("AF_INET", "127.77.2.7", scene.port, LONG_NAME)


def many_results(scene: Scene) -> None:
    """Forty addresses, three times each: no socket type is asked for."""
    found = {entry[4][0] for entry in socket.getaddrinfo("many.world.test", None)}
    assert found == set(MANY)
    for address in MANY:
        connect(address, 5353, udp=True)
        scene.expect("AF_INET", address, 5353, "many.world.test")


_CONNECT_AND_WAIT: Final = (
    "import socket, sys\n"
    "socket.create_connection((sys.argv[1], int(sys.argv[2]))).close()\n"
    "print('connected', flush=True)\n"
    "sys.stdin.read()\n"
)


def same_address(scene: Scene) -> None:
    """This process and another know one address by different names."""
    [address] = resolve("mine.world.test")
    args = [sys.executable, "-c", _CONNECT_AND_WAIT, "yours.world.test", str(scene.port)]
    other = scene.afterwards.enter_context(
        subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"connected\n"
    connect(address, scene.port)
    scene.expect("AF_INET", "127.77.2.5", scene.port, "mine.world.test")
    scene.pids.append(other.pid)
    scene.expect(
        "AF_INET",
        "127.77.2.5",
        scene.port,
        "yours.world.test",
        pid=other.pid,
        tid=other.pid,
        comm=comm(other.pid),
        args=args,
    )


def guessed(scene: Scene) -> None:
    """`getent` asks for the name; another process, which is no relative, connects to the number."""
    with subprocess.Popen(
        ["getent", "ahosts", "guessed.world.test"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as getent:
        assert getent.wait() == 0
    scene.pids.append(getent.pid)  # glibc sorts addresses by connecting to them, at port 0
    args = [sys.executable, "-c", _CONNECT_AND_WAIT, "127.77.2.6", str(scene.port)]
    other = scene.afterwards.enter_context(
        subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"connected\n"
    scene.pids.append(other.pid)
    scene.expect(
        "AF_INET",
        "127.77.2.6",
        scene.port,
        "guessed.world.test",
        guess=True,
        pid=other.pid,
        tid=other.pid,
        comm=comm(other.pid),
        args=args,
    )


_RESOLVE_AND_WAIT: Final = (
    "import socket, sys\n"
    "socket.getaddrinfo(sys.argv[1], None, socket.AF_INET)\n"
    "print('resolved', flush=True)\n"
    "sys.stdin.read()\n"
)


def asked_by_a_child(scene: Scene) -> None:
    """A process that this one started asks for the name, this one connects to the number."""
    child = scene.afterwards.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", _RESOLVE_AND_WAIT, "child.world.test"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"resolved\n"
    scene.pids.append(child.pid)
    connect("127.77.2.13", scene.port)
    scene.expect(
        "AF_INET", "127.77.2.13", scene.port, "child.world.test", host_source="process-tree"
    )


SCENARIOS: Final[tuple[Scenario, ...]] = (
    *(python_by_name, ipv6_by_name, mapped_by_name, curl, two_threads),
    *(
        failed_lookup,
        borrowed_pointer,
        freed_elsewhere,
        old_functions,
        longest_name,
        many_results,
        same_address,
        guessed,
        asked_by_a_child,
    ),
)
