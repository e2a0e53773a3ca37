"""Whose a name is: threads, relatives, strangers; and addresses' own names when asked for."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from probes.record import Host, HostSource
from tests.native.live_capture import PORTS, Told, capturing

pytestmark = [pytest.mark.native, pytest.mark.timeout(120)]

ROUNDS = 50
THREADS = """
import os, socket, sys, threading
ready = threading.Barrier(2)
def work(side):
    for n in range(1, int(sys.argv[2]) + 1):
        ready.wait()
        [*_, (*_, (address, _))] = socket.getaddrinfo(f"{side}{n}.world.test", 0, socket.AF_INET)
        ready.wait()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, int(sys.argv[1])))
def named(side):
    os.write(1, f"{side} {threading.get_native_id()}\\n".encode())  # both write at once
    work(side)
threads = [threading.Thread(target=named, args=(side,)) for side in ("left", "right")]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
CONNECT = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((sys.argv[1], int(sys.argv[2])))
"""
RESOLVE = """
import socket, sys
socket.getaddrinfo(sys.argv[1], 0, socket.AF_INET)
print("done", flush=True)
sys.stdin.read()
"""


def in_world(folder: Path, hosts: str, command: list[str]) -> list[str]:
    """`command`, in a mount namespace where just these names are known."""
    (folder / "hosts").write_text(hosts)
    (folder / "nsswitch.conf").write_text("hosts: files\n")
    script = "; ".join(
        f"mount --bind {folder}/{name} /etc/{name}" for name in ("hosts", "nsswitch.conf")
    )
    shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    return [*shell, f'{script}; exec "$@"', "sh", *command]


def test_two_threads_with_different_names_for_the_same_addresses(
    told: Told, tmp_path: Path
) -> None:
    port = PORTS[9]
    hosts = [
        f"127.77.60.{n} {side}{n}.world.test\n"
        for n in range(1, ROUNDS + 1)
        for side in ("left", "right")
    ]
    command = [sys.executable, "-c", THREADS, str(port), str(ROUNDS)]
    with subprocess.Popen(
        in_world(tmp_path, "".join(hosts), command), stdout=subprocess.PIPE, text=True
    ) as process:
        said, _ = process.communicate()
    sides = {int(tid): side for side, tid in map(str.split, said.splitlines())}
    end = time.monotonic() + 20
    while len(told.of(process.pid, port)) < 2 * ROUNDS and time.monotonic() < end:
        time.sleep(0.05)
    rows = told.of(process.pid, port)
    assert len(rows) == 2 * ROUNDS
    for row in rows:
        number = str(row.address).rpartition(".")[2]
        name = f"{sides[row.tid]}{number}.world.test"
        assert row.host == Host(name, HostSource.GETADDRINFO)
        assert row.host.learned_ns is not None
        assert 0 <= row.time_ns - row.host.learned_ns < 60_000_000_000


def test_relatives_have_each_others_names_and_strangers_a_guess(told: Told, tmp_path: Path) -> None:
    """A shell whose child asks for the name, and then another child of it, and a stranger."""
    port, address = str(PORTS[9]), "127.77.61.1"
    connect = f"{sys.executable} -c '{CONNECT}' {address} {port}"
    # bash connects by itself through /dev/udp; what it started before has asked.
    script = (
        f"coproc {sys.executable} -c '{RESOLVE}' asked.world.test; read -u ${{COPROC[0]}};"
        f"exec 3<>/dev/udp/{address}/{port}; {connect}"
    )
    hosts = f"{address} asked.world.test\n"
    with subprocess.Popen(in_world(tmp_path, hosts, ["bash", "-c", script])) as shell:
        [own] = told.of(shell.pid, int(port))
        assert own.host == Host("asked.world.test", HostSource.PROCESS_TREE)
        assert shell.wait() == 0
    with subprocess.Popen([sys.executable, "-c", CONNECT, address, port]) as stranger:
        [row] = told.of(stranger.pid, int(port))
        assert row.host == Host("asked.world.test", HostSource.OTHER_PROCESS)


def test_an_addresss_own_name_comes_later_and_only_when_asked_for() -> None:
    port = PORTS[9]
    with capturing(reverse=True) as told:
        with subprocess.Popen([sys.executable, "-c", CONNECT, "127.0.0.1", str(port)]) as process:
            assert process.wait() == 0
        [row] = told.of(process.pid, port)
        late = told.resolved("127.0.0.1")
        assert row.host is None or row.host.source is HostSource.PTR
        assert (late.process, late.source) == (None, HostSource.PTR)
        with subprocess.Popen([sys.executable, "-c", CONNECT, "127.0.0.1", str(port)]) as process:
            assert process.wait() == 0
        [row] = told.of(process.pid, port)
        assert row.host == Host(late.name, HostSource.PTR)
