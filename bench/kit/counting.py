"""What a program's output says: counted in files that may be larger than memory should hold."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kit.running import ToolError
from kit.screen import without_escapes
from kit.storm import PORT

# Rows that go where the generator connects to.
PRINTED: Final = re.compile(rb":%d " % PORT)
AS_JSON: Final = re.compile(rb'"port": %d,' % PORT)
EXPORTED: Final = re.compile(rb",127\.[0-9.]+,%d," % PORT)
BY_PEERS: Final = re.compile(rb" %d\n" % PORT)

_TITLE: Final = re.compile(rb"Connections ([\d,]+)")
_SUMMARY: Final = re.compile(rb"seen \d+, lost [^\r\n]*")
# What became of connections that are not rows.
_MISSING: Final = re.compile(rb"\b(?:lost|overflowed|evicted) (\d+)")
_TAIL: Final = 1 << 20  # bytes: more than a screen takes when it is drawn anew


def matches(path: Path, pattern: re.Pattern[bytes]) -> int:
    """How often `pattern` is found in the file."""
    with _mapped(path) as data:
        return sum(1 for _ in pattern.finditer(data))


def total(path: Path, pattern: re.Pattern[bytes]) -> int:
    """The sum of the numbers that the pattern's one group finds in the file."""
    with _mapped(path) as data:
        return sum(int(found[1]) for found in pattern.finditer(data))


def missing(path: Path) -> int:
    """The connections that sock-tui's last line says are not among its rows, for any reason.

    Raises ToolError where it said no last line.
    """
    found = _SUMMARY.findall(_tail(path))
    if not found:
        raise ToolError(f"sock-tui ended without its last line: {_tail(path)[-500:]!r}")
    return sum(map(int, _MISSING.findall(found[-1])))


def titled(path: Path) -> int:
    """How many rows the dashboard has, by its table's title as it was drawn last.

    Raises ToolError where that was not drawn.
    """
    found = _TITLE.findall(_tail(path))
    if not found:
        raise ToolError("the dashboard did not draw its table's title")
    return int(found[-1].replace(b",", b""))


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return without_escapes(file.read())


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    if path.stat().st_size == 0:  # which cannot be mapped
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        yield data
