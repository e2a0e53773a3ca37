"""By what connections are grouped, and how a group is asked for in a filter."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from app.filters.query import Key, Query, parse
from probes.connections import Endpoint
from probes.family import family_name
from probes.record import AutonomousSystem, Host, Process
from probes.text import visible

_NAME, _ADDRESS, _FAMILY = range(3)
_NO_HOST: Final = "!host:*"
_NO_SYSTEM: Final = "!as:*"
_NO_UNIT: Final = "!unit:*"

Parts = tuple[Process, Endpoint, Host | None, int]
"""What of a row decides: who, where to, by what name, which port."""


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """What connections of one group have in common. `name`: of one, `plural`: of several.

    `key`: what says which group a row is of; `label`: how a key is shown, texts as other processes
    chose them; `query`: what keeps the rows of a key and no others, as far as a filter can say it.
    """

    name: str
    plural: str
    key: Callable[[Process, Endpoint, Host | None, int], Hashable]
    label: Callable[[Any], str]
    query: Callable[[Any], Query]


def _place(endpoint: Endpoint, host: Host | None) -> tuple[int, str]:
    if host is not None:
        return _NAME, host.name
    if endpoint.address is not None:
        return _ADDRESS, endpoint.address
    return _FAMILY, family_name(endpoint.family)


def _place_query(place: tuple[int, str]) -> Query:
    kind, text = place
    if kind == _NAME:
        return _exactly("host", text)
    if kind == _ADDRESS:
        return Query.of("net", text) & parse(_NO_HOST)
    return Query.of("family", text)


def _end(place: tuple[int, str, int]) -> str:
    kind, text, port = place
    if not port:
        return text
    return f"[{text}]:{port}" if kind == _ADDRESS and ":" in text else f"{text}:{port}"


def _end_query(place: tuple[int, str, int]) -> Query:
    kind, text, port = place
    query = _place_query((kind, text))
    return query & Query.of(Key.PORT, port) if port else query


def _program_query(label: str) -> Query:
    # Without a path there is the thread's name, in brackets.
    is_name = label.startswith("[") and label.endswith("]")
    return _exactly("proc", label[1:-1] if is_name else label)


def _system_label(system: AutonomousSystem | None) -> str:
    """The holder first: where room is short, the end goes."""
    if system is None:
        return "none (private, local)"
    return f"{system.name} ({system.number})" if system.name else system.label


def _system_query(system: AutonomousSystem | None) -> Query:
    return parse(_NO_SYSTEM) if system is None else Query.of("as", system.number)


def _unit_query(unit: str | None) -> Query:
    return parse(_NO_UNIT) if not unit else _exactly("unit", unit)


def _exactly(name: str, text: str) -> Query:
    # A filter looks at what is shown.
    return Query.of(name, visible(text), exact=True)


PROGRAM: Final = Facet(
    "process", "processes", lambda p, _e, _h, _port: p.label, str, _program_query
)
HOST: Final = Facet(
    "host", "hosts", lambda _p, e, h, _port: _place(e, h), lambda place: place[1], _place_query
)
SYSTEM: Final = Facet(
    "AS",
    "autonomous systems",
    lambda _p, e, _h, _port: e.system,
    _system_label,
    _system_query,
)
UNIT: Final = Facet(
    "unit",
    "units",
    lambda p, _e, _h, _port: p.unit or None,
    lambda unit: unit or "none",
    _unit_query,
)
USER: Final = Facet(
    "user",
    "users",
    lambda p, _e, _h, _port: p.user,
    str,
    lambda user: Query.of(Key.USER, visible(user)),
)
DESTINATION: Final = Facet(
    "destination",
    "destinations",
    lambda _p, e, h, port: (*_place(e, h), port if e.address is not None else 0),
    _end,
    _end_query,
)

GROUPINGS: Final = (
    (PROGRAM, DESTINATION),
    (HOST, PROGRAM),
    (SYSTEM, DESTINATION),
    (UNIT, DESTINATION),
    (USER, PROGRAM),
)
"""By what connections are grouped, and then within each group."""
