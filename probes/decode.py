"""Bytes from the ring to events. Pure, and total: no input whatever makes it raise."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from probes.family import AF_INET, AF_INET6
from probes.record import ConnectEvent, Event, NameEvent
from probes.ring import BUSY, DISCARDED, HEADER, span

# `struct event` and `struct name_event` in bpf/event.h; a test compares the two.
EVENT: Final = struct.Struct("=QIIII16s16sHHI")
EVENT_FIELDS: Final = (
    "ts_ns",
    "kind",
    "tid",
    "tgid",
    "uid",
    "comm",
    "address",
    "family",
    "port",
    "flags",
)
NAME_SIZE: Final = 256
KIND_CONNECT: Final = 1
KIND_NAME: Final = 2
FLAG_IN_LOOKUP: Final = 1

_CONNECT: Final = struct.Struct(HEADER.format + EVENT.format.removeprefix("="))
_ADDRESS_SIZE: Final = {AF_INET: 4, AF_INET6: 16}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The events of a stretch of the ring, and how many records in it made no sense."""

    events: Sequence[Event]
    unreadable: int


def decode(records: bytes) -> Decoded:
    """Events of whole ring records (see `probes.ring.Ring.drain`), in their order."""
    events: list[Event] = []
    unreadable = 0
    position, end = 0, len(records)
    take, read, make = events.append, _CONNECT.unpack_from, ConnectEvent._make
    while position + HEADER.size <= end:
        if position + _CONNECT.size <= end:
            # Nearly every record is a connect: its header and fields are read in one go.
            word, _, ts_ns, kind, tid, tgid, uid, comm, address, family, port, flags = read(
                records, position
            )
            if word == EVENT.size and kind == KIND_CONNECT:
                address = address[: _ADDRESS_SIZE.get(family, 0)]
                in_lookup = flags & FLAG_IN_LOOKUP != 0
                comm = comm.partition(b"\0")[0]
                take(make((ts_ns, tgid, tid, uid, family, port, address, comm, in_lookup)))
                position += _CONNECT.size
                continue
        word, _ = HEADER.unpack_from(records, position)
        start = position + HEADER.size
        position += span(word)
        if word & DISCARDED:
            continue
        event = None if word & BUSY else _name(records, start, word, end)
        if event is None:
            unreadable += 1
        else:
            take(event)
    return Decoded(events, unreadable + (position < end))


def _name(records: bytes, start: int, size: int, end: int) -> NameEvent | None:
    if size < EVENT.size + NAME_SIZE or start + size > end:
        return None
    ts_ns, kind, tid, tgid, uid, comm, address, family, _, _ = EVENT.unpack_from(records, start)
    address = address[: _ADDRESS_SIZE.get(family, 0)]
    if kind != KIND_NAME or not address:
        return None
    raw = records[start + EVENT.size : start + EVENT.size + NAME_SIZE]
    name, comm = raw.partition(b"\0")[0], comm.partition(b"\0")[0]
    return NameEvent(ts_ns, tgid, tid, uid, family, address, comm, name)
