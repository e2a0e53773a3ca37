"""The fields of a connection, in the order in which every written form gives them.

This table is the one place that knows them: JSON lines and CSV are written from it, and a
recording is read back by it, so that they cannot drift apart. Later fields go at the end; none
is ever renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Final

from probes.outcome import OutcomeKind
from probes.record import Connection, HostSource
from probes.recordings.writer import Known, Part

Value = int | float | str | tuple[str, ...] | None


class Kind(Enum):
    """What a field holds; the value is what a reader of a recording is told to write there."""

    TIME = "an ISO 8601 time with an offset, such as 2026-01-31T12:00:00.000001+01:00"
    FAMILY = "an address family's name, such as AF_INET"
    NUMBER = "a whole number from 0 to 4294967295"
    LARGE = "a whole number from 0 to 18446744073709551615"
    PORT = "a port from 0 to 65535"
    TEXT = "a string"
    TEXTS = "a list of strings"
    ANCESTORS = "a list of strings, each a pid, a space and a path, or a name in brackets"
    ADDRESS = "an IPv4 or IPv6 address"
    OUTCOME = f"one of {', '.join(OutcomeKind)}"
    MILLISECONDS = "a number from 0 to 4294967.295"
    CALL = "one of connect, send, fastopen"
    SOCKET_TYPE = "one of stream, dgram, raw, rdm, seqpacket, dccp, packet"
    SOURCE = f"one of {', '.join(HostSource)}"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `get` takes it from a connection; `nullable`: there may be none."""

    name: str
    kind: Kind
    part: Part
    get: Callable[[Connection], Value]
    nullable: bool = False


FIELDS: Final[tuple[Field, ...]] = (
    Field("time", Kind.TIME, Part.TIME, lambda c: c.time_ns),
    Field("af", Kind.FAMILY, Part.ENDPOINT, lambda c: c.family),
    Field("pid", Kind.NUMBER, Part.PROCESS, lambda c: c.process.pid),
    Field("tid", Kind.NUMBER, Part.THREAD, lambda c: c.tid),
    Field("comm", Kind.TEXT, Part.PROCESS, lambda c: c.process.comm),
    Field("process", Kind.TEXT, Part.PROCESS, lambda c: c.process.executable, nullable=True),
    Field("args", Kind.TEXTS, Part.PROCESS, lambda c: c.process.args),
    Field("uid", Kind.NUMBER, Part.PROCESS, lambda c: c.process.uid),
    Field("user", Kind.TEXT, Part.PROCESS, lambda c: c.process.user),
    Field("address", Kind.ADDRESS, Part.DESTINATION, lambda c: c.address, nullable=True),
    Field("port", Kind.PORT, Part.DESTINATION, lambda c: c.port, nullable=True),
    Field("host", Kind.TEXT, Part.HOST, lambda c: c.host.name if c.host else None, nullable=True),
    Field(
        "host_source",
        Kind.SOURCE,
        Part.HOST,
        lambda c: c.host.source if c.host else None,
        nullable=True,
    ),
    Field(
        "asn",
        Kind.NUMBER,
        Part.ENDPOINT,
        lambda c: c.system.number if c.system else None,
        nullable=True,
    ),
    Field(
        "as_name",
        Kind.TEXT,
        Part.ENDPOINT,
        lambda c: (c.system.name or None) if c.system else None,
        nullable=True,
    ),
    Field("parent", Kind.NUMBER, Part.PROCESS, lambda c: c.process.parent, nullable=True),
    Field("started", Kind.TIME, Part.PROCESS, lambda c: c.process.start_ns, nullable=True),
    Field("cgroup", Kind.LARGE, Part.PROCESS, lambda c: c.process.cgroup, nullable=True),
    Field("netns", Kind.NUMBER, Part.PROCESS, lambda c: c.process.netns, nullable=True),
    Field("mntns", Kind.NUMBER, Part.PROCESS, lambda c: c.process.mntns, nullable=True),
    Field("container", Kind.TEXT, Part.PROCESS, lambda c: c.process.container, nullable=True),
    Field("unit", Kind.TEXT, Part.PROCESS, lambda c: c.process.unit, nullable=True),
    Field("local_address", Kind.ADDRESS, Part.LOCAL, lambda c: c.local_address, nullable=True),
    Field("local_port", Kind.PORT, Part.LOCAL, lambda c: c.local_port, nullable=True),
    Field(
        "outcome",
        Kind.OUTCOME,
        Part.OUTCOME,
        lambda c: c.outcome.kind if c.outcome else None,
        nullable=True,
    ),
    Field(
        "errno",
        Kind.TEXT,
        Part.OUTCOME,
        lambda c: c.outcome.errno if c.outcome else None,
        nullable=True,
    ),
    Field(
        "latency_ms",
        Kind.MILLISECONDS,
        Part.LATENCY,
        lambda c: None if c.latency_us is None else c.latency_us / 1000,
        nullable=True,
    ),
    Field(
        "container_name",
        Kind.TEXT,
        Part.PROCESS,
        lambda c: c.process.container_name,
        nullable=True,
    ),
    Field("parents", Kind.ANCESTORS, Part.PROCESS, lambda c: c.process.ancestry),
    Field("call", Kind.CALL, Part.ENDPOINT, lambda c: c.transport.call),
    Field(
        "socket_type",
        Kind.SOCKET_TYPE,
        Part.ENDPOINT,
        lambda c: c.transport.socket_type,
        nullable=True,
    ),
    Field("protocol", Kind.TEXT, Part.ENDPOINT, lambda c: c.transport.protocol, nullable=True),
    Field(
        "host_time",
        Kind.TIME,
        Part.HOST,
        lambda c: c.host.learned_ns if c.host else None,
        nullable=True,
    ),
)


def pieces(
    piece: Callable[[Field], Callable[[Connection], str]], separator: str
) -> Iterator[Known]:
    """Make the columns of a line that has all fields but the time, which comes first.

    `piece(field)` gives the function that writes one field. Ahead of each stands `separator`.
    """
    for part, fields in groupby(FIELDS[1:], key=attrgetter("part")):
        yield Known(part, _together([piece(field) for field in fields], separator))


def _together(
    pieces: Sequence[Callable[[Connection], str]], separator: str
) -> Callable[[Connection], str]:
    return lambda connection: "".join([separator + piece(connection) for piece in pieces])
