"""What is sent to an address without connect(), each kind with the row that it must make."""

from __future__ import annotations

import os
import socket
import struct
import threading
from pathlib import Path
from typing import Final

from tests import io_uring
from tests.calls import MSG_FASTOPEN, packed, send_many, send_to
from tests.scene import Scenario, Scene, connect
from tests.world import IPV6

PORT: Final = 5353
TCP_FASTOPEN_CONNECT: Final = 30  # include/uapi/linux/tcp.h
ETHERTYPE: Final = 0x88B5  # IEEE 802: local experimental
_ECHO: Final = struct.pack(">BBHHH", 8, 0, 0xF7FE, 0, 1)
_ECHO6: Final = struct.pack(">BBHHH", 128, 0, 0, 0, 1)
_UDP: Final = {"call": "send", "socket_type": "dgram", "protocol": "udp"}


def datagrams(scene: Scene) -> None:
    """A thousand to one place are one row."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(1000):
            sock.sendto(b"x", ("127.77.70.1", PORT))
        scene.expect("AF_INET", "127.77.70.1", PORT, **_UDP)
        sock.sendto(b"x", ("127.77.70.1", PORT + 1))
        scene.expect("AF_INET", "127.77.70.1", PORT + 1, **_UDP)
        sock.sendmsg([b"x"], [], 0, ("127.77.70.2", PORT))
        scene.expect("AF_INET", "127.77.70.2", PORT, **_UDP)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (IPV6[0], PORT))
        scene.expect("AF_INET6", IPV6[0], PORT, **_UDP)
        sock.sendmsg([b"x"], [], 0, ("::ffff:127.77.70.3", PORT))
        scene.expect("AF_INET6", "127.77.70.3", PORT, **_UDP)


def many_at_once(scene: Scene) -> None:
    """One sendmmsg() to three places, one to a hundred, one of which comes twice."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for address, count in (("127.77.70.4", 3), ("127.77.70.5", 100)):
            names = [packed(address, PORT + number) for number in range(count)]
            assert send_many(sock, [*names, names[0]]) == count + 1
            for number in range(count):
                scene.expect("AF_INET", address, PORT + number, **_UDP)


def beside_a_connection(scene: Scene) -> None:
    """A socket that is connected can send elsewhere too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.77.70.6", PORT))
        scene.expect("AF_INET", "127.77.70.6", PORT, **_UDP | {"call": "connect"})
        sock.sendto(b"x", ("127.77.70.7", PORT))
        scene.expect("AF_INET", "127.77.70.7", PORT, **_UDP)


def without_a_family(scene: Scene) -> None:
    """UDP takes AF_UNSPEC for AF_INET."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert send_to(sock, packed("127.77.70.8", PORT, family=socket.AF_UNSPEC)) == 1
    scene.expect("AF_INET", "127.77.70.8", PORT, **_UDP)


def pings(scene: Scene) -> None:
    """ICMP has no ports: a socket of its own, raw ones, and one that is connected."""
    Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 0")  # this network namespace's
    kinds = {"dgram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW}
    for last, (name, kind) in enumerate(kinds.items(), start=9):
        with socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP) as sock:
            sock.sendto(_ECHO, (f"127.77.70.{last}", 0))
        scene.expect(
            *("AF_INET", f"127.77.70.{last}", 0), call="send", socket_type=name, protocol="icmp"
        )
        with socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6) as sock:
            sock.sendto(_ECHO6, (IPV6[0], 0))
        scene.expect("AF_INET6", IPV6[0], 0, call="send", socket_type=name, protocol="icmp6")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.connect(("127.77.70.11", 1))  # what stands in the port's place means nothing
        sock.send(_ECHO)
    scene.expect("AF_INET", "127.77.70.11", 0, call="connect", socket_type="raw", protocol="icmp")


def raw_packets(scene: Scene) -> None:
    """With a header of one's own, and of a protocol of one's own; to one address."""
    there = socket.inet_aton("127.77.70.12")
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0, there, there) + bytes(8)
    for number, name in ((socket.IPPROTO_RAW, "raw"), (89, "ip-89"), (socket.IPPROTO_TCP, "tcp")):
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, number) as sock:
            sock.sendto(header, ("127.77.70.12", 0))
        scene.expect("AF_INET", "127.77.70.12", 0, call="send", socket_type="raw", protocol=name)


def frames(scene: Scene) -> None:
    """To an interface, whatever the address says of its family."""
    index = socket.if_nametoindex("lo")
    station = b"\x02\0\0\0\0\x01"
    for kind, name in ((socket.SOCK_RAW, "raw"), (socket.SOCK_DGRAM, "dgram")):
        with socket.socket(socket.AF_PACKET, kind) as sock:
            sock.sendto(bytes(60), ("lo", ETHERTYPE, 0, 1, station))
            scene.expect("AF_PACKET", call="send", socket_type=name, protocol="packet")
            said = struct.pack(
                "=HHiHBB8s", socket.AF_UNIX, socket.htons(ETHERTYPE), index, 1, 0, 6, b"\x02"
            )
            assert send_to(sock, said, bytes(60)) == 60
            scene.expect("AF_PACKET", call="send", socket_type=name, protocol="packet")


def associations(scene: Scene) -> None:
    """SCTP, where the kernel has a module of it; nobody listens."""
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, socket.IPPROTO_SCTP)
    except OSError:
        modules = Path("/lib/modules", os.uname().release)
        if any(modules.rglob("sctp.ko*")):
            raise
        return
    with sock:
        sock.setblocking(False)
        try:
            sock.sendto(b"x", ("127.77.70.13", PORT))
        except OSError as error:
            print(f"sctp: {error}")
    scene.expect(
        "AF_INET", "127.77.70.13", PORT, call="send", socket_type="seqpacket", protocol="sctp"
    )


def fast_open(scene: Scene) -> None:
    """Each is a connection, and so a row; with the option it is connect() that is called."""
    tcp = {"socket_type": "stream", "protocol": "tcp"}
    for _ in range(2):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.sendto(b"x", MSG_FASTOPEN, ("127.77.70.14", scene.port))
        scene.expect("AF_INET", "127.77.70.14", scene.port, call="fastopen", **tcp)
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.sendmsg([b"x"], [], MSG_FASTOPEN, (IPV6[1], scene.port))
    scene.expect("AF_INET6", IPV6[1], scene.port, call="fastopen", **tcp)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        sock.connect(("127.77.70.15", scene.port))
        sock.send(b"x")
    scene.expect("AF_INET", "127.77.70.15", scene.port, call="connect", **tcp)


def who_sends(scene: Scene) -> None:
    """Three processes, and two users of one: a row each; two threads of it have one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    scene.afterwards.enter_context(sock)
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            sock.sendto(b"x", ("127.77.70.16", PORT))
            os._exit(0)
        os.waitpid(pid, 0)
        scene.pids.append(pid)
        scene.expect("AF_INET", "127.77.70.16", PORT, pid=pid, tid=pid, **_UDP)
    sock.sendto(b"x", ("127.77.70.16", PORT))
    scene.expect("AF_INET", "127.77.70.16", PORT, **_UDP)
    thread = threading.Thread(target=sock.sendto, args=(b"x", ("127.77.70.16", PORT)))
    thread.start()
    thread.join()
    os.setuid(54321)
    sock.sendto(b"x", ("127.77.70.16", PORT))
    scene.expect("AF_INET", "127.77.70.16", PORT, **_UDP)


def not_sent(scene: Scene) -> None:
    """What names no address, what the kernel ignores, refuses or keeps in this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        there = packed("127.77.70.17", PORT)
        assert send_to(sock, there, length=0) < 0
        assert send_to(sock, there, length=15) < 0
        assert send_to(sock, packed("127.77.70.17", 0)) < 0
        assert send_to(sock, packed("127.77.70.17", PORT, family=socket.AF_UNIX)) < 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.connect(("127.77.70.18", scene.port))
        scene.expect("AF_INET", "127.77.70.18", scene.port, call="connect")
        send_to(sock, packed("127.77.70.17", PORT))  # TCP looks at no address
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.sendto(bytes(16), (0, 0))
    ours, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, other, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as third:
        other.send(b"x")
        third.bind(f"\0sock-tui-{os.getpid()}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"x", third.getsockname())
    connect("127.77.70.19", PORT, udp=True)
    scene.expect("AF_INET", "127.77.70.19", PORT, call="connect")


def by_io_uring(scene: Scene) -> None:
    """No system call tells of it; the kprobes do."""
    with (
        io_uring.Ring() as ring,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        assert ring.connect(sock, packed("127.77.70.20", PORT)) == 0
        assert ring.send(other, packed("127.77.70.21", PORT)) == 1
    if Path("/sys/bus/event_source/devices/kprobe").exists():
        scene.expect("AF_INET", "127.77.70.20", PORT, **_UDP | {"call": "connect"})
        scene.expect("AF_INET", "127.77.70.21", PORT, **_UDP)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    *(datagrams, many_at_once, beside_a_connection, without_a_family, pings, raw_packets),
    *(frames, associations, fast_open, who_sends, not_sent, by_io_uring),
)
