"""Scenarios about names: other libcs, threads at once, resolvers of a program's own, sandboxes."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kit.nameserver import SERVER, serving
from kit.stage import FOUND, HERE_AND_THERE, ROUNDS, SERVED, Stage
from probes.kernel.requirements import libc_path

GLIBC: Final = "a second glibc, in a mount namespace"
MUSL: Final = "musl, in a chroot"
OWN: Final = "a resolver of its own"
INNER: Final = "the same, in another network namespace"
THREADS: Final = "two threads that resolve at once"
SANDBOX: Final = "seccomp, getaddrinfo()"

_CLONE_NEWNET: Final = 0x40000000
_BOUND: Final = 'mount --bind "$1" "$2"; shift 2; exec "$@"'


def second_glibc(stage: Stage) -> None:
    """Another file, at the path of the system's own."""
    libc = libc_path()
    copy = stage.copy(Path(libc), "glibc", "libc.so.6")
    named = str(stage.program("named"))
    private = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _BOUND, "sh"]
    _after_a_while(
        stage, GLIBC, range(1, 6), lambda *to: ([*private, copy, libc, named, *to], [named, *to])
    )


def musl(stage: Stage) -> None:
    """Alpine's libc, with a dynamic program of its own, in a root of its own."""
    root = stage.programs / "musl"
    if not root.exists():
        stage.done.impossible.append(f"{MUSL}: Debian's packages musl and musl-dev cannot be had")
        return
    _after_a_while(
        stage,
        MUSL,
        range(6, 11),
        lambda *to: (["chroot", root, "/bin/named", *to], ["/bin/named", *to]),
    )


def _after_a_while(
    stage: Stage,
    scenario: str,
    numbers: range,
    commands: Callable[..., tuple[list[str | Path], list[str]]],
) -> None:
    """Start them, wait until their libc is watched, and have them connect to `libcN.bench.test`.

    `commands`: by name, port and `wait`, the command line and what the process becomes.
    """
    processes = []
    for number in numbers:
        name = f"libc{number}.bench.test"
        there = (FOUND[name], stage.there()[1])
        command, args = commands(name, str(there[1]), "wait")
        process = stage.start(command)
        processes.append(process)
        stage.act(scenario, process.pid, there, args, host=name)
    time.sleep(stage.settle_s)
    for process in processes:
        _end_well(process)


def own_resolver(stage: Stage) -> None:
    """A static program, as Go makes them; it connects as soon as the answer is there."""
    _ask(stage, OWN, "own")


def inner_resolver(stage: Stage) -> None:
    """The same in a network namespace made for it, as in a container."""
    ask = stage.program("ask")
    reading, writing = os.pipe()
    first = len(stage.done.acts)
    pid = os.fork()
    if pid == 0:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare()")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            with serving(SERVED):
                time.sleep(stage.settle_s)
                _ask(stage, INNER, "inner")
            told = [(act.pid, act.there[1]) for act in stage.done.acts[first:]]
            os.write(writing, json.dumps(told).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    if os.waitpid(pid, 0)[1]:
        raise OSError(f"{INNER}: it failed, as it said above")
    for number, (asker, port) in enumerate(json.loads(text), 1):
        name = f"inner{number}.dns.test"
        args = [ask, SERVER, name, str(port)]
        stage.act(INNER, asker, (SERVED[name], port), args, host=name)


def _ask(stage: Stage, scenario: str, prefix: str) -> None:
    program = stage.program("ask")
    for number in range(1, stage.times(HERE_AND_THERE) + 1):
        name = f"{prefix}{number}.dns.test"
        there = (SERVED[name], stage.there()[1])
        args = [program, SERVER, name, str(there[1])]
        process = stage.start(args)
        stage.act(scenario, process.pid, there, args, host=name)
        _end_well(process)


def threads(stage: Stage) -> None:
    """Two names of one address, asked for at the same moment, in every round."""
    left, right = 30_000, 31_000
    rounds = stage.times(ROUNDS)
    args = [stage.program("threads"), *map(str, (rounds, left, right))]
    process = stage.start(args)
    _end_well(process)
    for number in range(1, rounds + 1):
        for side, port in (("left", left), ("right", right)):
            name = f"{side}{number}.bench.test"
            there = (FOUND[name], port + number)
            stage.act(THREADS, process.pid, there, args, host=name)


def sandboxed(stage: Stage) -> None:
    """Processes that are killed for a system call that they did not mean to make."""
    program = stage.program("sandbox")
    for number in range(1, 11):
        name = f"sandbox{number}.bench.test"
        there = (FOUND[name], stage.there()[1])
        args = [program, name, str(there[1])]
        process = stage.start(args)
        stage.act(SANDBOX, process.pid, there, args, host=name)
        _, said = process.communicate()
        stage.done.ended.append((SANDBOX, process.returncode == 0))
        if process.returncode > 0:  # it was not killed: the fault is its own
            raise OSError(f"{args}: {said}")


def _end_well(process: subprocess.Popen[str]) -> None:
    """Close its input and wait. Raises OSError where it failed."""
    _, said = process.communicate()
    if process.returncode != 0:
        raise OSError(f"{process.args!r} failed: {said.strip()}")


SCENARIOS: Final = (second_glibc, musl, own_resolver, inner_resolver, threads, sandboxed)
