"""Events as the decoder gives them, for tests of what is made of them."""

from __future__ import annotations

import os
import socket
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from probes.event import FLAG_IN_LOOKUP, WHERE, WHO, Connects, NameEvent
from probes.record import Resolution
from probes.source import Item
from tests.rows import rows_of

HERE: Final = "192.0.2.1"
NOBODY: Final = 0x7FFF_0000  # a pid that no process has
NO_PROC: Final = Path("/nonexistent")  # where nothing is known of any process
COMM: Final = b"worker"


def connect(
    address: str | None = HERE,
    family: int = socket.AF_INET,
    pid: int = NOBODY,
    in_lookup: bool = False,
    ts_ns: int = 5,
    comm: bytes = COMM,
    port: int = 443,
    tid: int | None = None,
    image: int = 0,
) -> Connects:
    """A run of one connect(); `run` makes longer ones."""
    return Connects(
        array("Q", [ts_ns]),
        array("I", [pid if tid is None else tid]),
        [WHO.pack(pid, os.getuid(), comm, image)],
        [where_of(packed(address) if address else b"", family)],
        array("H", [port if address else 0]),
        array("H", [FLAG_IN_LOOKUP if in_lookup else 0]),
    )


def where_of(address: bytes, family: int, protocol: int = 6, call: int = 0, kind: int = 1) -> bytes:
    """A `WHERE`; of a TCP socket's connect() where nothing else is said."""
    return WHERE.pack(address, family, protocol, call, kind)


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def run(*connects: Connects) -> Connects:
    """All of them in one run."""
    joined = Connects(array("Q"), array("I"), [], [], array("H"), array("H"))
    for one in connects:
        joined.times.extend(one.times)
        joined.tids.extend(one.tids)
        joined.who.extend(one.who)
        joined.where.extend(one.where)
        joined.ports.extend(one.ports)
        joined.flags.extend(one.flags)
    return joined


def named(
    name: bytes,
    address: str = HERE,
    pid: int = NOBODY,
    comm: bytes = COMM,
    tid: int | None = None,
    image: int = 0,
) -> NameEvent:
    who = WHO.pack(pid, os.getuid(), comm, image)
    return NameEvent(4, pid if tid is None else tid, who, packed(address), name)


def seen(items: Iterable[Item]) -> list[str | tuple[str | None, str | None]]:
    """Address and hostname of each connection, the name of each resolution."""
    return [
        row.name
        if isinstance(row, Resolution)
        else (row.address, row.host.label if row.host else None)
        for row in rows_of(items)
    ]
