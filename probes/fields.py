"""The fields of a connection, in the order in which every written form gives them.

This table is the one place that knows them: JSON lines and CSV are written from it, and a
recording is read back by it, so that they cannot drift apart. Later fields go at the end; none
is ever renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Final

from probes.memo import remembered
from probes.record import Connection

Value = int | str | tuple[str, ...] | None


class Kind(Enum):
    """What a field holds; the value is what a reader of a recording is told to write there."""

    TIME = "an ISO 8601 time with an offset, such as 2026-01-31T12:00:00.000001+01:00"
    FAMILY = "an address family's name, such as AF_INET"
    NUMBER = "a whole number from 0 to 4294967295"
    PORT = "a port from 0 to 65535"
    TEXT = "a string"
    TEXTS = "a list of strings"
    ADDRESS = "an IPv4 or IPv6 address"
    SOURCE = "one of getaddrinfo, other-process, dns"


class Part(Enum):
    """The part of a connection that a field depends on; the value is its attribute's name."""

    CONNECTION = ""
    PROCESS = "process"
    HOST = "host"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `get` takes it from a connection; `nullable`: there may be none."""

    name: str
    kind: Kind
    part: Part
    get: Callable[[Connection], Value]
    nullable: bool = False


FIELDS: Final[tuple[Field, ...]] = (
    Field("time", Kind.TIME, Part.CONNECTION, lambda c: c.time_ns),
    Field("af", Kind.FAMILY, Part.CONNECTION, lambda c: c.family),
    Field("pid", Kind.NUMBER, Part.PROCESS, lambda c: c.process.pid),
    Field("tid", Kind.NUMBER, Part.CONNECTION, lambda c: c.tid),
    Field("comm", Kind.TEXT, Part.PROCESS, lambda c: c.process.comm),
    Field("process", Kind.TEXT, Part.PROCESS, lambda c: c.process.executable, nullable=True),
    Field("args", Kind.TEXTS, Part.PROCESS, lambda c: c.process.args),
    Field("uid", Kind.NUMBER, Part.PROCESS, lambda c: c.process.uid),
    Field("user", Kind.TEXT, Part.PROCESS, lambda c: c.process.user),
    Field("address", Kind.ADDRESS, Part.CONNECTION, lambda c: c.address, nullable=True),
    Field("port", Kind.PORT, Part.CONNECTION, lambda c: c.port, nullable=True),
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
        Part.SYSTEM,
        lambda c: c.system.number if c.system else None,
        nullable=True,
    ),
    Field(
        "as_name",
        Kind.TEXT,
        Part.SYSTEM,
        lambda c: (c.system.name or None) if c.system else None,
        nullable=True,
    ),
)


def row_writer(
    piece: Callable[[Field], Callable[[Connection], str]], separator: str
) -> Callable[[Connection], str]:
    """Make the function that writes all fields of a connection, `separator` between them.

    `piece(field)` gives the function that writes one field. Neighbours that depend on the same
    process, host or system are written together and remembered, which is most of a row.
    """
    runs = tuple(_runs(piece, separator))

    def write(connection: Connection) -> str:
        return separator.join([run(connection) for run in runs])

    return write


def _runs(
    piece: Callable[[Field], Callable[[Connection], str]], separator: str
) -> Iterator[Callable[[Connection], str]]:
    for part, fields in groupby(FIELDS, key=attrgetter("part")):
        pieces = [piece(field) for field in fields]
        if part is Part.CONNECTION:
            yield from pieces
        else:
            yield remembered(part.value, _together(pieces, separator))


def _together(
    pieces: list[Callable[[Connection], str]], separator: str
) -> Callable[[Connection], str]:
    return lambda connection: separator.join([piece(connection) for piece in pieces])
