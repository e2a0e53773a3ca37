"""Fields of structures in type information, as a kernel carries it."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest

from probes.kernel.btf import KERNEL
from probes.kernel.btf import Types as KernelTypes

INT, ARRAY, STRUCT, UNION, FUNCTION = 1, 3, 4, 5, 12
HEADER_SIZE = 24


class Types:
    """Type information that is written type by type."""

    def __init__(self) -> None:
        self.types = b""
        self.strings = b"\0"

    def name(self, text: str) -> int:
        at = self.strings.find(b"\0" + text.encode() + b"\0") + 1
        if at == 0:
            at = len(self.strings)
            self.strings += text.encode() + b"\0"
        return at

    def add(self, kind: int, name: str, fields: dict[str, int], bit_fields: bool = False) -> None:
        """`fields`: name to offset in bits."""
        info = bit_fields << 31 | kind << 24 | len(fields)
        self.types += struct.pack("=III", self.name(name), info, 64)
        for field, offset in fields.items():
            self.types += struct.pack("=III", self.name(field), 1, offset)

    def add_members(self, kind: int, name: str, members: list[tuple[str, int, int]]) -> None:
        """`members`: name, number of the type and offset in bits; a name may be empty."""
        number = self.name(name) if name else 0
        self.types += struct.pack("=III", number, kind << 24 | len(members), 64)
        for member, kind_of, offset in members:
            named = self.name(member) if member else 0
            self.types += struct.pack("=III", named, kind_of, offset)

    @property
    def content(self) -> bytes:
        return (
            struct.pack(
                "=HBBIIIII",
                *(0xEB9F, 1, 0, HEADER_SIZE),
                *(0, len(self.types), len(self.types), len(self.strings)),
            )
            + self.types
            + self.strings
        )


@pytest.fixture
def types() -> Types:
    made = Types()
    made.types += struct.pack("=IIII", made.name("int"), INT << 24, 4, 32)
    made.add(STRUCT, "other", {"pid": 8, "task": 16})
    made.add(UNION, "task", {"pid": 24, "tgid": 0})
    made.add(STRUCT, "task", {"pid": 256, "tgid": 288, "comm": 1024})
    return made


def test_finds_the_fields_of_the_structure_of_that_name(types: Types) -> None:
    assert KernelTypes(types.content).offsets("task", ["comm", "pid"]) == [128, 32]


def test_a_bit_fields_size_is_no_part_of_its_offset(types: Types) -> None:
    types.add(STRUCT, "cred", {"uid": 3 << 24 | 64}, bit_fields=True)
    assert KernelTypes(types.content).offsets("cred", ["uid"]) == [8]


def test_the_fields_of_members_without_a_name_are_the_structures_own() -> None:
    made = Types()
    made.types += struct.pack("=IIII", made.name("int"), INT << 24, 4, 32)  # 1
    made.types += struct.pack("=IIIIII", 0, ARRAY << 24, 0, 1, 1, 4)  # 2
    made.add_members(UNION, "", [("name", 1, 0), ("other_name", 1, 0)])  # 3
    made.add_members(STRUCT, "", [("inner", 1, 64), ("", 3, 96), ("named", 3, 128)])  # 4
    made.add_members(STRUCT, "memory", [("first", 2, 0), ("", 4, 128), ("last", 1, 256)])
    made.add_members(STRUCT, "itself", [("", 6, 8), ("last", 1, 256)])  # no kernel has it
    types = KernelTypes(made.content)
    fields = ["last", "inner", "other_name", "named"]
    assert types.offsets("memory", fields) == [32, 24, 28, 32]
    assert types.offsets("itself", ["last"]) == [32]
    made.add_members(STRUCT, "cut", [("", 99, 0), ("last", 1, 32)])
    assert KernelTypes(made.content).offsets("cut", ["last"]) == [4]


@pytest.mark.parametrize(
    ("structure", "field"), [("task", "cred"), ("task", "int"), ("cred", "pid"), ("tas", "pid")]
)
def test_what_is_not_there_is_said(types: Types, structure: str, field: str) -> None:
    with pytest.raises(LookupError, match=f"{structure}|{field}"):
        KernelTypes(types.content).offsets(structure, [field])


def test_what_is_no_type_information_is_refused(types: Types) -> None:
    for content in (b"", types.content[:10], bytes(100)):
        with pytest.raises(ValueError, match="no BTF"):
            KernelTypes(content).offsets("task", ["pid"])


def test_what_is_cut_off_gives_no_wrong_answer(types: Types) -> None:
    for length in range(len(types.content)):
        with suppress(LookupError, ValueError):
            assert KernelTypes(types.content[:length]).offsets("task", ["pid"]) == [32]


@pytest.mark.skipif(not KERNEL.exists(), reason="not run: this kernel carries no BTF")
def test_this_kernels_own() -> None:
    content = KERNEL.read_bytes()
    pid, tgid, comm = KernelTypes(content).offsets("task_struct", ["pid", "tgid", "comm"])
    assert tgid == pid + 4  # include/linux/sched.h
    assert comm % 8 == 0
    [uid] = KernelTypes(content).offsets("cred", ["uid"])
    assert 0 < uid <= 16
    # In a structure without a name since Linux 4.20: include/linux/mm_types.h.
    start, end = KernelTypes(content).offsets("mm_struct", ["arg_start", "arg_end"])
    assert end == start + 8


def test_a_type_is_known_by_the_number_that_others_name_it_by() -> None:
    types = Types()
    types.add(STRUCT, "file", {"f_op": 0, "f_path": 64})
    types.add(UNION, "sock", {"any": 0})
    types.add(STRUCT, "sock", {"file": 0, "sk": 64})
    types.add_members(FUNCTION, "sock", [])
    types.add(STRUCT, "last", {"any": 0})
    known = KernelTypes(types.content)
    assert known.number("sock", FUNCTION) == 4
    assert known.number("sock", STRUCT) == 3
    assert known.number("file", STRUCT) == 1
    assert known.offsets("sock", ["sk"]) == [8]
    for name, kind in (("file", FUNCTION), ("sk", STRUCT), ("socket", STRUCT)):
        with pytest.raises(LookupError, match=f"know no {name}|have no {name}"):
            known.number(name, kind)
