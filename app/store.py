"""The session: every connection so far by sequence number; the oldest go when it is full."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from probes.record import Connection, Host, HostSource, Resolution

MAX_ROWS: Final = 1_000_000

_Key = TypeVar("_Key", bound=Hashable)


class Store:
    """Connections by sequence number, which starts at 0 and never changes its meaning.

    Numbers from `first` up to, not including, `end` are there; older ones were evicted.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._rows: list[Connection] = []
        self._first = 0  # sequence number of _rows[_head]
        self._head = 0  # evicted rows that still lie in the list
        # Rows that a name may still come to: from their own process, and, where they have none at
        # all, from any. A row is looked at once for each, however many names are told.
        self._unasked: dict[tuple[int, str], array[int]] = {}  # by (pid, address)
        self._nameless: dict[str, array[int]] = {}  # by address

    @property
    def first(self) -> int:
        """The oldest sequence number that is there; how many were evicted."""
        return self._first

    @property
    def end(self) -> int:
        """One past the newest sequence number."""
        return self._first + len(self)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows) - self._head

    def __getitem__(self, sequence: int) -> Connection:
        """The connection of that number; IndexError where it was evicted or is yet to come."""
        if not self._first <= sequence < self.end:
            raise IndexError(sequence)
        return self._rows[self._head + sequence - self._first]

    def add(self, connection: Connection) -> None:
        """Append a row; see `evict`."""
        address, host = connection.address, connection.host
        if address is not None and (host is None or host.is_guess):
            _note(self._unasked, (connection.process.pid, address), self.end)
            if host is None:
                _note(self._nameless, address, self.end)
        self._rows.append(connection)

    def learn(self, resolution: Resolution) -> Sequence[tuple[int, Connection]]:
        """Give a name that came late to the rows it belongs to.

        The process's own rows get the name; other processes' rows get it as a guess, where they
        have none. Returns what changed: (sequence number, the row as it was before).
        """
        pid, address = resolution.process.pid, resolution.address
        own = self._unasked.pop((pid, address), ())
        nameless = self._nameless.pop(address, ())
        named = dict.fromkeys(nameless, Host(resolution.name, HostSource.OTHER_PROCESS))
        named |= dict.fromkeys(own, Host(resolution.name, HostSource.GETADDRINFO))
        changed: list[tuple[int, Connection]] = []
        for sequence, host in named.items():
            if sequence >= self._first:
                row = self[sequence]
                changed.append((sequence, row))
                self._rows[self._head + sequence - self._first] = replace(row, host=host)
        return changed

    def evict(self) -> Sequence[Connection]:
        """Let go of the oldest rows beyond the most that are kept, and return them."""
        excess = len(self) - self._max_rows
        if excess <= 0:
            return ()
        gone = self._rows[self._head : self._head + excess]
        self._head += excess
        self._first += excess
        # Moving the rest down costs its length: done once for every quarter of the list.
        if self._head * 4 > len(self._rows):
            del self._rows[: self._head]
            self._head = 0
            _forget(self._unasked, self._first)
            _forget(self._nameless, self._first)
        return gone


def _note(waiting: dict[_Key, array[int]], key: _Key, sequence: int) -> None:
    sequences = waiting.get(key)
    if sequences is None:
        sequences = waiting[key] = array("Q")
    sequences.append(sequence)


def _forget(waiting: dict[_Key, array[int]], first: int) -> None:
    """Let go of all that came before `first`."""
    for key, sequences in list(waiting.items()):
        if sequences[0] >= first:
            continue
        kept = sequences[bisect_left(sequences, first) :]
        if kept:
            waiting[key] = kept
        else:
            del waiting[key]
