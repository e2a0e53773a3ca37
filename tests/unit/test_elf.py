"""Where a library's functions lie, beside what a linker would find."""

from __future__ import annotations

import ctypes
import os
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.hooks.elf import function_offset, function_offsets
from probes.kernel.requirements import libc_path

# One segment, and the sections of a dynamic symbol, of its name and of nothing.
SMALL = (
    (b"\x7fELF\x02" + bytes(27) + struct.pack("=QQ6xHHHH", 64, 120, 56, 1, 64, 3) + bytes(2))
    + struct.pack("=IIQQQQQQ", 1, 5, 0, 0x1000, 0, 400, 400, 0)
    + struct.pack("=IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    + struct.pack("=IIQQQQIIQQ", 0, 11, 0, 0, 312, 24, 2, 0, 0, 0)
    + struct.pack("=IIQQQQIIQQ", 0, 3, 0, 0, 336, 5, 0, 0, 0, 0)
    + struct.pack("=IBBHQQ", 1, 2, 0, 1, 0x1020, 0)
    + b"\0one\0"
)


def loaded_at(path: str, offset: int) -> int:
    """The address at which the byte `offset` of a file lies in this process."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, start, *_, name = line.split()
        begin, end = (int(part, 16) for part in span.split("-"))
        if name == path and int(start, 16) <= offset < int(start, 16) + end - begin:
            return begin + offset - int(start, 16)
    raise AssertionError(f"{path} at {offset:#x} is not loaded")


@pytest.mark.parametrize("function", ["getaddrinfo", "freeaddrinfo", "connect"])
def test_finds_what_the_linker_found(function: str) -> None:
    libc = libc_path()
    linked = ctypes.cast(getattr(ctypes.CDLL(libc), function), ctypes.c_void_p).value
    assert loaded_at(libc, function_offset(libc, function)) == linked


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"no function getaddrinf$"):
        function_offset(libc_path(), "getaddrinf")


def test_those_that_are_there_are_found_in_one_go() -> None:
    libc = libc_path()
    found = function_offsets(libc, ["connect", "getaddrinf", "getaddrinfo", ""])
    assert found == {name: function_offset(libc, name) for name in ("connect", "getaddrinfo")}
    assert function_offsets(libc, []) == {}


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    whole = Path(libc_path()).read_bytes()
    file = tmp_path / "libc.so.6"
    for content in (b"\x7fELF", b"#!/bin/sh\n" + bytes(100), whole[:5000], whole[:-1000]):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"cut off|not a library|no function"):
            function_offset(str(file), "getaddrinfo")
    file.write_bytes(b"")
    with pytest.raises(ValueError, match="empty file"):
        function_offset(str(file), "getaddrinfo")
    with pytest.raises(FileNotFoundError):
        function_offset(str(tmp_path / "none"), "getaddrinfo")


@given(st.data())
def test_a_library_that_is_damaged_is_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            found = function_offsets(file.name, ["one"])
        except ValueError:
            return
        assert set(found) <= {"one"}


def test_a_small_library_is_read(tmp_path: Path) -> None:
    file = tmp_path / "libc.so.6"
    file.write_bytes(SMALL)
    assert function_offsets(str(file), ["one", "two"]) == {"one": 0x20}


def test_what_is_too_large_to_be_a_libc_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "libc.so.6"
    file.write_bytes(SMALL)
    os.truncate(file, 1 << 40)
    with pytest.raises(ValueError, match="too large"):
        function_offsets(str(file), ["one"])
