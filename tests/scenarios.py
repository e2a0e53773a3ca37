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
import socket
import struct
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests import lookups, outcomes, programs, sends
from tests.scene import ImpossibleError, Report, Scenario, Scene, connect
from tests.world import IPV6, furnished

_TCP: Final = {"call": "connect", "socket_type": "stream", "protocol": "tcp"}


def ipv4(scene: Scene) -> None:
    connect("127.77.1.1", scene.port)
    scene.expect("AF_INET", "127.77.1.1", scene.port, **_TCP)


def ipv6(scene: Scene) -> None:
    connect(IPV6[1], scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", IPV6[1], scene.port, **_TCP)


def mapped(scene: Scene) -> None:
    connect("::ffff:127.77.1.3", scene.port, socket.AF_INET6)
    scene.expect("AF_INET6", "127.77.1.3", scene.port)


def udp(scene: Scene) -> None:
    connect("127.77.1.4", 5353, udp=True)
    scene.expect(
        *("AF_INET", "127.77.1.4", 5353), call="connect", socket_type="dgram", protocol="udp"
    )


def netlink(scene: Scene) -> None:
    for _ in range(2):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
            sock.connect((0, 0))
        scene.expect("AF_NETLINK", call="connect", socket_type="raw", protocol="netlink")


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
        scene.expect("AF_INET", "127.77.1.5", 5353, pid=pid, tid=pid)


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
    *(gone_at_once, known_user, unknown_user, autonomous_systems, hidden),
    *programs.SCENARIOS,
    *outcomes.SCENARIOS,
    *sends.SCENARIOS,
    *lookups.SCENARIOS,  # last: names are remembered for as long as it runs
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
    """Go through all scenarios, or those that the arguments name."""
    names = sys.argv[1:] or SCENARIO_NAMES
    with furnished(lookups.NAMES) as port:
        for scenario in SCENARIOS:
            if scenario.__name__ in names:
                perform(scenario, port)


if __name__ == "__main__":
    main()
