"""What follows from a part of a connection, worked out once for each part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from probes.record import Connection

V = TypeVar("V")

ENTRIES: Final = 4096
LONGEST: Final = 4096


class Memo(Generic[V]):
    """A function of one part of a connection (its process, host or system) that remembers.

    Thousands of rows share one `Process` object, so what is known about it is looked up by the
    object's identity: comparing or hashing its arguments would cost more than the answer. An
    entry keeps its part alive, so an identity cannot come to mean another object. At most
    `ENTRIES` answers are kept (then all are dropped), and no text longer than `LONGEST`.
    """

    __slots__ = ("_known", "_make", "_part")

    def __init__(self, part: Callable[[Connection], object], make: Callable[[Connection], V]):
        """`make(connection)` must depend on nothing but `part(connection)`."""
        self._part = part
        self._make = make
        self._known: dict[int, tuple[object, V]] = {}

    def __call__(self, connection: Connection) -> V:
        """Give the answer for this connection's part."""
        part = self._part(connection)
        entry = self._known.get(id(part))
        if entry is not None:
            return entry[1]
        made = self._make(connection)
        if not isinstance(made, str) or len(made) <= LONGEST:
            if len(self._known) >= ENTRIES:
                self._known.clear()
            self._known[id(part)] = (part, made)
        return made
