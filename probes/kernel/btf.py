"""Where the fields of the kernel's structures lie, from the type information that it carries.

The format is Documentation/bpf/btf.rst: a header, all types in a row, all strings in a row. There
are a hundred thousand types: one walk over them, of some 60 ms, notes where each is, and the names
of structures and functions.
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
STRUCT: Final = 4  # BTF_KIND_STRUCT
FUNCTION: Final = 12  # BTF_KIND_FUNC
_UNION: Final = 5
_TYPE_WORDS: Final = 3
# 32-bit words behind a type of each kind: in any case, and for each of its members or the like.
_ROOM: Final = tuple(
    {
        **{1: (1, 0), 14: (1, 0), 17: (1, 0)},  # INT, VAR, DECL_TAG
        3: (3, 0),  # ARRAY
        **{STRUCT: (0, 3), _UNION: (0, 3), 15: (0, 3), 19: (0, 3)},  # DATASEC, ENUM64
        **{6: (0, 2), 13: (0, 2)},  # ENUM, FUNC_PROTO
    }.get(kind, (0, 0))
    for kind in range(32)
)
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
        self._places: list[int] = []  # of all types, in their order
        self._structs: dict[int, list[int]] = {}  # the numbers of those that have this name
        self._functions: dict[int, int] = {}
        self._walk()

    def offsets(self, structure: str, fields: Sequence[str]) -> list[int]:
        """The offset in bytes of each of the structure's fields.

        Fields of a structure or union without a name in it count as its own, as in C.

        Raises:
            LookupError: there is no such structure, or it has no such field.
        """
        wanted = [self._named(field) for field in fields]
        for number in self._structs.get(self._named(structure), ()):
            members = self._members(self._places[number - 1])
            if members.keys() >= set(wanted):
                return [members[name] for name in wanted]
        raise LookupError(f"the kernel's types have no struct {structure} with {', '.join(fields)}")

    def number(self, name: str, kind: int) -> int:
        """The number by which other types refer to the one of that name.

        `kind`: `STRUCT` or `FUNCTION`.

        Raises:
            LookupError: there is none.
        """
        wanted = self._named(name)
        found = self._functions.get(wanted) if kind == FUNCTION else None
        if kind == STRUCT and wanted in self._structs:
            found = self._structs[wanted][0]
        if found is None:
            raise LookupError(f"the kernel's types have no {name}")
        return found

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
                if inner is not None and self._kind(inner) in (STRUCT, _UNION):
                    for other, further in self._members(inner, depth + 1).items():
                        found[other] = offset + further
        return found

    def _place(self, number: int) -> int | None:
        """Where the type of that number is, which is counted from 1; None where there is none."""
        return self._places[number - 1] if 0 < number <= len(self._places) else None

    def _walk(self) -> None:
        whole = self._begin + max(0, self._end - self._begin) // 4 * 4
        words = memoryview(self._content)[self._begin : whole].cast("I")
        places, structs, functions = self._places, self._structs, self._functions
        at, last = 0, len(words) - _TYPE_WORDS
        while at <= last:
            info = words[at + 1]
            kind = info >> 24 & 0x1F
            places.append(self._begin + at * 4)
            if kind == STRUCT:
                structs.setdefault(words[at], []).append(len(places))
            elif kind == FUNCTION:
                functions.setdefault(words[at], len(places))
            fixed, each = _ROOM[kind]
            at += _TYPE_WORDS + fixed + each * (info & _MOST_MEMBERS)
