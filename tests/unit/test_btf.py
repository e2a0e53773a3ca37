"""Fields of structures in type information, as a kernel carries it."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest

from probes.btf import KERNEL, field_offsets

STRUCT, UNION, INT = 4, 5, 1
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
    assert field_offsets(types.content, "task", ["comm", "pid"]) == [128, 32]


def test_a_bit_fields_size_is_no_part_of_its_offset(types: Types) -> None:
    types.add(STRUCT, "cred", {"uid": 3 << 24 | 64}, bit_fields=True)
    assert field_offsets(types.content, "cred", ["uid"]) == [8]


@pytest.mark.parametrize(
    ("structure", "field"), [("task", "cred"), ("task", "int"), ("cred", "pid"), ("tas", "pid")]
)
def test_what_is_not_there_is_said(types: Types, structure: str, field: str) -> None:
    with pytest.raises(LookupError, match=f"{structure}|{field}"):
        field_offsets(types.content, structure, [field])


def test_what_is_no_type_information_is_refused(types: Types) -> None:
    for content in (b"", types.content[:10], bytes(100)):
        with pytest.raises(ValueError, match="no BTF"):
            field_offsets(content, "task", ["pid"])


def test_what_is_cut_off_gives_no_wrong_answer(types: Types) -> None:
    for length in range(len(types.content)):
        with suppress(LookupError, ValueError):
            assert field_offsets(types.content[:length], "task", ["pid"]) == [32]


@pytest.mark.skipif(not KERNEL.exists(), reason="not run: this kernel carries no BTF")
def test_this_kernels_own() -> None:
    content = KERNEL.read_bytes()
    pid, tgid, comm = field_offsets(content, "task_struct", ["pid", "tgid", "comm"])
    assert tgid == pid + 4  # include/linux/sched.h
    assert comm % 8 == 0
    [uid] = field_offsets(content, "cred", ["uid"])
    assert 0 < uid <= 16
