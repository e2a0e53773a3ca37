"""Items row by row, as most tests give them and look at them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from probes.connections import Connections, Endpoint
from probes.record import Connection, Resolution
from probes.results import Results, place_of
from probes.source import Item
from tests.connections import GITHUB, made_by


def rows_of(items: Iterable[Item]) -> list[Connection | Resolution]:
    """Every connection and resolution of `items` as an object, in their order.

    What became of a connection is in its row, also where it was told later.
    """
    rows: list[Connection | Resolution] = []
    pieces: list[Connections] = []
    items = list(items)
    for item in items:
        if isinstance(item, Results):
            settle(pieces, item)
        elif isinstance(item, Connections):
            pieces.append(item)
    for item in items:
        if not isinstance(item, Results):
            rows += item if isinstance(item, Connections) else [item]
    return rows


def settle(pieces: Iterable[Connections], results: Results) -> None:
    """Say in the rows what became of them."""
    for index, number in enumerate(results.numbers):
        for rows in pieces:
            if (place := place_of(number, rows)) is not None:
                results.put(index, rows, place)


def items_of(rows: Iterable[Connection | Item]) -> list[Item]:
    """Connections and other items as a source gives them, in their order."""
    items: list[Item] = []
    for row in rows:
        if not isinstance(row, Connection):
            items.append(row)
        elif items and isinstance(items[-1], Connections):
            items[-1].append(row)
        else:
            items.append(Connections.of([row]))
    return items


def many(count: int, start: int = 0) -> Connections:
    """So many connections of a few processes to a few addresses, with ascending times."""
    picks = range(start, start + count)
    processes = [made_by(pid=number, user=f"u{number % 3}").process for number in range(50)]
    endpoints = [Endpoint(2, f"192.0.2.{number}", GITHUB.system) for number in range(100)]
    rows = Connections()
    rows.times = array("q", (GITHUB.time_ns + pick * 1000 for pick in picks))
    rows.tids = array("I", picks)
    rows.ports = array("H", (pick % 7 + 1 for pick in picks))
    rows.processes = [processes[pick * 7919 % 50] for pick in picks]
    rows.endpoints = [endpoints[pick * 104_729 % 100] for pick in picks]
    rows.hosts = [GITHUB.host if pick % 2 else None for pick in picks]
    rows.untold()
    return rows
