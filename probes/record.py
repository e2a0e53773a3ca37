"""The plain types that travel from the kernel to the screen.

Strings that another process chose (names, paths, arguments) are kept as they were read,
undecodable bytes as surrogate escapes (PEP 383): whoever shows them passes them through
`probes.text.visible` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


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
class Process:
    """Who connected. `pid` is the thread group's id, what every user calls the process id.

    `executable` is None and `args` empty where the process was gone before /proc could be read,
    or for a kernel thread. `comm` is the name of the thread that called. What was left out of a
    path that is too long, or of arguments, has `…` in its place.

    The rest is None where the kernel did not tell it: `parent`, a pid; `start_ns`, when it started,
    in nanoseconds since the epoch, UTC; `cgroup`, its id in the unified hierarchy, which is its
    folder's inode; `netns` and `mntns`, inodes as in /proc/PID/ns; `container` and `unit`, whose
    the cgroup is (see `probes.cgroup.Owner`).
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

    @property
    def label(self) -> str:
        """The executable's path; where that is not known, the thread's name in brackets."""
        return self.executable or f"[{self.comm}]"


class HostSource(StrEnum):
    """Where a hostname was learned."""

    GETADDRINFO = "getaddrinfo"
    OTHER_PROCESS = "other-process"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Host:
    """A hostname for an address, and where it came from."""

    name: str
    source: HostSource

    @property
    def is_guess(self) -> bool:
        """True where it is not known that this process asked for the name.

        Another process resolved the address to it, or a DNS answer did, to whomever it went.
        """
        return self.source is not HostSource.GETADDRINFO

    @property
    def label(self) -> str:
        """The name, with `~` in front where it is a guess."""
        return f"~{self.name}" if self.is_guess else self.name


@dataclass(frozen=True, slots=True)
class AutonomousSystem:
    """An autonomous system: its number, and its holder's name ("" where none is known)."""

    number: int
    name: str

    @property
    def label(self) -> str:
        """The reference tool's form: `AS36459 (GITHUB)`."""
        return f"AS{self.number} ({self.name})" if self.name else f"AS{self.number}"


@dataclass(slots=True)
class Connection:
    """One row: a connect() with all that was found out about it. Never changed once it is made.

    Not declared frozen, which would make it three times as dear to make, for every line that is
    printed. Many together travel in columns: `probes.connections.Connections`.

    `time_ns`: nanoseconds since the epoch, UTC. `family`: the AF_* number that was passed to
    connect(). `address` and `port` are None for families other than AF_INET and AF_INET6; an
    IPv4-mapped IPv6 address appears as IPv4 with `family` still AF_INET6.
    """

    time_ns: int
    family: int
    tid: int
    process: Process
    address: str | None
    port: int | None
    host: Host | None
    system: AutonomousSystem | None

    @property
    def destination(self) -> str:
        """`192.0.2.1:443` or `[2001:db8::1]:443`; empty for a family without addresses."""
        if self.address is None:
            return ""
        if ":" in self.address:
            return f"[{self.address}]:{self.port}"
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """`process` asked for `name` and got `address`; `time_ns` as in `Connection`."""

    time_ns: int
    process: Process
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Watching:
    """What a source does from now on.

    `names`: whether hostnames are watched for; None for a recording, which does not say.
    `names_limits`: why some will be missing although they were asked for, for a person.
    `systems_date`: the day of the table of autonomous systems; None where there is none.
    """

    hook: Hook
    names: bool | None
    systems_date: date | None
    names_limits: tuple[str, ...] = ()
