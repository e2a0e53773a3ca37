"""Where a library's functions lie, beside what a linker would find."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from probes.elf import function_offset, function_offsets
from probes.requirements import libc_path


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
