"""The layout of events, which stands twice: in C and in `probes.kernel.decode`."""

from __future__ import annotations

import ctypes
import re
import struct
from pathlib import Path
from typing import Any, Final

import pytest

from probes.event import (
    EVENT,
    EVENT_FIELDS,
    FLAG_IN_LOOKUP,
    KIND_CONNECT,
    KIND_EXEC,
    KIND_NAME,
    KIND_OUTCOME,
    KIND_PROCESS,
    NAME_SIZE,
    OUTCOME,
    OUTCOME_FIELDS,
    RESULT_ABANDONED,
    RESULT_BEGUN,
    RESULT_UNKNOWN,
    WHERE,
    WHO,
)
from probes.kernel.requirements import import_bcc
from probes.processes.execs import FILENAME_SIZE
from probes.processes.image import (
    FLAG_ARGS_CUT,
    FLAG_ARGS_UNREADABLE,
    FLAG_DELETED,
    FLAG_MADE,
    FLAG_PATH_CUT,
    IMAGE,
    IMAGE_FIELDS,
)
from probes.transport import Call

BPF: Final = Path(__file__).parents[2] / "probes" / "bpf"
HEADER: Final = (BPF / "event.h").read_text()
CALLS: Final = (BPF / "call.h").read_text()

_TYPES: Final[dict[str, Any]] = {
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "char": ctypes.c_char,
}


# What is passed over in `OUTCOME` has no name there.
_WITH_UNUSED: Final = (*OUTCOME_FIELDS[:7], "unused", *OUTCOME_FIELDS[7:9], "padding", "port")


def defined(name: str) -> int:
    found = re.search(rf"^#define {name} (\w+)", HEADER, re.MULTILINE)
    assert found, name
    return int(found[1], 0)


def structure(name: str, header: str = HEADER) -> type[ctypes.Structure]:
    """A struct of event.h, laid out by this machine's C rules."""
    found = re.search(rf"^struct {name} {{\n(.*?)^}};", header, re.MULTILINE | re.DOTALL)
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
    assert [defined(f"CALL_{call.name}") for call in Call] == list(range(len(Call)))


def test_a_target_is_the_end_of_an_event() -> None:
    *_, (_, begin, _) = [field for field in c_side(structure("event")) if field[0] == "address"]
    target = c_side(structure("target", CALLS))
    rest = [field for field in c_side(structure("event")) if field[1] >= begin]
    assert [(name, begin + offset, size) for name, offset, size in target] == rest
    assert begin + ctypes.sizeof(structure("target", CALLS)) == EVENT.size


def test_so_is_an_execve() -> None:
    fields = c_side(structure("exec_event"))
    assert fields == [("head", 0, EVENT.size), ("filename", EVENT.size, FILENAME_SIZE)]
    assert defined("EVENT_EXEC") == KIND_EXEC


def test_so_is_a_process_image() -> None:
    head, *fields, data = c_side(structure("process_event"))
    assert head == ("head", 0, EVENT.size)
    assert fields == python_side(IMAGE, IMAGE_FIELDS, EVENT.size)
    assert data[:2] == ("data", EVENT.size + IMAGE.size)
    assert defined("EVENT_PROCESS") == KIND_PROCESS
    assert [
        *(defined("FLAG_ARGS_CUT"), defined("FLAG_ARGS_UNREADABLE")),
        *(defined("FLAG_PATH_CUT"), defined("FLAG_DELETED"), defined("FLAG_MADE")),
    ] == [FLAG_ARGS_CUT, FLAG_ARGS_UNREADABLE, FLAG_PATH_CUT, FLAG_DELETED, FLAG_MADE]


def test_so_is_an_outcome() -> None:
    outcome = structure("outcome_event")
    unused = ("unused", "padding")
    fields = [field for field in c_side(outcome) if field[0] not in unused]
    offsets = {name: (offset, size) for name, offset, size in python_side(OUTCOME, _WITH_UNUSED)}
    assert fields == [(name, *offsets[name]) for name in OUTCOME_FIELDS]
    assert ctypes.sizeof(outcome) == OUTCOME.size == EVENT.size
    assert defined("EVENT_OUTCOME") == KIND_OUTCOME
    assert [
        *(defined("OUTCOME_BEGUN"), defined("OUTCOME_ABANDONED"), defined("OUTCOME_UNKNOWN")),
    ] == [RESULT_BEGUN, RESULT_ABANDONED, RESULT_UNKNOWN]


def test_an_outcome_has_the_like_in_the_same_places() -> None:
    event = {name: place for name, *place in c_side(structure("event"))}
    outcome = {name: place for name, *place in c_side(structure("outcome_event"))}
    for name in ("ts_ns", "kind", "tid", "tgid", "address", "family", "port"):
        assert event[name] == outcome[name]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (WHO, ("tgid", "uid", "comm", "image")),
        (WHERE, ("address", "family", "protocol", "call", "socket_type")),
    ],
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
