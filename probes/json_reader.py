"""Connections read back from the lines of JSON that `probes.jsonl` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final, Generic, TypeVar

from probes.family import family_name
from probes.fields import FIELDS
from probes.record import AutonomousSystem, Connection, Host, HostSource, Process
from probes.timestamp import parse_iso

_FAMILY: Final = re.compile(r"AF_([0-9]{1,5})")
_FAMILIES: Final = {family_name(number): number for number in range(64)}
_BY_NAME: Final = {field.name: field for field in FIELDS}
_SHOWN: Final = 40
_T = TypeVar("_T")


class JsonLineError(ValueError):
    """A line is not a connection; the message says what was expected."""


class _Shared(Generic[_T]):
    """Makes equal objects one object, so that a long recording costs memory once for each."""

    ENTRIES: Final = 65536

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_T, _T] = {}

    def __call__(self, made: _T) -> _T:
        if len(self._known) >= self.ENTRIES:
            self._known.clear()
        return self._known.setdefault(made, made)


class JsonReader:
    """Reads lines that `json_writer` wrote.

    Equal processes, hosts and systems come out as one object each, as in a live capture.
    """

    __slots__ = ("_hosts", "_processes", "_systems")

    def __init__(self) -> None:
        self._processes: _Shared[Process] = _Shared()
        self._hosts: _Shared[Host] = _Shared()
        self._systems: _Shared[AutonomousSystem] = _Shared()

    def __call__(self, line: str) -> Connection:
        """Read a line; keys that are not known here (a newer program's) are passed over.

        Raises JsonLineError.
        """
        read = _Line(line)
        address, port = read.maybe(read.address, "address"), read.maybe(read.port, "port")
        if (address is None) != (port is None):
            raise JsonLineError("'address' and 'port' must both be given or both be null")
        process = Process(
            pid=read.number("pid"),
            comm=read.text("comm"),
            executable=read.maybe(read.text, "process"),
            args=read.texts("args"),
            uid=read.number("uid"),
            user=read.text("user"),
            parent=read.later(read.number, "parent"),
            start_ns=read.later(read.time, "started"),
            cgroup=read.later(read.large, "cgroup"),
            netns=read.later(read.number, "netns"),
            mntns=read.later(read.number, "mntns"),
            container=read.later(read.text, "container"),
            unit=read.later(read.text, "unit"),
        )
        host, system = _host(read), _system(read)
        return Connection(
            time_ns=read.time("time"),
            family=read.family("af"),
            tid=read.number("tid"),
            process=self._processes(process),
            address=address,
            port=port,
            host=host and self._hosts(host),
            system=system and self._systems(system),
        )


def connection_from_json(line: str) -> Connection:
    """Read one line; raises JsonLineError."""
    return JsonReader()(line)


def _host(read: _Line) -> Host | None:
    name, source = read.maybe(read.text, "host"), read.maybe(read.source, "host_source")
    if name is None and source is None:
        return None
    if name is None or source is None:
        raise JsonLineError("'host' and 'host_source' must both be given or both be null")
    return Host(name, source)


def _system(read: _Line) -> AutonomousSystem | None:
    number, name = read.maybe(read.number, "asn"), read.maybe(read.text, "as_name")
    if number is None:
        if name is not None:
            raise JsonLineError("'as_name' must be null where 'asn' is")
        return None
    return AutonomousSystem(number, name or "")


class _Line:
    """The object on one line; each reader takes a key's value or says what was expected."""

    __slots__ = ("_values",)

    def __init__(self, line: str) -> None:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "not readable"
            raise JsonLineError(f"expected one JSON object: {what}") from None
        if not isinstance(values, dict):
            raise JsonLineError(f"expected one JSON object, not {_shown(values)}")
        self._values: dict[str, object] = values

    def maybe(self, reader: Callable[[str], _T], key: str) -> _T | None:
        return None if self._value(key) is None else reader(key)

    def later(self, reader: Callable[[str], _T], key: str) -> _T | None:
        """The same for a key that older recordings lack."""
        return self.maybe(reader, key) if key in self._values else None

    def large(self, key: str) -> int:
        return self._number(key, 0xFFFF_FFFF_FFFF_FFFF)

    def number(self, key: str) -> int:
        return self._number(key, 0xFFFF_FFFF)

    def port(self, key: str) -> int:
        return self._number(key, 0xFFFF)

    def text(self, key: str) -> str:
        value = self._value(key)
        if isinstance(value, str):
            return value
        raise self._wrong(key)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._value(key)
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        raise self._wrong(key)

    def time(self, key: str) -> int:
        text = self.text(key)
        try:
            return parse_iso(text)
        except (ValueError, OverflowError):
            raise self._wrong(key) from None

    def family(self, key: str) -> int:
        name = self.text(key)
        if (number := _FAMILIES.get(name)) is not None:
            return number
        unnamed = _FAMILY.fullmatch(name)
        if unnamed and family_name(int(unnamed[1])) == name:
            return int(unnamed[1])
        raise self._wrong(key)

    def address(self, key: str) -> str:
        text = self.text(key)
        family = AF_INET6 if ":" in text else AF_INET
        try:
            inet_pton(family, text)
        except (OSError, ValueError):
            raise self._wrong(key) from None
        return text

    def source(self, key: str) -> HostSource:
        text = self.text(key)
        try:
            return HostSource(text)
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


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
