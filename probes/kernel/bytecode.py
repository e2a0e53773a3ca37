"""The compiled programs and the maps they use, as they are kept and before they are linked.

An instruction is 8 bytes (Documentation/bpf/standardization/instruction-set.rst); one loads 64 bits
and takes two of these places. Where such a load names a map, its first half holds the map's index
here, and in the kernel's eyes must hold the descriptor of the map that was made from it. Where it
is a constant of `CONSTANT` in bpf/base.c, it holds a mark and the constant's index. A compiler
that knows nothing of the kernel's own functions calls one as if it were a helper of a number that
no helper has (`KERNEL_FUNCTION` there).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_SLOT: Final = 8
_LOAD_64: Final = 0x18  # BPF_LD | BPF_IMM | BPF_DW
_MAP_BY_DESCRIPTOR: Final = 1  # BPF_PSEUDO_MAP_FD, in the upper half of the second byte
_IMMEDIATE: Final = struct.Struct("<i")
_IMMEDIATE_AT: Final = 4
_CALL: Final = 0x85  # BPF_JMP | BPF_CALL
_KERNEL_FUNCTION: Final = 1 << 30  # above it stands the number that BTF gives the function
_BY_KERNEL_FUNCTION: Final = 2  # BPF_PSEUDO_KFUNC_CALL, where a load has _MAP_BY_DESCRIPTOR
_CONSTANT_MARK: Final = 0x534F434B  # "SOCK", the upper 32 bits of an unlinked constant


@dataclass(frozen=True, slots=True)
class MapShape:
    """A map, as bpf(2) makes one. `type`: a BPF_MAP_TYPE_*; sizes are in bytes."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


@dataclass(frozen=True, slots=True)
class Bytecode:
    """The programs of a module, by the names of their functions, and their maps.

    `layout`: the constants that are this kernel's own; all 0 where they could not be found.
    `functions`: the numbers of the kernel's functions by name, see `probes.kernel.btf`.
    """

    maps: tuple[MapShape, ...]
    programs: Mapping[str, bytes]
    layout: tuple[int, ...] = ()
    functions: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def unlinked(
        cls,
        maps: Sequence[tuple[MapShape, int]],
        programs: Mapping[str, bytes],
        layout: Sequence[int] = (),
        functions: Mapping[str, int] | None = None,
    ) -> Bytecode:
        """Take the descriptors out of what a compiler linked; each map comes with its own.

        Raises:
            ValueError: a program names a descriptor that is none of the maps'.
        """
        indexes = {descriptor: index for index, (_, descriptor) in enumerate(maps)}
        return cls(
            tuple(shape for shape, _ in maps),
            {name: _with_maps(code, indexes) for name, code in programs.items()},
            tuple(layout),
            functions or {},
        )

    @classmethod
    def joined(cls, modules: Sequence[Bytecode]) -> Bytecode:
        """The programs of modules of one source, using the same maps; the first has the rest.

        Raises:
            ValueError: two maps of one name are not alike.
        """
        shapes = {shape.name: shape for module in modules for shape in module.maps}
        places = {name: place for place, name in enumerate(sorted(shapes))}
        programs: dict[str, bytes] = {}
        for module in modules:
            if any(shapes[shape.name] != shape for shape in module.maps):
                raise ValueError("a map is not the same in all modules")
            becomes = {number: places[shape.name] for number, shape in enumerate(module.maps)}
            programs |= {name: _with_maps(code, becomes) for name, code in module.programs.items()}
        maps = tuple(shapes[name] for name in places)
        return cls(maps, programs, modules[0].layout, modules[0].functions)

    def linked(self, name: str, descriptors: Sequence[int], constants: Sequence[int]) -> bytes:
        """The instructions of a program as the kernel takes them.

        `descriptors`: one for each of `maps`. `constants`: the values of `CONSTANT(0)` and so on,
        0 to 2**64 - 1.

        Raises:
            ValueError: the program names a map or constant that is not given.
        """
        code = _with_maps(self.programs[name], dict(enumerate(descriptors)))
        linked = bytearray(code)
        for at in _loads(code):
            mark, index = _immediate(code, at + _SLOT), _immediate(code, at)
            if _source(code, at) == 0 and mark == _CONSTANT_MARK:
                if not 0 <= index < len(constants):
                    raise ValueError(f"{name} names constant {index}, and there is none")
                low, high = struct.unpack("<ii", struct.pack("<Q", constants[index]))
                _IMMEDIATE.pack_into(linked, at + _IMMEDIATE_AT, low)
                _IMMEDIATE.pack_into(linked, at + _SLOT + _IMMEDIATE_AT, high)
        for at in _calls(code):
            if (number := _immediate(code, at)) >= _KERNEL_FUNCTION:
                linked[at + 1] |= _BY_KERNEL_FUNCTION << 4
                _IMMEDIATE.pack_into(linked, at + _IMMEDIATE_AT, number - _KERNEL_FUNCTION)
        return bytes(linked)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads again."""
        return {
            "maps": [[getattr(shape, name) for name in _SHAPE_FIELDS] for shape in self.maps],
            "programs": {name: code.hex() for name, code in self.programs.items()},
            "layout": list(self.layout),
            "functions": dict(self.functions),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Bytecode:
        """Read what `to_json` gave; anything else raises LookupError, TypeError or ValueError."""
        return cls(
            tuple(MapShape(*shape) for shape in found["maps"]),
            {name: bytes.fromhex(code) for name, code in found["programs"].items()},
            tuple(found["layout"]),
            {name: int(number) for name, number in found["functions"].items()},
        )


_SHAPE_FIELDS: Final = ("name", "type", "key_size", "value_size", "max_entries", "flags")


def _instructions(code: bytes) -> Iterator[int]:
    at = 0
    while at < len(code):
        yield at
        at += _SLOT * (2 if code[at] == _LOAD_64 else 1)


def _loads(code: bytes) -> Iterator[int]:
    """Where the 64-bit loads begin."""
    return (at for at in _instructions(code) if code[at] == _LOAD_64)


def _calls(code: bytes) -> Iterator[int]:
    return (at for at in _instructions(code) if code[at] == _CALL)


def _source(code: bytes, at: int) -> int:
    return code[at + 1] >> 4


def _immediate(code: bytes, at: int) -> int:
    (value,) = _IMMEDIATE.unpack_from(code, at + _IMMEDIATE_AT)
    return int(value)


def _with_maps(code: bytes, becomes: Mapping[int, int]) -> bytes:
    """`code` with another number for each map that it names."""
    changed = bytearray(code)
    for at in _loads(code):
        if _source(code, at) == _MAP_BY_DESCRIPTOR:
            number = _immediate(code, at)
            if number not in becomes:
                raise ValueError(f"a program names map {number}, which there is not")
            _IMMEDIATE.pack_into(changed, at + _IMMEDIATE_AT, becomes[number])
    return bytes(changed)
