"""What a scenario acts in, and what it says must be seen."""

from __future__ import annotations

import os
import pwd
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path


class ImpossibleError(Exception):
    """This machine cannot do what the scenario is about; the message says what."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A row that must be seen: `fields` as in the JSON output."""

    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """What a scenario did. The rows of `pids` must be `expected`, one for one, and no others.

    `impossible`: why it cannot be done on this machine; `failed`: how it went wrong by itself.
    """

    scenario: str
    pids: list[int]
    expected: list[Expected]
    impossible: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario's means. `port`: where a TCP server accepts on every address of the world.

    `pids`: all processes whose rows are judged. `afterwards`: what ends only when the rows were
    seen, or waited for in vain: a process that is gone cannot be looked up.
    """

    port: int
    pids: list[int] = field(default_factory=lambda: [os.getpid()])
    expected: list[Expected] = field(default_factory=list)
    afterwards: ExitStack = field(default_factory=ExitStack)

    def expect(
        self,
        family: str,
        address: str | None = None,
        port: int | None = None,
        host: str | None = None,
        *,
        guess: bool = False,
        **others: object,
    ) -> None:
        """Expect one more row, made by the thread that calls this where `others` says no else."""
        pid, tid = os.getpid(), threading.get_native_id()
        fields: dict[str, object] = {
            "af": family,
            "pid": pid,
            "tid": tid,
            "comm": comm(tid),
            "process": os.readlink("/proc/self/exe"),
            "args": Path("/proc/self/cmdline").read_text().removesuffix("\0").split("\0"),
            "uid": os.getuid(),
            "user": user_name(os.getuid()),
            "address": address,
            "port": port,
            "host": host,
            "host_source": None if host is None else "other-process" if guess else "getaddrinfo",
            **others,
        }
        self.expected.append(Expected(fields))


Scenario = Callable[[Scene], None]


def connect(address: str, port: int, family: int = socket.AF_INET, *, udp: bool = False) -> None:
    """Connect a socket. A UDP socket sends nothing; where there is no route it is refused."""
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as sock:
        try:
            sock.connect((address, port))
        except OSError:
            if not udp:
                raise


def resolve(name: str, family: int = socket.AF_INET, flags: int = 0) -> list[str]:
    """What getaddrinfo() gives for `name`: addresses in its order."""
    found = socket.getaddrinfo(name.encode(), None, family, socket.SOCK_STREAM, flags=flags)
    return [str(entry[4][0]) for entry in found]


def comm(tid: int) -> str:
    """A thread's name, as the kernel has it."""
    return Path(f"/proc/{tid}/comm").read_text().removesuffix("\n")


def user_name(uid: int) -> str:
    """A user's name; the number where nobody has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
