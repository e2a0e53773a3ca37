"""Where a function lies in a shared library: its dynamic symbols (elf(5)), 64 bits."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from typing import Final

_HEADER: Final = struct.Struct("=4sB27xQQ6xHHHH")
_SECTION: Final = struct.Struct("=IIQQQQIIQQ")
_SEGMENT: Final = struct.Struct("=IIQQQQQQ")
_SYMBOL: Final = struct.Struct("=IBBHQQ")
_LARGEST: Final = 16 << 20  # bytes of a libc: glibc's has 2 MB
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
    found = function_offsets(path, [name])
    if name not in found:
        raise ValueError(f"it exports no function {name}")
    return found[name]


def function_offsets(path: str, names: Collection[str]) -> Mapping[str, int]:
    """The same for those of `names` that the library exports.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such library.
    """
    with open(path, "rb") as file:
        # Not mapped: any user may call a file a libc, and to cut a mapped file off ends its reader.
        content = file.read(_LARGEST + 1)
    if not content or len(content) > _LARGEST:
        raise ValueError(f"{path} is {'too large' if content else 'an empty file'}")
    try:
        addresses = _function_addresses(content, {name.encode() for name in names})
        return {
            name.decode(): _file_offset(content, address) for name, address in addresses.items()
        }
    # OverflowError: an offset beyond what any file has.
    except (struct.error, IndexError, OverflowError) as error:
        raise ValueError(f"{path} is cut off") from error


def _function_addresses(content: bytes, names: Collection[bytes]) -> Mapping[bytes, int]:
    magic, word_size, _, at, _, _, size, count = _HEADER.unpack_from(content)
    if magic != _MAGIC or word_size != _CLASS_64:
        raise ValueError("not a library of this machine's kind")
    longest = max(map(len, names), default=0) + 1
    sections = [_SECTION.unpack_from(content, at + number * size) for number in range(count)]
    found = {}
    for _, kind, _, _, at, size, names_section, *_ in sections:
        if kind != _DYNAMIC_SYMBOLS or names_section >= count:
            continue
        names_at = sections[names_section][4]
        for name_at, info, _, section, value, _ in _SYMBOL.iter_unpack(content[at : at + size]):
            # Section 0: the library uses such a function and does not have it.
            if info & 0xF == _FUNCTION and section != 0:
                start = names_at + name_at
                name = content[start : start + longest].partition(b"\0")[0]
                if name in names:
                    found[name] = int(value)
    return found


def _file_offset(content: bytes, address: int) -> int:
    """Where in the file stands what is loaded at `address`."""
    _, _, at, _, size, count, _, _ = _HEADER.unpack_from(content)
    for number in range(count):
        segment = _SEGMENT.unpack_from(content, at + number * size)
        kind, _, offset, start, _, in_file, _, _ = segment
        if kind == _LOADED and start <= address < start + in_file:
            return int(address - start + offset)
    raise ValueError("its symbols lead out of it")
