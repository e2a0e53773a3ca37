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
EVENT: Final = struct.Struct("=QIIIIHHI16s16s")
EVENT_FIELDS: Final = (
    "ts_ns",
    "kind",
    "tgid",
    "tid",
    "uid",
    "family",
    "port",
    "flags",
    "address",
    "comm",
)
NAME_SIZE: Final = 256
KIND_CONNECT: Final = 1
KIND_NAME: Final = 2
FLAG_IN_LOOKUP: Final = 1

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
    while position + HEADER.size <= end:
        word, _ = HEADER.unpack_from(records, position)
        start = position + HEADER.size
        position += span(word)
        if word & DISCARDED:
            continue
        event = None if word & BUSY else _event(records, start, word, end)
        if event is None:
            unreadable += 1
        else:
            events.append(event)
    return Decoded(events, unreadable + (position < end))


def _event(records: bytes, start: int, size: int, end: int) -> Event | None:
    if size < EVENT.size or start + size > end:
        return None
    ts_ns, kind, tgid, tid, uid, family, port, flags, address, comm = EVENT.unpack_from(
        records, start
    )
    address = address[: _ADDRESS_SIZE.get(family, 0)]
    comm = comm.partition(b"\0")[0]
    if kind == KIND_CONNECT:
        in_lookup = bool(flags & FLAG_IN_LOOKUP)
        return ConnectEvent(ts_ns, tgid, tid, uid, family, port, address, comm, in_lookup)
    if kind == KIND_NAME and size >= EVENT.size + NAME_SIZE and address:
        raw = records[start + EVENT.size : start + EVENT.size + NAME_SIZE]
        return NameEvent(ts_ns, tgid, tid, uid, family, address, comm, raw.partition(b"\0")[0])
    return None
