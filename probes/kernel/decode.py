"""Bytes from the ring to events, column by column. Pure, and total: no input makes it raise."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

from probes.event import (
    EVENT,
    KIND_CONNECT,
    KIND_EXEC,
    KIND_NAME,
    KIND_OUTCOME,
    KIND_PROCESS,
    NAME_SIZE,
    WHERE,
    WHO,
    Connects,
    Ends,
    NameEvent,
    address_of,
)
from probes.kernel.ring import BUSY, DISCARDED, HEADER, span
from probes.processes.execs import FILENAME_SIZE, Exec
from probes.processes.image import IMAGE, Image, read_image

_RECORD: Final = HEADER.size + EVENT.size  # bytes of a connect with its header
# Where a field stands in a record: EVENT's offsets behind the header.
_TS, _KIND, _FLAGS, _TID, _WHO, _WHERE, _PORT = 8, 16, 18, 20, 24, 56, 78
_RESULT, _LATENCY = 28, 32  # of an outcome
_KEYS: Final = f"{_WHO}x{WHO.size}s{WHERE.size}s{_RECORD - _WHERE - WHERE.size}x"
# Unpacked so many records at a time: one call for all their keys costs a fourth of a call for each.
_AT_ONCE: Final = 256
_KEYS_OF_MANY: Final = struct.Struct("=" + _KEYS * _AT_ONCE)
_KEYS_OF_ONE: Final = struct.Struct("=" + _KEYS)
_ONE_LENGTH: Final = struct.pack("=I", EVENT.size)
_ONE_KIND: Final = struct.pack("=H", KIND_CONNECT)
_ALIKE: Final = frozenset({KIND_CONNECT, KIND_OUTCOME})  # read together, where they mingle


Event = Connects | Ends | NameEvent | Image | Exec


@dataclass(frozen=True, slots=True)
class Decoded:
    """The events of a stretch of the ring in order, and how many records in it made no sense."""

    events: Sequence[Event]
    unreadable: int


def decode(records: bytes) -> Decoded:
    """Events of whole ring records (see `probes.kernel.ring.Ring.drain`), in their order."""
    events: list[Event] = []
    unreadable = 0
    whole = len(records) & ~7
    words = memoryview(records)[:whole].cast("I")
    halves = memoryview(records)[:whole].cast("H")
    position = 0
    while position + HEADER.size <= whole:
        count = _connects(words, halves, position)
        if count:
            end = position + count * _RECORD
            events += _run(records[position:end], count)
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


def _connects(words: memoryview, halves: memoryview, start: int) -> int:
    """How many records from byte `start` on are connects or ends, without another between."""
    most = (len(words) * 4 - start) // _RECORD
    step, first = _RECORD // 4, start // 4
    count, block = 0, 8
    while count < most:
        # Twice as many at each step: short runs cost little, and long ones few steps.
        block = min(block * 2, most - count)
        begin = first + count * step
        end = begin + block * step
        lengths = words[begin:end:step]
        kinds = halves[2 * begin + _KIND // 2 : 2 * end : 2 * step]
        if lengths.tobytes() == _ONE_LENGTH * block and (
            kinds.tobytes() == _ONE_KIND * block or _ALIKE.issuperset(kinds)
        ):
            count += block
            continue
        for length, kind in zip(lengths, kinds, strict=True):
            if length != EVENT.size or kind not in _ALIKE:
                return count
            count += 1
    return count


def _run(records: bytes, count: int) -> list[Event]:
    """Connects, and the ends among them behind all of them: each is of one ahead of it."""
    kinds = _column(memoryview(records), "H", _KIND)
    ends = kinds.count(KIND_OUTCOME)
    if not ends:
        return [_columns(records, count)]
    if ends == count:
        return [_ends(records, count)]
    each = struct.unpack(f"{_RECORD}s" * count, records)
    connects = b"".join(compress(each, map(KIND_CONNECT.__eq__, kinds)))
    others = b"".join(compress(each, map(KIND_CONNECT.__ne__, kinds)))
    return [_columns(connects, count - ends), _ends(others, ends)]


def _ends(records: bytes, count: int) -> Ends:
    view = memoryview(records)
    begin = range(_WHERE, count * _RECORD, _RECORD)
    return Ends(
        _column(view, "Q", _TS),
        _column(view, "I", _TID),
        _column(view, "I", _RESULT),
        _column(view, "Q", _LATENCY),
        [records[at : at + WHERE.size] for at in begin],
        _column(view, "H", _PORT),
    )


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
        _column(view, "H", _FLAGS),
    )


def _column(records: memoryview, code: str, offset: int) -> array[int]:
    """The field of type `code` at byte `offset` of every record."""
    column = array(code)
    size = column.itemsize
    column.frombytes(records.cast(code)[offset // size :: _RECORD // size].tobytes())  # type: ignore[call-overload]
    return column


def _single(records: bytes, start: int, size: int) -> NameEvent | Image | Exec | None:
    if size < EVENT.size or start + size > len(records):
        return None
    head = EVENT.unpack_from(records, start)
    if head[1] == KIND_NAME and size >= EVENT.size + NAME_SIZE:
        return _name(head, records[start + EVENT.size : start + EVENT.size + NAME_SIZE])
    if head[1] == KIND_PROCESS and size >= EVENT.size + IMAGE.size:
        flags, tgid, comm, image = head[2], head[4], head[6], head[7]
        return read_image(tgid, image, flags, records[start + EVENT.size : start + size], comm)
    if head[1] == KIND_EXEC and size >= EVENT.size + FILENAME_SIZE:
        filename = records[start + EVENT.size : start + EVENT.size + FILENAME_SIZE]
        return Exec(head[4], head[6].partition(b"\0")[0], filename.partition(b"\0")[0])
    return None


def _name(head: tuple[Any, ...], name: bytes) -> NameEvent | None:
    ts_ns, _, _, tid, tgid, uid, comm, image, *where, _ = head
    address = address_of(WHERE.pack(*where))
    if not address:
        return None
    who = WHO.pack(tgid, uid, comm, image)
    return NameEvent(ts_ns, tid, who, address, name.partition(b"\0")[0])
