"""The terms of a filter: the keys there are, and the values they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from probes.text import visible


class Key(StrEnum):
    """What may stand before a colon."""

    PID = "pid"
    USER = "user"
    PROC = "proc"
    HOST = "host"
    AS = "as"
    PORT = "port"


class QueryError(ValueError):
    """A filter cannot be understood; `position`: 0-based index into its text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `key` None is a bare word. `value` is printable; numbers are decimal."""

    key: Key | None
    value: str

    def __str__(self) -> str:
        """The term as it would be typed."""
        value = self.value
        if " " in value or '"' in value or (self.key is None and key_length(value)):
            value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{self.key}:{value}" if self.key else value


def key_length(text: str, start: int = 0) -> int:
    """Measure the key at `start`; 0 where there is none (`fd::1` is an address)."""
    found = _KEY.match(text, start)
    if not found:
        return 0
    address = _IPV6.match(text, start)
    return 0 if address and address[0].count(":") > 1 else len(found[1])


def key_named(name: str, position: int) -> Key:
    """Find the key called `name`, which stands at `position`; raises QueryError."""
    try:
        return Key(name.lower())
    except ValueError:
        pass
    known = ", ".join(Key)
    shown = name if len(name) <= 20 else f"{name[:20]}..."
    near = _near(name.lower())
    hint = f"did you mean {near}?" if near else "to search for it as text, put it in quotes"
    # What helps most comes first: a narrow screen cuts the end.
    raise QueryError(f"unknown key '{shown}': {hint} (known: {known})", position)


def _near(name: str) -> str:
    if len(name) > 20:
        return ""
    if name in _OTHER_NAMES:
        return f"'{_OTHER_NAMES[name]}'"
    scores = {key: SequenceMatcher(None, name, key).ratio() for key in Key}
    best = max(scores.values())
    return " or ".join(f"'{key}'" for key, score in scores.items() if score == best >= 0.6)


def checked_term(key: Key | None, value: str, position: int) -> Term:
    """Make a term of a value that stands at `position`; raises QueryError."""
    value = visible(value)
    if not value:
        if key is None:
            raise QueryError("nothing stands between the quotes", position)
        raise QueryError(f"'{key}:' needs a value, such as {key}:{_EXAMPLES[key]}", position)
    if key is Key.PID:
        value = str(_number("a process id", value, 1, _LARGEST_PID, position))
    elif key is Key.PORT:
        value = str(_number("a port", value, 1, 65535, position))
    elif key is Key.AS and (number := _AS_NUMBER.fullmatch(value)):
        value = str(_number("an AS number", number[1], 0, 0xFFFF_FFFF, position))
    return Term(key, value)


def _number(what: str, value: str, least: int, most: int, position: int) -> int:
    if _NUMBER.fullmatch(value) and least <= int(value) <= most:
        return int(value)
    shown = value if len(value) <= 20 else f"{value[:20]}..."
    raise QueryError(f"{what} is a number from {least} to {most}, not '{shown}'", position)


_KEY: Final = re.compile(r"([A-Za-z][A-Za-z_-]*):")
_IPV6: Final = re.compile(r"[0-9A-Fa-f]+:[0-9A-Fa-f:.]+(?=\s|$)")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_AS_NUMBER: Final = re.compile(r"(?:AS)?([0-9]+)", re.IGNORECASE)
_EXAMPLES: Final = {
    Key.PID: "1234",
    Key.USER: "alice",
    Key.PROC: "curl",
    Key.HOST: "github",
    Key.AS: "13335",
    Key.PORT: "443",
}
_OTHER_NAMES: Final = {
    "asn": Key.AS,
    "comm": Key.PROC,
    "dport": Key.PORT,
    "exe": Key.PROC,
    "name": Key.HOST,
    "uid": Key.USER,
}
_LARGEST_PID: Final = 4 * 1024 * 1024
"""PID_MAX_LIMIT of include/linux/threads.h on 64-bit machines."""
