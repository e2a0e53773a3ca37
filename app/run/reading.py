"""Rules as they are written in a file (TOML), read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from app.filters.errors import QueryError
from app.filters.query import Query
from app.run.passing import read_filter
from app.run.patterns import RESOLVERS, Network, Pattern, network
from app.run.places import place, within
from app.run.rules import Rule, RuleError
from probes.text import visible

KEYS: Final = ("process", "host", "net", "family", "system", "port", "protocol", "filter")
_LARGEST: Final = {"port": 0xFFFF, "system": 0xFFFF_FFFF}


def parse(text: str) -> tuple[Rule, ...]:
    """The rules in a file's text.

    Raises:
        RuleError: it is no TOML, or not what is expected; with its place.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text) from None
    except RecursionError:
        raise RuleError("values are nested too deeply; [[allow]] and keys are expected") from None
    for key in found:
        if key != "allow":
            raise RuleError(
                f"'{visible(key)}' is not known here; [[allow]] is expected", *place(text, 0, key)
            )
    tables = found.get("allow", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RuleError("'allow' is not a table; [[allow]] is expected", *place(text, 0, "allow"))
    return tuple(_rule(table, text, number) for number, table in enumerate(tables, start=1))


def _rule(table: Mapping[str, Any], text: str, number: int) -> Rule:
    if not table:
        raise RuleError(
            f"this allows everything: at least one of {', '.join(KEYS)} is expected",
            *place(text, number, None),
        )
    read: dict[str, Any] = {}
    for key, value in table.items():
        where = place(text, number, key)
        try:
            read[key] = _values(key, value)
        except _FilterError as error:
            raise RuleError(str(error), *within(text, key, where, *error.at)) from None
        except ValueError as error:
            raise RuleError(str(error), *where) from None
    return Rule(**read)


class _FilterError(Exception):
    """A filter is wrong. `at`: which one of several, and the character."""

    def __init__(self, message: str, at: tuple[int, int]) -> None:
        super().__init__(message)
        self.at = at


def _values(key: str, value: Any) -> tuple[Any, ...]:
    """The value of a key, one or a list of them. Raises ValueError, which says what is expected."""
    if key not in KEYS:
        raise ValueError(
            f"'{visible(key)}' is not known here; one of {', '.join(KEYS)} is expected"
        )
    values = value if isinstance(value, list) else [value]
    if not values:
        raise ValueError(f"'{key}' is empty, which no connection could match; leave it out")
    return tuple(_value(key, one, which) for which, one in enumerate(values))


def _value(key: str, value: Any, which: int) -> Any:
    if key in _LARGEST:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST[key]:
            raise ValueError(f"'{key}' expects a whole number from 0 to {_LARGEST[key]}")
        return value
    if not isinstance(value, str) or not value:
        raise ValueError(f"'{key}' expects text in quotes")
    match key:
        case "process" | "host":
            return Pattern(value if key == "process" else value.rstrip(".").lower())
        case "net":
            return _net(value)
        case "filter":
            return _filter(value, which)
        case "family":
            return value.upper()
        case _:
            return value.lower()


def _filter(text: str, which: int) -> Query:
    try:
        return read_filter(text)
    except QueryError as error:
        said = visible(error.message)
        raise _FilterError(f"in 'filter', {said}", (which, error.position)) from None


def _net(text: str) -> Network | str:
    if text == RESOLVERS:
        return text
    try:
        return network(text)
    except ValueError as error:
        raise ValueError(
            f"'net' expects an address, a network such as 192.0.2.0/24 or \"{RESOLVERS}\": "
            f"{visible(str(error))}"
        ) from None


def _not_toml(said: str, text: str) -> RuleError:
    """What tomllib says, with the place that stands at its end."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
    if found is None:
        lines = text.splitlines() or [""]
        message = re.sub(r" \(at end of document\)$", " at the end", said)
        return RuleError(visible(message), len(lines), len(lines[-1]) + 1)
    return RuleError(visible(said[: found.start()]), int(found[1]), int(found[2]))
