"""By what rows can be sorted, one row or thousands at a time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from probes.connections import Connections, Endpoint
from probes.family import family_name
from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.record import Host, Process
from probes.text import visible

Value = tuple[int | str | bytes, ...]
"""What a row is sorted by; values of one column can be compared with each other."""

_Part = TypeVar("_Part")
_RANKS: Final = {kind: rank for rank, kind in enumerate(OutcomeKind)}


@dataclass(frozen=True, slots=True)
class Order:
    """Rows by one column, `key` as in `widgets.columns`; equal ones in the order they came in."""

    key: str
    descending: bool = False

    def parts(self, rows: Connections) -> Sequence[object]:
        """The part of each row that its value depends on; thousands of rows share one."""
        return _KINDS[self.key].parts(rows)

    def part(self, rows: Connections, index: int) -> object:
        """The part of one row that its value depends on, and nothing else."""
        if self.key == "result":
            return OUTCOMES[rows.outcomes[index]]
        return _KINDS[self.key].parts(rows)[index]

    def value(self, part: object) -> Value:
        """What a row is sorted by first, by that part of it."""
        return _KINDS[self.key].value(part)

    @property
    def changes_with(self) -> str:
        """The column that says when the values of rows that are there have changed."""
        return {"latency": "result", "local": "result", "source": "host"}.get(self.key, self.key)

    @property
    def minor_bits(self) -> int:
        """Bits of the numbers that `minors` gives; 0 where all of them are 0."""
        return _MINOR_BITS.get(self.key, 0)

    def minors(self, rows: Connections) -> Sequence[int]:
        """What each row is sorted by then: numbers of `minor_bits`."""
        match self.key:
            case "time":
                return rows.times
            case "destination":
                return rows.ports
            case "result" | "latency":
                return rows.latencies
            case "tid":
                return rows.tids
            case "local":
                return rows.local_ports
        return bytes(len(rows))

    def minor(self, rows: Connections, index: int) -> int:
        """The same of one row."""
        match self.key:
            case "time":
                return rows.times[index]
            case "destination":
                return rows.ports[index]
            case "result" | "latency":
                return rows.latencies[index]
            case "tid":
                return rows.tids[index]
            case "local":
                return rows.local_ports[index]
        return 0


def next_order(order: Order | None, columns: Sequence[str]) -> Order | None:
    """By the column that follows; behind the last and ahead of the first is that of arrival."""
    if order is not None and order.key in columns:
        columns = columns[columns.index(order.key) + 1 :]
    return Order(columns[0]) if columns else None


def clicked_order(order: Order | None, key: str) -> Order | None:
    """By the column that was clicked; a second click turns it round, and a third ends it."""
    if order is None or order.key != key:
        return Order(key)
    return None if order.descending else turned(order)


def turned(order: Order | None) -> Order:
    """The other way round; from the order of arrival, that is the newest first."""
    order = order or Order("time")
    return replace(order, descending=not order.descending)


def _text(text: str) -> Value:
    """As it is shown, capitals beside small letters; what is empty comes last."""
    shown = visible(text)
    return (not shown, shown.casefold(), shown)


def _family(endpoint: Endpoint) -> Value:
    return (family_name(endpoint.family),)


def _address(endpoint: Endpoint) -> Value:
    return _by_number(endpoint.address)


def _by_number(address: str | None) -> Value:
    """IPv4, then IPv6, by number; then what has no address."""
    if address is None:
        return (2, b"")
    if ":" in address:
        return (1, socket.inet_pton(socket.AF_INET6, address))
    return (0, socket.inet_pton(socket.AF_INET, address))


def _number(number: int | None) -> Value:
    """What is not known comes last."""
    return (number is None, number or 0)


def _system(endpoint: Endpoint) -> Value:
    system = endpoint.system
    return (*_text(system.name), system.number) if system else (*_text(""), -1)


def _transport(endpoint: Endpoint) -> Value:
    return _text(endpoint.transport.text)


def _host(host: Host | None) -> Value:
    return _text(host.name if host else "")


def _source(host: Host | None) -> Value:
    return _text(host.source if host else "")


def _path(process: Process) -> Value:
    return _text(process.label)


def _arguments(process: Process) -> Value:
    return _text(" ".join(process.args[1:]))


def _parent(process: Process) -> Value:
    """By number, as it is shown first."""
    return _number(process.parents[0].pid if process.parents else process.parent)


def _results(rows: Connections) -> Sequence[Outcome | None]:
    return [OUTCOMES[code] for code in rows.outcomes]


def _result(outcome: Outcome | None) -> Value:
    """What went well, by how long it took; then what failed, by its name; then the unknown."""
    if outcome is None:
        return (len(_RANKS), "")
    return (_RANKS[outcome.kind], outcome.errno or "")


def _whole(_part: object) -> Value:
    return ()


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a column is sorted by: `parts` of the rows, and what the value of one is."""

    parts: Callable[[Connections], Sequence[Any]]
    value: Callable[[Any], Value]


_KINDS: Final[dict[str, _Kind]] = {
    "time": _Kind(lambda rows: rows.hosts, _whole),
    "family": _Kind(lambda rows: rows.endpoints, _family),
    "pid": _Kind(lambda rows: rows.processes, lambda process: (process.pid,)),
    "process": _Kind(lambda rows: rows.processes, _path),
    "user": _Kind(lambda rows: rows.processes, lambda process: _text(process.user)),
    "transport": _Kind(lambda rows: rows.endpoints, _transport),
    "destination": _Kind(lambda rows: rows.endpoints, _address),
    "host": _Kind(lambda rows: rows.hosts, _host),
    "system": _Kind(lambda rows: rows.endpoints, _system),
    "result": _Kind(_results, _result),
    "args": _Kind(lambda rows: rows.processes, _arguments),
    "parent": _Kind(lambda rows: rows.processes, _parent),
    "started": _Kind(lambda rows: rows.processes, lambda process: _number(process.start_ns)),
    "tid": _Kind(lambda rows: rows.hosts, _whole),
    "uid": _Kind(lambda rows: rows.processes, lambda process: (process.uid,)),
    "container": _Kind(
        lambda rows: rows.processes,
        lambda process: _text(process.container_name or process.container or ""),
    ),
    "unit": _Kind(lambda rows: rows.processes, lambda process: _text(process.unit or "")),
    "cgroup": _Kind(lambda rows: rows.processes, lambda process: _number(process.cgroup)),
    "netns": _Kind(lambda rows: rows.processes, lambda process: _number(process.netns)),
    "local": _Kind(lambda rows: rows.locals, _by_number),
    "latency": _Kind(lambda rows: rows.hosts, _whole),
    "asn": _Kind(
        lambda rows: rows.endpoints,
        lambda endpoint: _number(endpoint.system.number if endpoint.system else None),
    ),
    "source": _Kind(lambda rows: rows.hosts, _source),
}
_MINOR_BITS: Final = {
    **{"time": 63, "destination": 16, "result": 32},
    **{"tid": 32, "local": 16, "latency": 32},
}
