"""The session: every connection so far by sequence number; the oldest go when it is full."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, count, islice, repeat
from operator import is_, itemgetter, not_
from typing import Final

from probes.addresses import are_one_place
from probes.connections import Connections, Endpoint
from probes.record import Connection, Host, HostSource, Resolution
from probes.results import Results, place_of
from probes.source import Item

MAX_ROWS: Final = 1_000_000
CHUNK: Final = 8192
"""Rows that are kept, read and let go together."""

_OWN: Final = 4096  # rows, newest first, in which a process's own late name takes a guess's place
_NOTED: Final = 262_144  # endpoints, from which on it is worth a look which are still there


@dataclass(slots=True)
class _Nameless:
    """Where rows without a name lead to, and the sequence number from which on there are any."""

    first: int
    endpoints: list[Endpoint] = field(default_factory=list)


class Store:
    """Connections by sequence number, which starts at 0 and never changes its meaning.

    Numbers from `first` up to, not including, `end` are there; older ones were evicted.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._chunks: deque[Connections] = deque()  # all but the last are CHUNK long
        self._base = 0  # sequence number of the first row of the first chunk
        self._first = 0
        self._end = 0
        # What a name that comes late may be for. An address is searched for once at most.
        self._nameless: dict[str, _Nameless] = {}
        self._noted: set[Endpoint] = set()
        self._noted_max = _NOTED

    @property
    def max_rows(self) -> int:
        """How many rows are kept."""
        return self._max_rows

    @property
    def first(self) -> int:
        """The oldest sequence number that is there; how many were evicted."""
        return self._first

    @property
    def end(self) -> int:
        """One past the newest sequence number."""
        return self._end

    def __len__(self) -> int:
        """How many rows there are."""
        return self._end - self._first

    def __getitem__(self, sequence: int) -> Connection:
        """The connection of that number; IndexError where it was evicted or is yet to come."""
        rows, index = self.place(sequence)
        return rows[index]

    def place(self, sequence: int) -> tuple[Connections, int]:
        """Rows that are to be read only, and which of them has that number; raises IndexError."""
        if not self._first <= sequence < self._end:
            raise IndexError(sequence)
        chunk, offset = divmod(sequence - self._base, CHUNK)
        return self._chunks[chunk], offset

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, Connections]]:
        """The rows from `start` up to, not including, `stop`, as far as they are there.

        In pieces of at most `CHUNK` rows, each with the number of its first; to be read only.
        """
        position, stop = max(start, self._first), min(stop, self._end)
        while position < stop:
            number, offset = divmod(position - self._base, CHUNK)
            chunk = self._chunks[number]
            until = min(CHUNK, offset + stop - position)
            # Only a full chunk is given itself: the last one grows.
            whole = until - offset == CHUNK
            yield position, chunk if whole else chunk.piece(offset, until)
            position += until - offset

    def rows(self) -> Iterator[Connections]:
        """All rows, in pieces."""
        return (rows for _, rows in self.pieces(self._first, self._end))

    def pieces_back(self, start: int, stop: int) -> Iterator[tuple[int, Connections]]:
        """As `pieces`, the newest piece first."""
        stop = min(stop, self._end)
        while stop > max(start, self._first):
            begin = self._base + (stop - 1 - self._base) // CHUNK * CHUNK
            yield from self.pieces(max(begin, start), stop)
            stop = begin

    def at(self, sequences: Sequence[int]) -> Connections:
        """The rows of these numbers, ascending, all of which are there."""
        made = Connections()
        position = 0
        while position < len(sequences):
            number = (sequences[position] - self._base) // CHUNK
            start = self._base + number * CHUNK
            until = bisect_left(sequences, start + CHUNK, position)
            low, high = sequences[position] - start, sequences[until - 1] - start
            if high - low == until - position - 1:  # without a gap
                made.extend(self._chunks[number].piece(low, high + 1))
            else:
                offsets = [sequence - start for sequence in sequences[position:until]]
                made.extend(self._chunks[number].at(offsets))
            position = until
        return made

    def snapshot(self) -> Store:
        """The rows as they are now, for another thread to read; names may still come to them."""
        copy = Store(self._max_rows)
        copy._chunks = self._chunks.copy()
        if copy._chunks:
            last = copy._chunks.pop()
            copy._chunks.append(last.piece(0, len(last)))
        copy._base, copy._first, copy._end = self._base, self._first, self._end
        return copy

    def add(self, rows: Connections) -> None:
        """Append rows; see `evict`."""
        self._note(rows)
        done = 0
        while done < len(rows):
            if not self._chunks or len(self._chunks[-1]) == CHUNK:
                self._chunks.append(Connections())
            last = self._chunks[-1]
            until = min(len(rows), done + CHUNK - len(last))
            last.extend(rows if until - done == len(rows) else rows.piece(done, until))
            done = until
        self._end += len(rows)

    def take(self, item: Item) -> Sequence[tuple[int, Connection]]:
        """Add connections, or change those that are there; returns the latter as `learn` does."""
        if isinstance(item, Connections):
            self.add(item)
            return ()
        return self.settle(item) if isinstance(item, Results) else self.learn(item)

    def learn(self, resolution: Resolution) -> Sequence[tuple[int, Connection]]:
        """Give a name that came late to the rows it belongs to.

        Where it is not known whose it is, those get it that have none. Otherwise the process's own
        rows get the name; other processes' rows get it as a guess, where they have none. A guess in
        a row of the process itself gives way to the name where the row is among the newest 4,096.
        Returns what changed, in ascending order: (sequence number, the row as it was before).
        """
        process, address = resolution.process, resolution.address
        own = Host(resolution.name, resolution.source, resolution.time_ns)
        guess = Host(resolution.name, HostSource.OTHER_PROCESS, resolution.time_ns)
        nameless = self._nameless.pop(address, None)
        start = self._end - _OWN if process is not None else self._end
        if nameless is not None:
            start = min(start, nameless.first)
            self._noted.difference_update(nameless.endpoints)
        changed: list[tuple[int, Connection]] = []
        for number, rows in self._chunks_from(start):
            for index in _leading_to(address, rows.endpoints, max(0, start - number)):
                was = rows.hosts[index]
                is_own = process is not None and process.is_same(rows.processes[index])
                if not is_own and not are_one_place(
                    address, rows.processes[index].netns, resolution.netns
                ):
                    if was is None:  # it waits for another name
                        self._note_endpoints({rows.endpoints[index]}, number + index)
                elif was is None or (is_own and was.is_guess):
                    changed.append((number + index, rows[index]))
                    rows.hosts[index] = own if is_own or process is None else guess
        # One address may be several endpoints, by TCP and by UDP, found one after the other.
        there = [(sequence, row) for sequence, row in changed if sequence >= self._first]
        return sorted(there, key=itemgetter(0))

    def settle(self, results: Results) -> Sequence[tuple[int, Connection]]:
        """Say in the rows what became of them. Returns what `learn` does."""
        changed: list[tuple[int, Connection]] = []
        for index, number in enumerate(results.numbers):
            # They were told by their numbers in ascending order, and most are among the newest.
            for chunk in range(len(self._chunks) - 1, -1, -1):
                rows = self._chunks[chunk]
                if rows.numbers[0] > number:
                    continue
                place = place_of(number, rows)
                sequence = self._base + chunk * CHUNK + (place or 0)
                if place is not None and sequence >= self._first:
                    changed.append((sequence, rows[place]))
                    results.put(index, rows, place)
                break
        return sorted(changed, key=itemgetter(0))

    def evict(self, slack: int = 0) -> list[Connections]:
        """Let go of the oldest rows beyond the most that are kept, and return them, in pieces.

        `slack`: so many too many are let be.
        """
        excess = len(self) - self._max_rows
        if excess <= slack:
            return []
        gone = [rows for _, rows in self.pieces(self._first, self._first + excess)]
        self._first += excess
        while self._first - self._base >= CHUNK:
            self._chunks.popleft()
            self._base += CHUNK
        return gone

    def _note(self, rows: Connections) -> None:
        if all(rows.hosts):
            return
        if any(rows.hosts):
            endpoints = set(compress(rows.endpoints, map(not_, rows.hosts)))
        else:
            endpoints = set(rows.endpoints)
        self._note_endpoints(endpoints, self._end)
        if len(self._noted) > self._noted_max:
            # Most of the rows may have been evicted.
            self._noted.clear()
            self._nameless.clear()
            for number, chunk in self._chunks_from(self._first):
                nameless = compress(chunk.endpoints, map(not_, chunk.hosts))
                self._note_endpoints(set(nameless), number)
            self._noted_max = max(_NOTED, 2 * len(self._noted))

    def _note_endpoints(self, endpoints: set[Endpoint], sequence: int) -> None:
        for endpoint in endpoints - self._noted:
            self._noted.add(endpoint)
            if endpoint.address is not None:
                nameless = self._nameless.setdefault(endpoint.address, _Nameless(sequence))
                nameless.endpoints.append(endpoint)

    def _chunks_from(self, sequence: int) -> Iterator[tuple[int, Connections]]:
        """The chunks themselves from that of `sequence` on, and the number of their first row."""
        skipped = max(0, sequence - self._base) // CHUNK
        for index, chunk in enumerate(islice(self._chunks, skipped, None), start=skipped):
            yield self._base + index * CHUNK, chunk


def _leading_to(address: str, endpoints: list[Endpoint], start: int) -> Iterator[int]:
    """The indexes, from `start` on, of the endpoints that have this address."""
    looked_at = endpoints[start:] if start else endpoints
    for endpoint in {end for end in set(looked_at) if end.address == address}:
        yield from compress(count(start), map(is_, looked_at, repeat(endpoint)))
