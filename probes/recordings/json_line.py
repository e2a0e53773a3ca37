"""The values on a line of JSON, each of the kind that it has to be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final, TypeVar

from probes.family import family_name
from probes.outcome import OutcomeKind
from probes.record import Ancestor, HostSource
from probes.recordings.fields import FIELDS
from probes.timestamp import parse_iso
from probes.transport import Call, SocketType

_FAMILY: Final = re.compile(r"AF_([0-9]{1,5})")
_ANCESTOR: Final = re.compile(r"([0-9]{1,10}) (.+)", re.DOTALL)
_FAMILIES: Final = {family_name(number): number for number in range(64)}
_BY_NAME: Final = {field.name: field for field in FIELDS}
_SHOWN: Final = 40
_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=StrEnum)


class JsonLineError(ValueError):
    """A line is not a connection; the message says what was expected."""


def json_object(line: str) -> dict[str, object]:
    """Read the object on a line. Raises JsonLineError."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
        raise JsonLineError(f"expected one JSON object: {what}") from None
    if not isinstance(values, dict):
        raise JsonLineError(f"expected one JSON object, not {_shown(values)}")
    return values


class JsonLine:
    """The object on one line; each reader takes a key's value, or raises JsonLineError."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        """`values`: by their keys; what is not asked for may be anything."""
        self._values = values

    def maybe(self, reader: Callable[[str], _T], key: str) -> _T | None:
        """What `reader` makes of the key's value; None where that is null."""
        return None if self._value(key) is None else reader(key)

    def later(self, reader: Callable[[str], _T], key: str) -> _T | None:
        """The same for a key that older recordings lack."""
        return self.maybe(reader, key) if key in self._values else None

    def large(self, key: str) -> int:
        """A number of 64 bits."""
        return self._number(key, 0xFFFF_FFFF_FFFF_FFFF)

    def number(self, key: str) -> int:
        """A number of 32 bits."""
        return self._number(key, 0xFFFF_FFFF)

    def port(self, key: str) -> int:
        """A port's number."""
        return self._number(key, 0xFFFF)

    def text(self, key: str) -> str:
        """A text."""
        value = self._value(key)
        if isinstance(value, str):
            return value
        raise self._wrong(key)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._value(key)
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        raise self._wrong(key)

    def ancestors(self, key: str) -> tuple[Ancestor, ...]:
        """Ancestors, of texts of a pid and an `Ancestor.label`."""
        found = [_ANCESTOR.fullmatch(text) for text in self.texts(key)]
        if not all(found):
            raise self._wrong(key)
        return tuple(_ancestor(*each.groups()) for each in found if each)

    def time(self, key: str) -> int:
        """Nanoseconds since the epoch."""
        text = self.text(key)
        try:
            return parse_iso(text)
        except (ValueError, OverflowError):
            raise self._wrong(key) from None

    def family(self, key: str) -> int:
        """An address family's number, by its name."""
        name = self.text(key)
        if (number := _FAMILIES.get(name)) is not None:
            return number
        unnamed = _FAMILY.fullmatch(name)
        if unnamed and family_name(int(unnamed[1])) == name:
            return int(unnamed[1])
        raise self._wrong(key)

    def address(self, key: str) -> str:
        """An address of IPv4 or IPv6."""
        text = self.text(key)
        family = AF_INET6 if ":" in text else AF_INET
        try:
            inet_pton(family, text)
        except (OSError, ValueError):
            raise self._wrong(key) from None
        return text

    def outcome(self, key: str) -> OutcomeKind:
        """What became of it."""
        return self._one_of(OutcomeKind, key)

    def milliseconds(self, key: str) -> int:
        """Microseconds, of a number of milliseconds."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key)
        if 0 <= value * 1000 <= 0xFFFF_FFFF:
            return round(value * 1000)
        raise self._wrong(key)

    def source(self, key: str) -> HostSource:
        """How a name is known."""
        return self._one_of(HostSource, key)

    def call(self, key: str) -> Call:
        """How it was made."""
        return self._one_of(Call, key)

    def socket_type(self, key: str) -> SocketType:
        """The socket's type."""
        return self._one_of(SocketType, key)

    def _one_of(self, kind: type[_Word], key: str) -> _Word:
        text = self.text(key)
        try:
            return kind(text)
        except ValueError:
            raise self._wrong(key) from None

    def _number(self, key: str, largest: int) -> int:
        value = self._value(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest:
            return value
        raise self._wrong(key)

    def _value(self, key: str) -> object:
        try:
            return self._values[key]
        except KeyError:
            raise JsonLineError(f"the key '{key}' is missing") from None

    def _wrong(self, key: str) -> JsonLineError:
        field = _BY_NAME[key]
        expected = field.kind.value + (" or null" if field.nullable else "")
        return JsonLineError(f"'{key}' must be {expected}, not {_shown(self._values[key])}")


def _ancestor(pid: str, label: str) -> Ancestor:
    """What an `Ancestor.label` says."""
    if not (label.startswith("[") and label.endswith("]")):
        return Ancestor(int(pid), "", label, ())
    return Ancestor(int(pid), "" if label == "[?]" else label[1:-1], None, ())


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
