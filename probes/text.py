"""Text that other processes chose, made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# Printable by their category, and yet nothing is seen of them: the Unicode standard's default
# ignorables that are marks or letters, such as variation selectors and Hangul fillers.
_UNSEEN: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
).union(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_MARKS: Final = frozenset({"Mn", "Me"})
_MARKS_MAX: Final = 4
"""Marks above and below one letter; no script in use has more, and each is drawn over the last."""


def decode(raw: bytes) -> str:
    """Bytes from the kernel or /proc as text; what is not UTF-8 becomes surrogate escapes."""
    return raw.decode("utf-8", "surrogateescape")


def encodable(text: str) -> str:
    r"""`text` for what can hold any character, but nothing else: stray bytes become `\xNN`."""
    return text if text.isascii() else _SURROGATE.sub(lambda found: _escape(found[0]), text)


def visible(text: str) -> str:
    r"""`text` with every character that could act rather than be seen written as an escape.

    Control characters, line breaks, bidirectional and zero-width format characters, unassigned
    and private code points, and bytes that were not UTF-8 become `\x1b`, `\u202e`, `\U000e0001`.
    So do printable ones of which nothing is seen, and marks that pile up on one letter.
    What is returned is printable in the sense of `str.isprintable` and can be encoded.
    """
    if text.isascii():
        if text.isprintable():
            return text
        return "".join(char if char.isprintable() else _escape(char) for char in text)
    return "".join(_seen(text))


def _seen(text: str) -> Iterator[str]:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in _MARKS else 0
        is_seen = char.isprintable() and char not in _UNSEEN and marks <= _MARKS_MAX
        yield char if is_seen else _escape(char)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # one byte that was not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
