"""DNS answers inside network namespaces that do not route through ours, as containers have."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probes.naming.namespaces import NAMESPACES_MAX, Namespaces
from probes.record import HostSource
from tests.native.live_capture import PORTS, Told

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

PATIENCE_S = 30.0
TREE = Path(__file__).parents[2]
SIOCGSKNS = 0x894C  # include/uapi/linux/sockios.h: a descriptor of the socket's namespace
# Brings up its loopback, serves names there, and asks itself for one when it is given a line.
INSIDE = """
import subprocess, sys
from tests.native.dns_server import asking, serving
server, name, address, port = sys.argv[1:]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
with serving(server, {name: address}):
    print("ready", flush=True)
    for line in sys.stdin:
        with subprocess.Popen(asking(server, name, address, int(port))) as program:
            program.wait()
        print(program.pid, flush=True)
"""


class Container:
    """A process in a network namespace of its own."""

    def __init__(self, port: int) -> None:
        arguments = ["127.0.0.53", "inside.world.test", "127.77.62.1", str(port)]
        self._process = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", INSIDE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TREE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        self.netns = os.stat(f"/proc/{self._process.pid}/ns/net").st_ino

    def ask(self) -> int:
        """The pid of the program in it that asked for its name, and connected."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def container() -> Iterator[Container]:
    made = Container(PORTS[9])
    yield made
    made.end()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_program_with_its_own_resolver_in_a_container(container: Container, told: Told) -> None:
    """It is there when the capture begins, or for a few seconds: then it is listened to."""
    time.sleep(4)
    [row] = told.of(container.ask(), PORTS[9])
    assert row.process.netns == container.netns
    assert row.host is not None
    assert (row.host.label, row.host.source) == ("~inside.world.test", HostSource.DNS)


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    ticks = iter(range(0, 1_000_000, 1000))  # every look is at all processes
    made = Namespaces(clock=lambda: next(ticks))
    yield made
    made.close()


def descriptors(netns: int) -> list[str]:
    """What this process has open of a network namespace: sockets in it, and itself."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            kind = os.readlink(f"/proc/self/fd/{name}")
            if kind.startswith("socket:"):
                there = fcntl.ioctl(int(name), SIOCGSKNS)
                inode = os.fstat(there).st_ino
                os.close(there)
            else:
                inode = os.fstat(int(name)).st_ino if kind.startswith("net:") else 0
        except OSError:  # the listing's own, or another thread's that is gone again
            continue
        if inode == netns:
            found.append(kind)
    return found


def test_it_listens_where_somebody_is_and_lets_go_when_all_have_left(
    namespaces: Namespaces,
) -> None:
    namespaces.start()
    container = Container(PORTS[9])
    wait_for(lambda: container.netns in namespaces._answers)
    wait_for(lambda: len(descriptors(container.netns)) == 2)  # one for each version of IP
    container.ask()
    heard = []
    wait_for(lambda: bool(heard.extend(namespaces.drain()) or heard))
    [one] = [one for one in heard if one.netns == container.netns]
    assert one.response.asked == b"inside.world.test"
    assert one.server == bytes([127, 0, 0, 53])
    assert namespaces.dropped() == 0
    container.end()
    wait_for(lambda: container.netns not in namespaces._answers)
    wait_for(lambda: not descriptors(container.netns))


def test_a_process_that_was_seen_has_its_namespace_looked_at_at_once(
    namespaces: Namespaces,
) -> None:
    namespaces.start()
    container = Container(PORTS[9])
    try:
        namespaces.seen([(container._process.pid, container.netns)])
        wait_for(lambda: container.netns in namespaces._answers)
        # Told of a wrong one, it does not believe it.
        namespaces.seen([(os.getpid(), 12345)])
        time.sleep(0.1)
        assert 12345 not in namespaces._answers
    finally:
        container.end()


def test_the_thread_comes_back_to_its_own_namespace(namespaces: Namespaces) -> None:
    namespaces.start()
    container = Container(PORTS[9])
    try:
        wait_for(lambda: container.netns in namespaces._answers)
        home = os.stat("/proc/self/ns/net").st_ino
        for thread in os.listdir("/proc/self/task"):
            assert os.stat(f"/proc/self/task/{thread}/ns/net").st_ino == home
    finally:
        container.end()


def test_only_so_many_are_listened_in_and_the_others_counted(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAMESPACES_MAX == 64
    monkeypatch.setattr("probes.naming.namespaces.NAMESPACES_MAX", 1)
    namespaces.start()
    containers = [Container(PORTS[9]) for _ in range(3)]
    try:
        wait_for(lambda: namespaces.unheard >= 2)
        assert len(namespaces._answers) == 2
    finally:
        for container in containers:
            container.end()
