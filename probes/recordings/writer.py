"""Connections as lines of text, thousands at a time.

Most of a line is the same as in thousands of others: it is worked out once for each process,
endpoint and host, and a line is put together from such texts. That costs 1 µs where writing one
connection after the other costs 5.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import repeat
from typing import Final, Protocol

from probes.connections import Connections
from probes.record import Connection

BATCH: Final = 4096
"""The most rows in a block: some 5 ms of work."""

LENGTH: Final = 4 * 1024 * 1024
"""The most characters in a block, unless it is one row: a process's arguments can be 2 MB."""

ENTRIES: Final = 65_536
KEPT: Final = 16 * 1024 * 1024  # characters


class Part(Enum):
    """The part of a connection that a piece of its line depends on."""

    TIME = "when"
    THREAD = "the thread"
    PROCESS = "the process"
    ENDPOINT = "family, address, system and transport"
    DESTINATION = "the endpoint and the port"
    HOST = "the hostname"
    LOCAL = "the socket's own address and port"
    OUTCOME = "what became of it"
    LATENCY = "how long that took"


class Column(Protocol):
    """One piece of each of many lines."""

    @property
    def longest(self) -> int:
        """No text is longer, in characters."""

    def texts(self, rows: Connections) -> Sequence[str]:
        """Write the piece for each row."""


class Known:
    """A column whose texts depend on a part of the connection, each of which is written once.

    At most `ENTRIES` texts and about `KEPT` characters are kept, and what a batch needs.
    """

    def __init__(self, part: Part, write: Callable[[Connection], str]) -> None:
        """`write`: answers from the part alone."""
        self._keys = _KEYS[part]
        self._write = write
        self._known: dict[Hashable, str] = {}
        # Whoever an identity is of must not go, or it comes to mean another.
        self._alive: list[Connection] = []
        self._length = 0
        self.longest = 0

    def texts(self, rows: Connections) -> Sequence[str]:
        """See `Column`."""
        try:
            return list(map(self._known.__getitem__, self._keys(rows)))
        except KeyError:
            self._learn(rows, {key: index for index, key in enumerate(self._keys(rows))})
            return list(map(self._known.__getitem__, self._keys(rows)))

    def _learn(self, rows: Connections, places: dict[Hashable, int]) -> None:
        if len(self._known) + len(places) > ENTRIES or self._length > KEPT:
            self._known.clear()
            self._alive.clear()
            self._length = self.longest = 0
        for key in places.keys() - self._known.keys():
            row = rows[places[key]]
            text = self._write(row)
            self._known[key] = text
            self._alive.append(row)
            self._length += len(text)
            self.longest = max(self.longest, len(text))


class Writer:
    """Writes connections as lines of the columns given, which hold the separators as well."""

    def __init__(self, columns: Sequence[Column], end: str = "") -> None:
        """`end`: what follows in every line."""
        self._columns = columns
        self._end = end

    def __call__(self, row: Connection) -> str:
        """One connection's line, without the line break."""
        rows = Connections.of([row])
        return "".join([column.texts(rows)[0] for column in self._columns]) + self._end

    def blocks(self, rows: Connections) -> Iterator[tuple[str, int]]:
        """The lines of all rows, in blocks limited by `BATCH` and `LENGTH`.

        With each, how many rows it holds.
        """
        for start in range(0, len(rows), BATCH):
            some = rows if len(rows) <= BATCH else rows.piece(start, start + BATCH)
            longest = sum(column.longest for column in self._columns)
            texts = [column.texts(some) for column in self._columns]
            longest = max(longest, sum(column.longest for column in self._columns))
            yield from self._joined(texts, len(some), longest)

    def _joined(
        self, texts: Sequence[Sequence[str]], count: int, longest: int
    ) -> Iterator[tuple[str, int]]:
        # What it really comes to is asked for only where it can be too much.
        if (
            count > 1
            and longest * count > LENGTH
            and sum(sum(map(len, column)) for column in texts) > LENGTH
        ):
            half = count // 2
            yield from self._joined([column[:half] for column in texts], half, longest)
            yield from self._joined([column[half:] for column in texts], count - half, longest)
            return
        ends = repeat(f"{self._end}\n", count)
        yield "".join(map("".join, zip(*texts, ends, strict=True))), count


_KEYS: Final[dict[Part, Callable[[Connections], Iterable[Hashable]]]] = {
    # By identity: to compare or hash a process's arguments would cost more than the text.
    Part.THREAD: lambda rows: rows.tids,
    Part.PROCESS: lambda rows: map(id, rows.processes),
    Part.ENDPOINT: lambda rows: rows.endpoints,
    Part.DESTINATION: lambda rows: zip(rows.endpoints, rows.ports, strict=True),
    Part.HOST: lambda rows: map(id, rows.hosts),
    Part.LOCAL: lambda rows: zip(rows.locals, rows.local_ports, strict=True),
    Part.OUTCOME: lambda rows: rows.outcomes,
    Part.LATENCY: lambda rows: rows.latencies,
}


def keys(part: Part, rows: Connections) -> Iterable[Hashable]:
    """For each row what is equal where that part is the same, for as long as the part is there."""
    return _KEYS[part](rows)
