"""The plain types that travel from the kernel to the screen.

Events are what a probe saw; connections and resolutions are what the rest of the program works
with. Strings that another process chose (names, paths, arguments) are kept as they were read,
undecodable bytes as surrogate escapes (PEP 383): whoever shows them passes them through
`probes.text.visible` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol


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


class ConnectEvent(NamedTuple):
    """One call of connect(), as the kernel program reported it.

    A tuple, like `NameEvent`: at 100,000 a second, what takes a frozen dataclass 1.2 µs to make
    takes it 0.3 µs.

    `ts_ns`: nanoseconds since boot (CLOCK_MONOTONIC). `address`: 4 bytes for AF_INET, 16 for
    AF_INET6, in network order, empty for every other family; `port`: host order, 0 where the
    family has none. `comm`: the calling thread's name, at most 15 bytes. `in_lookup`: it was
    getaddrinfo() that called, and it has not returned yet.
    """

    ts_ns: int
    tgid: int
    tid: int
    uid: int
    family: int
    port: int
    address: bytes
    comm: bytes
    in_lookup: bool


class NameEvent(NamedTuple):
    """One address that getaddrinfo() returned for a name; fields as in `ConnectEvent`.

    `name`: the node as it was asked for, at most 255 bytes.
    """

    ts_ns: int
    tgid: int
    tid: int
    uid: int
    family: int
    address: bytes
    comm: bytes
    name: bytes


Event = ConnectEvent | NameEvent


@dataclass(frozen=True, slots=True)
class Process:
    """Who connected. `pid` is the thread group's id, what every user calls the process id.

    `executable` is None and `args` empty where the process was gone before /proc could be read,
    or for a kernel thread. `comm` is the name of the thread that called.
    """

    pid: int
    comm: str
    executable: str | None
    args: tuple[str, ...]
    uid: int
    user: str

    @property
    def label(self) -> str:
        """The executable's path; where that is not known, the thread's name in brackets."""
        return self.executable or f"[{self.comm}]"


class HostSource(StrEnum):
    """Where a hostname was learned."""

    GETADDRINFO = "getaddrinfo"
    OTHER_PROCESS = "other-process"


@dataclass(frozen=True, slots=True)
class Host:
    """A hostname for an address, and where it came from."""

    name: str
    source: HostSource

    @property
    def is_guess(self) -> bool:
        """True where another process, not this one, resolved the address to this name."""
        return self.source is HostSource.OTHER_PROCESS

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

    Not declared frozen, which would make it three times as dear to make, for every event.

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


Item = Connection | Resolution


@dataclass(frozen=True, slots=True)
class Watching:
    """What a source does from now on.

    `names`: whether getaddrinfo() is watched; None for a recording, which does not say.
    `names_off`: why it is not although it was asked for, for a person; else empty.
    `systems_date`: the day of the table of autonomous systems; None where there is none.
    """

    hook: Hook
    names: bool | None
    systems_date: date | None
    names_off: str = ""


class Sink(Protocol):
    """What a source tells while it runs. Called from the source's thread; must not block."""

    def progress(self, stage: str) -> None:
        """What is being done before the first event, for a person ("compiling the probes")."""

    def attached(self, watching: Watching) -> None:
        """Events flow from now on."""

    def take(self, items: Sequence[Item]) -> None:
        """The next items, in the order in which the kernel saw them."""

    def lost(self, total: int) -> None:
        """How many events were lost since the start, before they could become items."""

    def filtered(self, total: int) -> None:
        """How many connections were left out since the start, since nobody asked for them."""
