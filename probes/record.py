"""The plain types that travel from the kernel to the screen.

Strings that another process chose (names, paths, arguments) are kept as they were read,
undecodable bytes as surrogate escapes (PEP 383): whoever shows them passes them through
`probes.text.visible` first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from probes.outcome import Outcome
from probes.transport import UNTOLD, Transport

# A start is worked out from a clock that is set now and then; no pid is given again so soon.
_CLOCKS_APART_NS: Final = 500_000_000


class HookKind(StrEnum):
    """How connect() is watched."""

    KPROBE = "kprobe"
    TRACEPOINT = "tracepoint"
    RECORDING = "recording"  # of a session whose hook is not known any more


@dataclass(frozen=True, slots=True)
class Hook:
    """The hook in use, and what it cannot see.

    `target` is the kernel function or tracepoint; `blind_spots` are short phrases for a person.
    """

    kind: HookKind
    target: str
    blind_spots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A process that another one stems from, as it was when it made the next one of the line.

    As in `Process`; where only the pid is known, `comm` and `args` are empty.
    """

    pid: int
    comm: str
    executable: str | None
    args: tuple[str, ...]

    @property
    def label(self) -> str:
        """As a process's; `[?]` where nothing is known of it."""
        return self.executable or f"[{self.comm or '?'}]"


@dataclass(frozen=True, slots=True)
class Process:
    """Who connected. `pid` is the thread group's id, what every user calls the process id.

    `executable` is None and `args` empty where the process was gone before /proc could be read,
    or for a kernel thread. `comm` is the name of the thread that called. What was left out of a
    path that is too long, or of arguments, has `…` in its place.

    The rest is None where the kernel did not tell it: `parent`, the pid of who made it; `start_ns`,
    when it started, in nanoseconds since the epoch, UTC; `cgroup`, its id in the unified hierarchy,
    which is its folder's inode; `netns` and `mntns`, inodes as in /proc/PID/ns; `container`, `unit`
    and `container_name`, whose the cgroup is (see `probes.processes.cgroup.Owner`). `parents`: who
    made it, who made that one, and so on; processes of one parent share them.
    """

    pid: int
    comm: str
    executable: str | None
    args: tuple[str, ...]
    uid: int
    user: str
    parent: int | None = None
    start_ns: int | None = None
    cgroup: int | None = None
    netns: int | None = None
    mntns: int | None = None
    container: str | None = None
    unit: str | None = None
    container_name: str | None = None
    parents: tuple[Ancestor, ...] = ()

    def is_same(self, other: Process) -> bool:
        """Whether both are one process, whatever it executed meanwhile."""
        if self.pid != other.pid:
            return False
        if self.start_ns is None or other.start_ns is None:
            return True
        return abs(self.start_ns - other.start_ns) < _CLOCKS_APART_NS

    @property
    def label(self) -> str:
        """The executable's path; where that is not known, the thread's name in brackets."""
        return self.executable or f"[{self.comm}]"

    @property
    def ancestry(self) -> tuple[str, ...]:
        """Its parents' pids and labels: `1234 /usr/bin/bash`."""
        return tuple([f"{parent.pid} {parent.label}" for parent in self.parents])


class HostSource(StrEnum):
    """Where a hostname was learned."""

    GETADDRINFO = "getaddrinfo"  # this process asked libc for it
    PROCESS_TREE = "process-tree"  # a process that it descends from, or one that descends from it
    OTHER_PROCESS = "other-process"
    DNS = "dns"  # an answer to whomever
    RESOLVED = "resolved"  # systemd-resolved told of its answer
    PTR = "ptr"  # nobody asked for it: the name that the address's owner gave it


_KNOWN_TO_BE_MEANT: Final = frozenset({HostSource.GETADDRINFO, HostSource.PROCESS_TREE})


@dataclass(frozen=True, slots=True)
class Host:
    """A hostname for an address, and where it came from.

    `learned_ns`: when, to the second, in nanoseconds since the epoch, UTC; None where that is not
    known. Two that differ in nothing else are equal.
    """

    name: str
    source: HostSource
    learned_ns: int | None = field(default=None, compare=False)

    @property
    def is_guess(self) -> bool:
        """True where it is not known that this process, or one of its tree, asked for the name.

        Another process resolved the address to it, or a DNS answer did, to whomever it went, or
        it is the address's own.
        """
        return self.source not in _KNOWN_TO_BE_MEANT

    @property
    def mark(self) -> str:
        """`~` where it is a guess, `?` where it is the address's own name, else nothing."""
        if self.source is HostSource.PTR:
            return "?"
        return "~" if self.is_guess else ""

    @property
    def label(self) -> str:
        """The name with its mark in front."""
        return self.mark + self.name


@dataclass(frozen=True, slots=True)
class AutonomousSystem:
    """An autonomous system: its number, and its holder's name ("" where none is known).

    `country`: where it is registered, in two letters of ISO 3166; "" where that is not known.
    """

    number: int
    name: str
    country: str = ""

    @property
    def label(self) -> str:
        """The reference tool's form: `AS36459 (GITHUB)`."""
        return f"AS{self.number} ({self.name})" if self.name else f"AS{self.number}"


@dataclass(slots=True)
class Connection:
    """One row: a call with all that was found out about it. Never changed once it is made.

    Not declared frozen, which would make it three times as dear to make, for every line that is
    printed. Many together travel in columns: `probes.connections.Connections`.

    `time_ns`: nanoseconds since the epoch, UTC. `family`: the AF_* number that was passed to
    connect(). `address` and `port` are None for families other than AF_INET and AF_INET6; an
    IPv4-mapped IPv6 address appears as IPv4 with `family` still AF_INET6. `local_address` and
    `local_port`: the socket's own end, None where it was not told. `outcome`: what became of it so
    far, None where that is not known; `latency_us`: microseconds from the call to the outcome, None
    for a socket that had nothing to wait for.
    IPv4-mapped IPv6 address appears as IPv4 with `family` still AF_INET6. `port` is 0 where the
    protocol has none (ICMP, raw sockets). `transport`: by which call, through what kind of socket.
    """

    time_ns: int
    family: int
    tid: int
    process: Process
    address: str | None
    port: int | None
    host: Host | None
    system: AutonomousSystem | None
    local_address: str | None = None
    local_port: int | None = None
    outcome: Outcome | None = None
    latency_us: int | None = None
    transport: Transport = UNTOLD

    @property
    def destination(self) -> str:
        """`192.0.2.1:443` or `[2001:db8::1]:443`; empty for a family without addresses.

        Without a port where the protocol has none.
        """
        if self.address is None:
            return ""
        if not self.port and not self.transport.has_ports:
            return self.address
        return _end(self.address, self.port)

    @property
    def origin(self) -> str:
        """The socket's own end in the same form; empty where it was not told."""
        return "" if self.local_address is None else _end(self.local_address, self.local_port)


def _end(address: str, port: int | None) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """A name for an address that had none before, for rows that are there already.

    `process` asked for it; None: nobody knows who did. `netns`: the network namespace that it was
    learned in, None where that is not known. `time_ns`: as in `Connection`.
    """

    time_ns: int
    process: Process | None
    address: str
    name: str
    source: HostSource = HostSource.GETADDRINFO
    netns: int | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """What a source does from now on.

    `names`: whether hostnames are watched for; None for a recording, which does not say.
    `names_limits`: why some will be missing although they were asked for, for a person.
    `systems_date`: the day of the table of autonomous systems; None where there is none.
    `without_outcomes`: why it is not told what became of connections, for a person; "" where it is.
    """

    hook: Hook
    names: bool | None
    systems_date: date | None
    names_limits: tuple[str, ...] = ()
    without_outcomes: str = ""
