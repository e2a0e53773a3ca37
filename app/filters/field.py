"""What a field of the filter language is: where it is found in a row, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from app.filters.ages import Times
from app.filters.words import Word
from probes.connections import Connections


class Value(Protocol):
    """What stands behind a colon, or alone."""

    def typed(self, *, bare: bool) -> str:
        """As it would be typed; `bare`: without a field."""


class Kind(Protocol):
    """What the values of a field are, and how they are read."""

    def read(self, word: Word) -> Any:
        """The value that was typed; raises QueryError."""

    def test(self, value: Any) -> Callable[[Any], bool]:
        """Whether a part of a row is one that is asked for by such a value."""

    def offered(self, part: Any) -> Iterable[str]:
        """What may be asked for to find a part of a row."""


class Column(Enum):
    """The part of a row that decides; `Connections` has a column of each.

    Rows share the objects of the first three: these are told apart by identity.
    """

    PROCESS = "processes"
    ENDPOINT = "endpoints"
    HOST = "hosts"
    PORT = "ports"
    OUTCOME = "outcomes"
    TIME = "times"

    def of(self, rows: Connections) -> Sequence[Any]:
        """That part of each row."""
        parts: Sequence[Any] = getattr(rows, self.value)
        return parts

    @property
    def is_shared(self) -> bool:
        """Whether rows share objects that are dear to compare."""
        return self in (Column.PROCESS, Column.ENDPOINT, Column.HOST)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """What may stand before a colon. `example`: a value; `help`: what it keeps, for a person.

    `aliases`: other names that people try.
    """

    name: str
    column: Column
    kind: Kind | Times
    example: str
    help: str
    aliases: tuple[str, ...] = ()
