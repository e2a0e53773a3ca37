"""Items row by row, as most tests give them and look at them."""

from __future__ import annotations

from collections.abc import Iterable

from probes.connections import Connections
from probes.record import Connection, Resolution
from probes.source import Item


def rows_of(items: Iterable[Item]) -> list[Connection | Resolution]:
    """Every connection and resolution of `items` as an object, in their order."""
    rows: list[Connection | Resolution] = []
    for item in items:
        rows += item if isinstance(item, Connections) else [item]
    return rows


def items_of(rows: Iterable[Connection | Resolution]) -> list[Item]:
    """Connections and resolutions as a source gives them, in their order."""
    items: list[Item] = []
    for row in rows:
        if isinstance(row, Resolution):
            items.append(row)
        elif items and isinstance(items[-1], Connections):
            items[-1].append(row)
        else:
            items.append(Connections.of([row]))
    return items
