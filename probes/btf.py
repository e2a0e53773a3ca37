"""Where the fields of the kernel's structures lie, from the type information that it carries.

The format is Documentation/bpf/btf.rst: a header, all types in a row, all strings in a row. There
are a hundred thousand types; the few that are asked for are found by searching for their names.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

KERNEL: Final = Path("/sys/kernel/btf/vmlinux")

_HEADER: Final = struct.Struct("=HBBIIIII")
_TYPE: Final = struct.Struct("=III")
_MEMBER: Final = struct.Struct("=III")
_MAGIC: Final = 0xEB9F
_STRUCT: Final = 4  # BTF_KIND_STRUCT
_MOST_MEMBERS: Final = 0xFFFF
_BIT_OFFSET: Final = 0xFF_FFFF  # above it stands a bit field's size


def field_offsets(content: bytes, structure: str, fields: Sequence[str]) -> list[int]:
    """The offset in bytes of each of the structure's fields.

    Raises:
        LookupError: there is no such structure, or no such field directly in it.
        ValueError: `content` is no type information.
    """
    try:
        magic, _, _, length, types, types_length, strings, strings_length = _HEADER.unpack_from(
            content
        )
    except struct.error as error:
        raise ValueError("no BTF") from error
    if magic != _MAGIC:
        raise ValueError("no BTF of this machine's byte order")
    types_at, strings_at = length + types, length + strings
    strings_end = strings_at + strings_length

    def named(name: str) -> int:
        """The number by which types and members name this string."""
        found = content.find(b"\0" + name.encode() + b"\0", strings_at, strings_end)
        if found < 0:
            raise LookupError(f"the kernel's types know no {name}")
        return int(found + 1 - strings_at)

    wanted = named(structure)
    for at in _aligned(content, wanted, types_at, types_at + types_length - _TYPE.size):
        _, info, _ = _TYPE.unpack_from(content, at)
        if info >> 24 & 0x1F != _STRUCT:
            continue
        first = at + _TYPE.size
        last = first + (info & _MOST_MEMBERS) * _MEMBER.size
        if last > types_at + types_length:
            continue
        members = {
            name: (offset & _BIT_OFFSET) // 8
            for name, _, offset in _MEMBER.iter_unpack(content[first:last])
        }
        if all(named(field) in members for field in fields):
            return [members[named(field)] for field in fields]
    raise LookupError(f"the kernel's types have no struct {structure} with {', '.join(fields)}")


def _aligned(content: bytes, number: int, start: int, end: int) -> list[int]:
    """Where the 32-bit `number` stands, at whole words."""
    pattern, found = struct.pack("=I", number), []
    at = content.find(pattern, start, end)
    while at >= 0:
        if (at - start) % 4 == 0:
            found.append(at)
        at = content.find(pattern, at + 1, end)
    return found
