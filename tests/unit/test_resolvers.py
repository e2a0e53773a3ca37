"""Who resolves names for others, by the sockets that it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.naming.resolvers import Resolvers
from tests.fake_proc import Clock

UDP = (
    b"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
    b" inode ref pointer drops            \n"
)
UNIX = b"Num       RefCount Protocol Flags    Type St Inode Path\n"
STUB = (
    b"  531: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0"
    b" 4711 2 00000000d8 0\n"
)
SIX = (
    b"  531: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 "
    b"00000000:00000000 00:00000000 00000000   101        0 4712 2 0000000012 0           \n"
)
RESOLVE = (
    b"0000000054: 00000002 00000000 00010000 0001 01 4713 /run/systemd/resolve/io.systemd.Resolve\n"
)
NSCD = b"0000000054: 00000002 00000000 00010000 0001 01 4714 /var/run/nscd/socket\n"
# Connected from port 53; bound to another; a socket that is called alike.
OTHERS = (
    STUB.replace(b"00000000:0000 07", b"0100007F:0035 01").replace(b"4711", b"4715")
    + STUB.replace(b":0035 ", b":3500 ").replace(b"4711", b"4716"),
    RESOLVE.replace(b"Resolve\n", b"Resolve.Monitor\n").replace(b"4713", b"4717"),
)


class Proc:
    """Processes in one network namespace, with the sockets they hold."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.udp, self.udp6, self.unix = UDP + OTHERS[0], UDP, UNIX + OTHERS[1]

    def put(self, pid: int, *inodes: int) -> None:
        folder = self.root / str(pid)
        for name in ("net", "fd", "ns"):
            (folder / name).mkdir(parents=True)
        (folder / "ns/net").symlink_to("net:[4026531840]")
        (folder / "fd/0").symlink_to("/dev/null")
        for number, inode in enumerate(inodes, start=3):
            (folder / f"fd/{number}").symlink_to(f"socket:[{inode}]")
        (folder / "net/udp").write_bytes(self.udp)
        (folder / "net/udp6").write_bytes(self.udp6)
        (folder / "net/unix").write_bytes(self.unix)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.mark.parametrize("inode", [4711, 4712, 4713, 4714])
def test_who_holds_a_socket_where_names_are_asked_for_is_one(proc: Proc, inode: int) -> None:
    proc.udp += STUB
    proc.udp6 += SIX
    proc.unix += RESOLVE + NSCD
    proc.put(1, 99, inode)
    proc.put(2, 99)
    resolvers = Resolvers(proc.root)
    assert resolvers(1, 7)
    assert not resolvers(2, 7)
    assert not resolvers(3, 7), "it has ended"


@pytest.mark.parametrize("inode", [4715, 4716, 4717])
def test_other_sockets_make_none(proc: Proc, inode: int) -> None:
    proc.udp += STUB
    proc.put(1, inode)
    assert not Resolvers(proc.root)(1, 7)


def test_it_is_asked_again_after_a_while(proc: Proc) -> None:
    clock = Clock()
    proc.put(1, 4711)
    resolvers = Resolvers(proc.root, clock)
    assert not resolvers(1, 7)
    (proc.root / "1/net/udp").write_bytes(UDP + STUB)
    assert not resolvers(1, 7)
    clock.now += 6
    assert resolvers(1, 7)
    assert resolvers(1, 8), "another image is another process"
