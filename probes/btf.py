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
_UNION: Final = 5
# Bytes behind a type of some kinds: in any case, and for each of its members or the like.
_ROOM: Final = {
    **{1: (4, 0), 14: (4, 0), 17: (4, 0)},  # INT, VAR, DECL_TAG
    3: (12, 0),  # ARRAY
    **{_STRUCT: (0, 12), _UNION: (0, 12), 15: (0, 12), 19: (0, 12)},  # DATASEC, ENUM64
    **{6: (0, 8), 13: (0, 8)},  # ENUM, FUNC_PROTO
}
_DEEPEST: Final = 8  # structures without a name in one another
_MOST_MEMBERS: Final = 0xFFFF
_BIT_OFFSET: Final = 0xFF_FFFF  # above it stands a bit field's size


class Types:
    """What one kernel's type information says."""

    def __init__(self, content: bytes) -> None:
        """`content`: as in `KERNEL`. Raises ValueError where it is no type information."""
        try:
            magic, _, _, length, types, types_length, strings, strings_length = _HEADER.unpack_from(
                content
            )
        except struct.error as error:
            raise ValueError("no BTF") from error
        if magic != _MAGIC:
            raise ValueError("no BTF of this machine's byte order")
        self._content = content
        self._begin, self._end = length + types, min(length + types + types_length, len(content))
        self._strings = length + strings
        self._strings_end = self._strings + strings_length
        self._places = [self._begin]  # of the types that were counted so far

    def offsets(self, structure: str, fields: Sequence[str]) -> list[int]:
        """The offset in bytes of each of the structure's fields.

        Fields of a structure or union without a name in it count as its own, as in C.

        Raises:
            LookupError: there is no such structure, or it has no such field.
        """
        wanted = self._named(structure)
        for at in self._aligned(wanted):
            members = self._members(at) if self._kind(at) == _STRUCT else {}
            if all(self._named(field) in members for field in fields):
                return [members[self._named(field)] for field in fields]
        raise LookupError(f"the kernel's types have no struct {structure} with {', '.join(fields)}")

    def _named(self, name: str) -> int:
        """The number by which types and members name this string."""
        pattern = b"\0" + name.encode() + b"\0"
        found = self._content.find(pattern, self._strings, self._strings_end)
        if found < 0:
            raise LookupError(f"the kernel's types know no {name}")
        return int(found + 1 - self._strings)

    def _kind(self, at: int) -> int:
        return int(_TYPE.unpack_from(self._content, at)[1]) >> 24 & 0x1F

    def _members(self, at: int, depth: int = 0) -> dict[int, int]:
        """Offset by name of a structure's members; empty where it is cut off."""
        _, info, _ = _TYPE.unpack_from(self._content, at)
        first = at + _TYPE.size
        last = first + (info & _MOST_MEMBERS) * _MEMBER.size
        if last > self._end:
            return {}
        found: dict[int, int] = {}
        for name, kind, bits in _MEMBER.iter_unpack(self._content[first:last]):
            offset = (bits & _BIT_OFFSET) // 8
            if name:
                found[name] = offset
            elif depth < _DEEPEST:
                inner = self._place(kind)
                if inner is not None and self._kind(inner) in (_STRUCT, _UNION):
                    for other, further in self._members(inner, depth + 1).items():
                        found[other] = offset + further
        return found

    def _place(self, number: int) -> int | None:
        """Where the type of that number is, which is counted from 1; None where there is none."""
        places = self._places
        while len(places) < number:
            behind = self._behind(places[-1])
            if behind + _TYPE.size > self._end:
                return None
            places.append(behind)
        return places[number - 1] if number else None

    def _behind(self, at: int) -> int:
        """Where the type ends that begins there."""
        _, info, _ = _TYPE.unpack_from(self._content, at)
        fixed, each = _ROOM.get(self._kind(at), (0, 0))
        return at + _TYPE.size + fixed + each * int(info & _MOST_MEMBERS)

    def _aligned(self, number: int) -> list[int]:
        """Where the 32-bit `number` stands, at whole words."""
        pattern, found = struct.pack("=I", number), []
        start, end = self._begin, self._end - _TYPE.size
        at = self._content.find(pattern, start, end)
        while at >= 0:
            if (at - start) % 4 == 0:
                found.append(at)
            at = self._content.find(pattern, at + 1, end)
        return found
