"""Text that other processes chose, made safe to show."""

from __future__ import annotations


def decode(raw: bytes) -> str:
    """Bytes from the kernel or /proc as text; what is not UTF-8 becomes surrogate escapes."""
    return raw.decode("utf-8", "surrogateescape")


def visible(text: str) -> str:
    r"""`text` with every character that could act rather than be seen written as an escape.

    Control characters, line breaks, bidirectional and zero-width format characters, unassigned
    and private code points, and bytes that were not UTF-8 become `\x1b`, `\u202e`, `\U000e0001`.
    What is returned is printable in the sense of `str.isprintable` and can be encoded.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # one byte that was not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
