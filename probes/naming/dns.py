"""What a DNS answer says about addresses (RFC 1035). Pure, and total: no input makes it raise."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

PORT: Final = 53

_HEADER: Final = struct.Struct(">HHHHHH")
_RECORD: Final = struct.Struct(">HHIH")  # behind its name
_RESPONSE: Final = 0x8000
_OPCODE: Final = 0x7800
_ERROR: Final = 0x000F
_IN: Final = 1
_A, _CNAME, _AAAA = 1, 5, 28
_SIZES: Final = {_A: 4, _AAAA: 16}
_POINTER: Final = 0xC0
_NAME_MAX: Final = 255
_RECORDS_MAX: Final = 128  # of one answer; glibc takes 48 addresses
_LINKS_MAX: Final = 16  # from the name that was asked for, by CNAMEs, to the one that has addresses


class Answer(NamedTuple):
    """`name` has `address` for `ttl` seconds.

    `name`: the one that was asked for, in small letters, at most 253 bytes. `address`: 4 or 16
    bytes in network order.
    """

    name: bytes
    address: bytes
    ttl: int


class Response(NamedTuple):
    """What was asked for, in small letters, and what was answered; nothing where there is none."""

    asked: bytes
    answers: list[Answer]


def response(message: bytes) -> Response | None:
    """What a DNS message answers, also where it says that there is nothing; None where it does not.

    One that was cut off tells what is whole.
    """
    if len(message) < _HEADER.size:
        return None
    _, flags, questions, count, _, _ = _HEADER.unpack_from(message)
    if not flags & _RESPONSE or flags & _OPCODE or questions != 1:
        return None
    question = _name(message, _HEADER.size)
    if question is None or not question[0]:
        return None
    asked, end = question
    if flags & _ERROR:
        return Response(asked, [])
    aliases: dict[bytes, tuple[bytes, int]] = {}
    found: list[tuple[bytes, bytes, int]] = []
    for owner, kind, ttl, at, size in _records(message, end + 4, min(count, _RECORDS_MAX)):
        if size == _SIZES.get(kind):
            found.append((owner, message[at : at + size], ttl))
        elif kind == _CNAME and (alias := _name(message, at)):
            aliases[owner] = alias[0], ttl
    chain = {asked: 1 << 31}
    name, ttl = asked, 1 << 31
    for _ in range(_LINKS_MAX):
        if name not in aliases:
            break
        name, ttl = aliases[name][0], min(ttl, aliases[name][1])
        chain.setdefault(name, ttl)
    return Response(
        asked,
        [
            Answer(asked, address, min(ttl, chain[owner]))
            for owner, address, ttl in found
            if owner in chain
        ],
    )


def answers(message: bytes) -> list[Answer]:
    """The addresses in a DNS message; none where it is no answer, or says that there are none."""
    found = response(message)
    return found.answers if found else []


def record_ttl(record: bytes) -> int | None:
    """The seconds to live of a resource record in wire form; None where it is none."""
    owner = _name(record, 0)
    if owner is None or owner[1] + _RECORD.size > len(record):
        return None
    ttl: int = _RECORD.unpack_from(record, owner[1])[2]
    return ttl if ttl < 1 << 31 else 0


def _records(message: bytes, at: int, count: int) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Owner, type, seconds to live, and place and size of the data of the Internet's records."""
    for _ in range(count):
        owner = _name(message, at)
        if owner is None or owner[1] + _RECORD.size > len(message):
            return
        kind, group, ttl, size = _RECORD.unpack_from(message, owner[1])
        at = owner[1] + _RECORD.size + size
        if at > len(message):
            return
        if group == _IN:
            # RFC 2181, 8: one with the highest bit set counts as 0.
            yield owner[0], kind, ttl if ttl < 1 << 31 else 0, at - size, size


def _name(message: bytes, at: int) -> tuple[bytes, int] | None:
    """The name at `at` in small letters, and where what follows it begins; None for nonsense."""
    labels: list[bytes] = []
    length = end = 0
    lowest = at
    while at < len(message):
        size = message[at]
        if size & _POINTER == _POINTER:
            if at + 1 >= len(message):
                return None
            end = end or at + 2
            at = (size & ~_POINTER) << 8 | message[at + 1]
            # Only ever backwards, so that it comes to an end.
            if at >= lowest:
                return None
            lowest = at
            continue
        if size & _POINTER:
            return None
        at += 1
        if size == 0:
            return b".".join(labels).lower(), end or at
        length += size + 1
        if length >= _NAME_MAX or at + size > len(message):
            return None
        labels.append(message[at : at + size])
        at += size
    return None
