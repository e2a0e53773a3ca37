"""The session: every connection so far by sequence number; the oldest go when it is full."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from probes.record import Connection, Host, HostSource, Resolution

MAX_ROWS: Final = 1_000_000


class Store:
    """Connections by sequence number, which starts at 0 and never changes its meaning.

    Numbers from `first` up to, not including, `end` are there; older ones were evicted.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._rows: list[Connection] = []
        self._first = 0  # sequence number of _rows[_head]
        self._head = 0  # evicted rows that still lie in the list
        # Rows whose own process has not told a name, by address: a name may still come.
        self._nameless: dict[str, array[int]] = {}

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
        if connection.address is not None and (connection.host is None or connection.host.is_guess):
            waiting = self._nameless.get(connection.address)
            if waiting is None:
                waiting = self._nameless[connection.address] = array("Q")
            waiting.append(self.end)
        self._rows.append(connection)

    def learn(self, resolution: Resolution) -> Sequence[tuple[int, Connection]]:
        """Give a name that came late to the rows it belongs to.

        The process's own rows get the name; other processes' rows get it as a guess, where they
        have none. Returns what changed: (sequence number, the row as it was before).
        """
        waiting = self._nameless.get(resolution.address)
        if not waiting:
            return ()
        changed: list[tuple[int, Connection]] = []
        still = array("Q")
        own = Host(resolution.name, HostSource.GETADDRINFO)
        guess = Host(resolution.name, HostSource.OTHER_PROCESS)
        for sequence in waiting:
            if sequence < self._first:
                continue
            row = self[sequence]
            is_own = row.process.pid == resolution.process.pid
            if not is_own:
                still.append(sequence)
            if is_own or row.host is None:
                changed.append((sequence, row))
                named = replace(row, host=own if is_own else guess)
                self._rows[self._head + sequence - self._first] = named
        if still:
            self._nameless[resolution.address] = still
        else:
            del self._nameless[resolution.address]
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
            self._forget_nameless()
        return gone

    def _forget_nameless(self) -> None:
        for address, waiting in list(self._nameless.items()):
            if waiting[0] >= self._first:
                continue
            kept = array("Q", (sequence for sequence in waiting if sequence >= self._first))
            if kept:
                self._nameless[address] = kept
            else:
                del self._nameless[address]
