"""Bytes from the ring to events, column by column. Pure, and total: no input makes it raise."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from probes.family import AF_INET, AF_INET6
from probes.image import IMAGE, Image, read_image
from probes.ring import BUSY, DISCARDED, HEADER, span

# The structures of bpf/event.h; a test compares the two.
EVENT: Final = struct.Struct("=QIIII16sQ16sHHI")
EVENT_FIELDS: Final = (
    "ts_ns",
    "kind",
    "tid",
    "tgid",
    "uid",
    "comm",
    "image",
    "address",
    "family",
    "port",
    "flags",
)
NAME_SIZE: Final = 256
KIND_CONNECT: Final = 1
KIND_NAME: Final = 2
KIND_PROCESS: Final = 3
FLAG_IN_LOOKUP: Final = 1

WHO: Final = struct.Struct("=II16sQ")
"""What tells one process from another: tgid, uid, comm, image (see `probes.image.Image`)."""

WHERE: Final = struct.Struct("=16sH")
"""What tells one endpoint from another: address, family."""

_RECORD: Final = HEADER.size + EVENT.size  # bytes of a connect with its header
# Where a field stands in a record: EVENT's offsets behind the header.
_TS, _KIND, _TID, _WHO, _WHERE, _PORT, _FLAGS = 8, 16, 20, 24, 56, 74, 76
_KEYS: Final = f"{_WHO}x{WHO.size}s{WHERE.size}s{_RECORD - _WHERE - WHERE.size}x"
# Unpacked so many records at a time: one call for all their keys costs a fourth of a call for each.
_AT_ONCE: Final = 256
_KEYS_OF_MANY: Final = struct.Struct("=" + _KEYS * _AT_ONCE)
_KEYS_OF_ONE: Final = struct.Struct("=" + _KEYS)
_ONE_LENGTH: Final = struct.pack("=I", EVENT.size)
_ONE_KIND: Final = struct.pack("=I", KIND_CONNECT)


class Connects(NamedTuple):
    """A run of connect() calls in columns of equal length, in their order.

    `times`: nanoseconds since boot (CLOCK_MONOTONIC). `who` and `where`: see `WHO` and `WHERE`.
    `ports`: host order, 0 where the family has none. `flags`: `FLAG_IN_LOOKUP` where it was
    getaddrinfo() that called, and had not returned yet.
    """

    times: array[int]
    tids: array[int]
    who: list[bytes]
    where: list[bytes]
    ports: array[int]
    flags: array[int]


class NameEvent(NamedTuple):
    """One address that getaddrinfo() returned for a name.

    `ts_ns`, `tid`, `who` as in `Connects`. `address`: 4 or 16 bytes in network order. `name`: the
    node as it was asked for, at most 255 bytes.
    """

    ts_ns: int
    tid: int
    who: bytes
    address: bytes
    name: bytes


Event = Connects | NameEvent | Image


@dataclass(frozen=True, slots=True)
class Decoded:
    """The events of a stretch of the ring in order, and how many records in it made no sense."""

    events: Sequence[Event]
    unreadable: int


def decode(records: bytes) -> Decoded:
    """Events of whole ring records (see `probes.ring.Ring.drain`), in their order."""
    events: list[Event] = []
    unreadable = 0
    whole = len(records) & ~7
    words = memoryview(records)[:whole].cast("I")
    position = 0
    while position + HEADER.size <= whole:
        count = _connects(words, position)
        if count:
            end = position + count * _RECORD
            events.append(_columns(records[position:end], count))
            position = end
            continue
        word = words[position // 4]
        start = position + HEADER.size
        position += span(word)
        if word & DISCARDED:
            continue
        event = None if word & BUSY else _single(records, start, word)
        if event is None:
            unreadable += 1
        else:
            events.append(event)
    return Decoded(events, unreadable + (position < len(records)))


def address_of(where: bytes) -> bytes:
    """The address in a `WHERE`: 4 or 16 bytes, or none for a family without addresses."""
    address, family = WHERE.unpack(where)
    size = 4 if family == AF_INET else 16 if family == AF_INET6 else 0
    return bytes(address[:size])


def family_of(where: bytes) -> int:
    """The address family in a `WHERE`."""
    return int(WHERE.unpack(where)[1])


def _connects(words: memoryview, start: int) -> int:
    """How many records from byte `start` on are connects, without one of another kind between."""
    most = (len(words) * 4 - start) // _RECORD
    step, first = _RECORD // 4, start // 4
    count, block = 0, 8
    while count < most:
        # Twice as many at each step: short runs cost little, and long ones few steps.
        block = min(block * 2, most - count)
        begin = first + count * step
        end = begin + block * step
        lengths = words[begin:end:step]
        kinds = words[begin + _KIND // 4 : end : step]
        if lengths.tobytes() == _ONE_LENGTH * block and kinds.tobytes() == _ONE_KIND * block:
            count += block
            continue
        for length, kind in zip(lengths, kinds, strict=True):
            if length != EVENT.size or kind != KIND_CONNECT:
                return count
            count += 1
    return count


def _columns(records: bytes, count: int) -> Connects:
    who: list[bytes] = []
    where: list[bytes] = []
    many = count - count % _AT_ONCE
    for position in range(0, many * _RECORD, _AT_ONCE * _RECORD):
        keys = _KEYS_OF_MANY.unpack_from(records, position)
        who += keys[::2]
        where += keys[1::2]
    for one_who, one_where in _KEYS_OF_ONE.iter_unpack(memoryview(records)[many * _RECORD :]):
        who.append(one_who)
        where.append(one_where)
    view = memoryview(records)
    return Connects(
        _column(view, "Q", _TS),
        _column(view, "I", _TID),
        who,
        where,
        _column(view, "H", _PORT),
        _column(view, "I", _FLAGS),
    )


def _column(records: memoryview, code: str, offset: int) -> array[int]:
    """The field of type `code` at byte `offset` of every record."""
    column = array(code)
    size = column.itemsize
    column.frombytes(records.cast(code)[offset // size :: _RECORD // size].tobytes())  # type: ignore[call-overload]
    return column


def _single(records: bytes, start: int, size: int) -> NameEvent | Image | None:
    if size < EVENT.size or start + size > len(records):
        return None
    head = EVENT.unpack_from(records, start)
    if head[1] == KIND_NAME and size >= EVENT.size + NAME_SIZE:
        return _name(head, records[start + EVENT.size : start + EVENT.size + NAME_SIZE])
    if head[1] == KIND_PROCESS and size >= EVENT.size + IMAGE.size:
        tgid, image, flags = head[3], head[6], head[10]
        return read_image(tgid, image, flags, records[start + EVENT.size : start + size])
    return None


def _name(head: tuple[Any, ...], name: bytes) -> NameEvent | None:
    ts_ns, _, tid, tgid, uid, comm, image, address, family, _, _ = head
    address = address_of(WHERE.pack(address, family))
    if not address:
        return None
    who = WHO.pack(tgid, uid, comm, image)
    return NameEvent(ts_ns, tid, who, address, name.partition(b"\0")[0])
