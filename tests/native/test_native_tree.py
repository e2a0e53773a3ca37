"""Only what a process and its descendants do is told, however they leave it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from probes.event import WHERE, Connects
from probes.hooks.kernel import Kernel
from probes.kernel.decode import decode
from probes.kernel.task import Task
from probes.record import HookKind
from probes.selection import Selection

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

# Sends a datagram socket somewhere, which makes a connect() and no traffic.
CONNECT = """
import os, socket, sys, threading
def connect(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.77.30.1", int(port)))
"""
# Started as: [first, second]; each says what it does before it connects to its port.
WAYS = {
    "itself": "connect(7001)",
    "a child": "pid = os.fork()\nif not pid: connect(7001); os._exit(0)\nos.waitpid(pid, 0)",
    "a daemon that forked twice": """
reading, writing = os.pipe()
pid = os.fork()
if not pid:
    os.setsid()
    if os.fork():
        os._exit(0)
    while os.getppid() == pid: pass
    connect(7001)
    os.write(writing, b"x")
    os._exit(0)
os.waitpid(pid, 0)
os.read(reading, 1)
""",
    "a thread": """
thread = threading.Thread(target=connect, args=(7001,))
thread.start(); thread.join()
""",
    "a child of a thread": """
def forking():
    pid = os.fork()
    if not pid: connect(7001); os._exit(0)
    os.waitpid(pid, 0)
thread = threading.Thread(target=forking)
thread.start(); thread.join()
""",
    "another program": """
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1] + "connect(7001)"])
""",
    "another program, from a thread": """
def execute():
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1] + "connect(7001)"])
threading.Thread(target=execute).start()
threading.Event().wait()
""",
    "a thread that outlives the first": """
import ctypes, time
def late():
    time.sleep(0.2)
    connect(7001)
    os._exit(0)
threading.Thread(target=late).start()
ctypes.CDLL(None).pthread_exit(None)
""",
}


@contextmanager
def stopped(script: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """A Python that waits for a word before it runs `script`; its id, and what lets it go."""
    text = f"import sys; sys.stdin.readline()\n{CONNECT}{script}"
    with subprocess.Popen(
        [sys.executable, "-c", text, CONNECT], stdin=subprocess.PIPE, text=True
    ) as child:

        def go() -> None:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.close()
            child.wait(30)

        yield child.pid, go


@contextmanager
def attached(*trees: int) -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        selection = Selection(trees=frozenset(trees))
        kernel.attach(Task(HookKind.TRACEPOINT, names=False, selection=selection))
        yield kernel
    finally:
        kernel.close()


def ports(kernel: Kernel) -> list[int]:
    return [
        port
        for event in decode(kernel.drain()).events
        if isinstance(event, Connects)
        for where, port in zip(event.where, event.ports, strict=True)
        if WHERE.unpack(where)[0].startswith(bytes([127, 77, 30, 1]))
    ]


@pytest.mark.parametrize("way", WAYS)
def test_what_descends_from_it_is_told_and_nothing_else(way: str) -> None:
    with (
        stopped(WAYS[way]) as (tree, go),
        stopped(WAYS["itself"]) as (_, go_beside),
        attached(tree) as kernel,
    ):
        go_beside()
        go()
        assert ports(kernel) == [7001]
        assert kernel.filtered() >= 1
        assert kernel.lost() == 0


def test_who_has_ended_is_forgotten() -> None:
    with stopped(WAYS["a child of a thread"]) as (tree, go), attached(tree) as kernel:
        assert kernel.tree() == {tree}
        go()
        assert kernel.tree() == set()
