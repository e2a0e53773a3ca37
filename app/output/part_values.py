"""What follows from a part of a connection, worked out once for each among thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from probes.connections import Connections
from probes.record import Connection
from probes.recordings.writer import Part, keys

_Value = TypeVar("_Value")

_ENTRIES: Final = 65_536


class PartValues(Generic[_Value]):
    """Values by a part of connections; some `_ENTRIES` are kept, and what a batch needs."""

    def __init__(self, part: Part, value: Callable[[Connection], _Value]) -> None:
        """`value`: answers from the part alone."""
        self._part = part
        self._value = value
        self._known: dict[Hashable, _Value] = {}
        # Whoever an identity is of must not go, or it comes to mean another.
        self._alive: list[Connection] = []

    def of(self, rows: Connections) -> list[_Value]:
        """The value for each row."""
        found = list(keys(self._part, rows))
        try:
            return list(map(self._known.__getitem__, found))
        except KeyError:
            places = {key: index for index, key in enumerate(found)}
            if len(self._known) + len(places) > _ENTRIES:
                self.forget()
            for key in places.keys() - self._known.keys():
                row = rows[places[key]]
                self._known[key] = self._value(row)
                self._alive.append(row)
            return list(map(self._known.__getitem__, found))

    def forget(self) -> None:
        """Work everything out anew."""
        self._known.clear()
        self._alive.clear()
