"""Real connections, each with what must be seen of it.

A scenario runs in a process of its own inside a `world`; what it does and what it expects stand
side by side. Run as a program (root, in namespaces made by `world.in_new_world`) this module goes
through all of them: it prints a `Report` as a line of JSON, waits for a byte on standard input and
lets the scenario's processes end.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.scene import ImpossibleError, Report, Scenario, Scene, comm, connect, resolve
from tests.world import IPV6, furnished

LONG_NAME: Final = ".".join(["long" + "g" * 58] * 3 + ["l" * (253 - 3 * 63)])  # RFC 1035, 2.3.4
MANY: Final = tuple(f"127.77.16.{last}" for last in range(1, 41))
ROUNDS: Final = 15
NAMES: Final[Mapping[str, Iterable[str]]] = {
    "python.world.test": ["127.77.2.1"],
    "curl.world.test": ["127.77.2.2"],
    "six.world.test": [IPV6[0]],
    "mapped.world.test": ["127.77.2.3"],
    "kept.world.test": ["127.77.2.4"],
    "mine.world.test": ["127.77.2.5"],
    "yours.world.test": ["127.77.2.5"],
    "guessed.world.test": ["127.77.2.6"],
    "many.world.test": MANY,
    LONG_NAME: ["127.77.2.7"],
    **{f"left{n}.world.test": [f"127.77.3.{n}"] for n in range(1, ROUNDS + 1)},
    **{f"right{n}.world.test": [f"127.77.4.{n}"] for n in range(1, ROUNDS + 1)},
}


def ipv4(scene: Scene) -> None:
    connect("127.77.1.1", scene.port)
    scene.expect("AF_INET", "127.77.1.1", scene.port)


def ipv6(scene: Scene) -> None:
    connect(IPV6[1], scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", IPV6[1], scene.port)


def mapped(scene: Scene) -> None:
    connect("::ffff:127.77.1.3", scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", "127.77.1.3", scene.port)


def udp(scene: Scene) -> None:
    connect("127.77.1.4", 5353, udp=True)
    scene.expect("AF_INET", "127.77.1.4", 5353)


def netlink(scene: Scene) -> None:
    for _ in range(2):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
            sock.connect((0, 0))
        scene.expect("AF_NETLINK")


def vsock(scene: Scene) -> None:
    try:
        sock = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    except OSError as error:
        raise ImpossibleError(f"this kernel has no AF_VSOCK ({error.strerror})") from None
    with sock:
        sock.setblocking(False)
        sock.connect_ex((1, 1024))  # VMADDR_CID_LOCAL; there may be nobody
    scene.expect("AF_VSOCK")


def packet(scene: Scene) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.connect_ex(("lo", 0))  # refused: packet sockets have no connections
    scene.expect("AF_PACKET")


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


def gone_at_once(scene: Scene) -> None:
    """A hundred processes that connect and end; the reference tool had a path for thirteen."""
    Path("/proc/self/comm").write_text("gone-at-once")
    for _ in range(100):
        pid = os.fork()
        if pid == 0:
            connect("127.77.1.5", 5353, udp=True)
            os._exit(0)
        os.waitpid(pid, 0)
        scene.pids.append(pid)
        scene.expect("AF_INET", "127.77.1.5", 5353, pid=pid, tid=pid, may_be_gone=True)


def two_threads(scene: Scene) -> None:
    """Both resolve at the same moment, each another name, again and again."""
    ready = threading.Barrier(2)

    def work(side: str, network: int) -> None:
        for n in range(1, ROUNDS + 1):
            name = f"{side}{n}.world.test"
            ready.wait(timeout=60)
            [address] = resolve(name)
            connect(address, 5353, udp=True)
            scene.expect("AF_INET", f"127.77.{network}.{n}", 5353, name)

    threads = [threading.Thread(target=work, args=args) for args in (("left", 3), ("right", 4))]
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
    """`getent` asks for the name, this process connects to the number."""
    with subprocess.Popen(
        ["getent", "ahosts", "guessed.world.test"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as getent:
        assert getent.wait() == 0
    scene.pids.append(getent.pid)  # glibc sorts addresses by connecting to them, at port 0
    connect("127.77.2.6", scene.port)
    scene.expect("AF_INET", "127.77.2.6", scene.port, "guessed.world.test", guess=True)


def known_user(scene: Scene) -> None:
    os.setuid(pwd.getpwnam("nobody").pw_uid)
    connect("127.77.1.6", scene.port)
    scene.expect("AF_INET", "127.77.1.6", scene.port, user="nobody")


def unknown_user(scene: Scene) -> None:
    os.setuid(54321)
    connect("127.77.1.7", scene.port)
    scene.expect("AF_INET", "127.77.1.7", scene.port, uid=54321, user="54321")


def autonomous_systems(scene: Scene) -> None:
    """A public address, plain and mapped; there is no route to it from here."""
    for family, address in ((socket.AF_INET, "8.8.8.8"), (socket.AF_INET6, "::ffff:8.8.8.8")):
        connect(address, 53, family, udp=True)
        scene.expect(family.name, "8.8.8.8", 53, asn=15169)


def hidden(scene: Scene) -> None:
    """What must never be seen, and last a connection that must."""
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/socket")
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{folder}/socket")
    connect("127.77.1.8", 0, udp=True)
    connect("::ffff:127.77.1.8", 0, socket.AF_INET6, udp=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        dissolve = struct.pack("=H14x", socket.AF_UNSPEC)
        assert libc.connect(sock.fileno(), dissolve, len(dissolve)) == 0
        # A length that ends before the address does: the kernel refuses it, and whatever it finds
        # there was never meant.
        short = struct.pack("=H", socket.AF_INET) + struct.pack(">H4s8x", 443, b"\x7f\x4d\x01\x08")
        assert libc.connect(sock.fileno(), short, 4) != 0
    connect("127.77.1.9", scene.port)
    scene.expect("AF_INET", "127.77.1.9", scene.port)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    *(ipv4, ipv6, mapped, udp, netlink, vsock, packet),
    *(python_by_name, ipv6_by_name, mapped_by_name, curl, gone_at_once, two_threads),
    *(failed_lookup, longest_name, many_results, same_address, guessed),
    *(known_user, unknown_user, autonomous_systems, hidden),
)
SCENARIO_NAMES: Final = tuple(scenario.__name__ for scenario in SCENARIOS)


def perform(scenario: Scenario, port: int) -> None:
    """Run one scenario in a child process, which prints its report and waits to be let go."""
    pid = os.fork()
    if pid != 0:
        os.waitpid(pid, 0)
        return
    scene = Scene(port)
    impossible = failed = None
    try:
        scenario(scene)
    except ImpossibleError as error:
        impossible = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the report carries it
        failed = repr(error)
    report = Report(scenario.__name__, scene.pids, scene.expected, impossible, failed)
    print(json.dumps(asdict(report)), flush=True)
    os.read(0, 1)
    scene.afterwards.close()
    os._exit(0)


def main() -> None:
    """Go through all scenarios."""
    with furnished(NAMES) as port:
        for scenario in SCENARIOS:
            perform(scenario, port)


if __name__ == "__main__":
    main()
