"""The layout of events, which stands twice: in C and in `probes.decode`."""

from __future__ import annotations

import ctypes
import re
import struct
from pathlib import Path
from typing import Any, Final

import pytest

from probes.decode import (
    EVENT,
    EVENT_FIELDS,
    FLAG_IN_LOOKUP,
    KIND_CONNECT,
    KIND_NAME,
    KIND_PROCESS,
    NAME_SIZE,
    WHERE,
    WHO,
)
from probes.image import (
    FLAG_ARGS_CUT,
    FLAG_ARGS_UNREADABLE,
    FLAG_DELETED,
    FLAG_PATH_CUT,
    IMAGE,
    IMAGE_FIELDS,
)
from probes.requirements import import_bcc

BPF: Final = Path(__file__).parents[2] / "probes" / "bpf"
HEADER: Final = (BPF / "event.h").read_text()

_TYPES: Final[dict[str, Any]] = {
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "char": ctypes.c_char,
}


def defined(name: str) -> int:
    found = re.search(rf"^#define {name} (\d+)", HEADER, re.MULTILINE)
    assert found, name
    return int(found[1])


def structure(name: str) -> type[ctypes.Structure]:
    """A struct of event.h, laid out by this machine's C rules."""
    found = re.search(rf"^struct {name} {{\n(.*?)^}};", HEADER, re.MULTILINE | re.DOTALL)
    assert found, name
    fields = []
    for line in found[1].splitlines():
        field = re.match(r"\t(struct )?(\w+) (\w+)(?:\[([\w +]+)\])?;", line)
        assert field, line
        kind = structure(field[2]) if field[1] else _TYPES[field[2]]
        if field[4]:
            kind = kind * sum(
                int(term) if term.isdecimal() else defined(term) for term in field[4].split(" + ")
            )
        fields.append((field[3], kind))
    return type(name, (ctypes.Structure,), {"_fields_": fields})


def python_side(
    layout: struct.Struct = EVENT, names: tuple[str, ...] = EVENT_FIELDS, begin: int = 0
) -> list[tuple[str, int, int]]:
    """Name, offset and size of each field, as it is unpacked."""
    formats = re.findall(r"\d*[A-Za-z]", layout.format.removeprefix("="))
    offset, fields = begin, []
    for name, format in zip(names, formats, strict=True):
        size = struct.calcsize(f"={format}")
        fields.append((name, offset, size))
        offset += size
    return fields


def c_side(layout: type[ctypes.Structure]) -> list[tuple[str, int, int]]:
    names = [field[0] for field in layout._fields_]
    return [(name, getattr(layout, name).offset, getattr(layout, name).size) for name in names]


def test_the_header_is_what_is_decoded() -> None:
    event, name_event = structure("event"), structure("name_event")
    assert c_side(event) == python_side()
    assert ctypes.sizeof(event) == EVENT.size
    assert c_side(name_event) == [("head", 0, EVENT.size), ("name", EVENT.size, NAME_SIZE)]
    assert ctypes.sizeof(name_event) == EVENT.size + NAME_SIZE
    assert (defined("EVENT_CONNECT"), defined("EVENT_NAME")) == (KIND_CONNECT, KIND_NAME)
    assert defined("FLAG_IN_LOOKUP") == FLAG_IN_LOOKUP


def test_so_is_a_process_image() -> None:
    head, *fields, data = c_side(structure("process_event"))
    assert head == ("head", 0, EVENT.size)
    assert fields == python_side(IMAGE, IMAGE_FIELDS, EVENT.size)
    assert data[:2] == ("data", EVENT.size + IMAGE.size)
    assert defined("EVENT_PROCESS") == KIND_PROCESS
    assert [
        *(defined("FLAG_ARGS_CUT"), defined("FLAG_ARGS_UNREADABLE")),
        *(defined("FLAG_PATH_CUT"), defined("FLAG_DELETED")),
    ] == [FLAG_ARGS_CUT, FLAG_ARGS_UNREADABLE, FLAG_PATH_CUT, FLAG_DELETED]


@pytest.mark.parametrize(
    ("key", "names"), [(WHO, ("tgid", "uid", "comm", "image")), (WHERE, ("address", "family"))]
)
def test_what_is_taken_as_one_key_stands_together(
    key: struct.Struct, names: tuple[str, ...]
) -> None:
    fields = c_side(structure("event"))
    begin = [name for name, _, _ in fields].index(names[0])
    parts = fields[begin : begin + len(names)]
    assert tuple(name for name, _, _ in parts) == names
    assert sum(size for _, _, size in parts) == key.size
    assert parts[-1][1] + parts[-1][2] - parts[0][1] == key.size


@pytest.mark.native
def test_the_compiler_lays_events_out_as_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCC_KERNEL_SOURCE", str(BPF / "abi"))
    maps = b'#include "event.h"\nBPF_ARRAY(layout, struct name_event, 1);\n'
    flags = [f"-I{BPF}", "-DSOCK_TUI_PAGE_SIZE=4096"]
    bpf = import_bcc().BPF(text=maps, cflags=flags)
    name_event = bpf[b"layout"].Leaf
    assert ctypes.sizeof(name_event) == EVENT.size + NAME_SIZE
    assert [field[0] for field in name_event._fields_] == ["head", "name"]
    assert c_side(name_event._fields_[0][1]) == python_side()
    assert name_event.name.offset == EVENT.size
    bpf.cleanup()
