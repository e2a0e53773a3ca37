"""Text made to fill an exact number of terminal cells.

Every function takes text that is safe to show (`probes.text.visible`) and counts cells, not
characters: a Chinese character fills two.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, set_cell_size

ELLIPSIS: Final = "…"
_SCALES: Final = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `width` cells, flush left or `right`, cut where it is longer."""
    length = cell_len(text)
    if length >= width:
        return set_cell_size(text, width)
    spaces = " " * (width - length)
    return spaces + text if right else text + spaces


def keep_start(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut is cut at the end: `api.gith…`."""
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    return set_cell_size(text, width - 1).rstrip(" ") + ELLIPSIS


def keep_end(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut is cut at the start: `…hub.com`."""
    if cell_len(text) <= width:
        return text
    return ELLIPSIS + _tail(text, width - 1) if width > 0 else ""


def keep_ends(text: str, width: int) -> str:
    """`text` in at most `width` cells, cut in the middle: `[2001:db8…::1]:443`."""
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    end = width // 2
    return set_cell_size(text, width - 1 - end).rstrip(" ") + ELLIPSIS + _tail(text, end)


def keep_program(path: str, width: int) -> tuple[str, str]:
    """Cut an executable's path to `width` cells; give its folder and its program's name.

    Whole folders go first, from the left: `/usr/local/bin/` and `curl`, then `…/bin/` and `curl`,
    then `…/` and `curl`; a name that is too long by itself loses its end.
    """
    folder, slash, program = path.rpartition("/")
    room = width - cell_len(program)
    if room < 2:
        return "", keep_start(program, width)
    folder += slash
    while cell_len(folder) > room:
        _, found, rest = folder.removeprefix(ELLIPSIS).removeprefix("/").partition("/")
        if not found:
            return "", program
        folder = f"{ELLIPSIS}/{rest}"
    return folder, program


def count(number: int, width: int) -> str:
    """Write `number` in `width` cells where that can be: `12,345`, then `12.3k`, then `12k`."""
    text = f"{number:,}"
    if len(text) <= width:
        return text
    for scale, letter in _SCALES:
        if number >= scale:
            text = f"{number / scale:.1f}{letter}"
            return text if len(text) <= width else f"{number // scale}{letter}"
    return text


def duration(microseconds: int) -> str:
    """Write a time in three digits at most: `95 µs`, `1.2 ms`, `12 ms`, `2.0 s`, `130 s`."""
    if microseconds < 1_000:
        return f"{microseconds:.0f} µs"
    value, unit = microseconds / 1_000, "ms"
    if value >= 999.5:
        value, unit = value / 1_000, "s"
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def _tail(text: str, width: int) -> str:
    """Give the end of `text`, in at most `width` cells."""
    if text.isascii():
        return text[-width:] if width > 0 else ""
    tail = text[-width * 4 :] if width > 0 else ""
    while cell_len(tail) > width:
        tail = tail[1:]
    return tail
