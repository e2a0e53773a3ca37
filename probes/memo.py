"""What follows from a part of a connection, worked out once for each part."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Final, TypeVar

from probes.record import Connection

V = TypeVar("V")

ENTRIES: Final = 16384
LONGEST: Final = 1024


def remembered(part: str, make: Callable[[Connection], V]) -> Callable[[Connection], V]:
    """Make a function like `make` that remembers its answers by one part of the connection.

    `part`: the attribute ("process", "host", "system") that alone decides what `make` answers.
    Thousands of rows share one `Process` object, so an answer is found by the object's identity:
    comparing or hashing its arguments would cost more than the answer. An entry keeps its part
    alive, so an identity cannot come to mean another object. At most `ENTRIES` answers are kept
    (then all are dropped), and no text longer than `LONGEST`.
    """
    known: dict[int, tuple[object, V]] = {}
    find = known.get
    part_of = attrgetter(part)

    def answer(connection: Connection) -> V:
        value = part_of(connection)
        entry = find(id(value))
        if entry is not None:
            return entry[1]
        made = make(connection)
        if not isinstance(made, str) or len(made) <= LONGEST:
            if len(known) >= ENTRIES:
                known.clear()
            known[id(value)] = (value, made)
        return made

    return answer
