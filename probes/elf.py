"""Where a function lies in a shared library: its dynamic symbols (elf(5)), 64 bits."""

from __future__ import annotations

import mmap
import struct
from typing import Final

_HEADER: Final = struct.Struct("=4sB27xQQ6xHHHH")
_SECTION: Final = struct.Struct("=IIQQQQIIQQ")
_SEGMENT: Final = struct.Struct("=IIQQQQQQ")
_SYMBOL: Final = struct.Struct("=IBBHQQ")
_MAGIC: Final = b"\x7fELF"
_CLASS_64: Final = 2
_DYNAMIC_SYMBOLS: Final = 11  # SHT_DYNSYM
_LOADED: Final = 1  # PT_LOAD
_FUNCTION: Final = 2  # STT_FUNC


def function_offset(path: str, name: str) -> int:
    """The offset in the file at which the function `name` of the library `path` begins.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such library, or exports no such function.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        try:
            address = _function_address(content, name.encode())
            return _file_offset(content, address)
        except struct.error as error:
            raise ValueError(f"{path} is cut off") from error


def _function_address(content: mmap.mmap, name: bytes) -> int:
    magic, word_size, _, at, _, _, size, count = _HEADER.unpack_from(content)
    if magic != _MAGIC or word_size != _CLASS_64:
        raise ValueError("not a library of this machine's kind")
    sections = [_SECTION.unpack_from(content, at + number * size) for number in range(count)]
    for _, kind, _, _, at, size, names_section, *_ in sections:
        if kind != _DYNAMIC_SYMBOLS:
            continue
        names_at = sections[names_section][4]
        for name_at, info, _, section, value, _ in _SYMBOL.iter_unpack(content[at : at + size]):
            # Section 0: the library uses such a function and does not have it.
            if info & 0xF == _FUNCTION and section != 0:
                start = names_at + name_at
                if content[start : start + len(name) + 1] == name + b"\0":
                    return int(value)
    raise ValueError(f"it exports no function {name.decode()}")


def _file_offset(content: mmap.mmap, address: int) -> int:
    """Where in the file stands what is loaded at `address`."""
    _, _, at, _, size, count, _, _ = _HEADER.unpack_from(content)
    for number in range(count):
        segment = _SEGMENT.unpack_from(content, at + number * size)
        kind, _, offset, start, _, in_file, _, _ = segment
        if kind == _LOADED and start <= address < start + in_file:
            return int(address - start + offset)
    raise ValueError("its symbols lead out of it")
