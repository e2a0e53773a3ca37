"""Which row it is that an outcome is told of, and what was told of it."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Final, NamedTuple

from probes.connections import Connections
from probes.event import RESULT_ABANDONED, RESULT_BEGUN, RESULT_UNKNOWN, WHERE, Connects, Ends
from probes.outcome import ABANDONED, CONNECTED, IN_PROGRESS, UNKNOWN, code_of_error
from probes.results import Results

RECENT_NS: Final = 1_000_000_000
"""Nanoseconds for which a row is found whose connect() did not say that it would take longer."""

AWAITED: Final = 65_536  # the programs await half as many sockets
LOCALS: Final = 4_096  # addresses of this machine that are kept as text

_NO_LOCAL: Final = bytes(WHERE.size)

_CODES: Final = {
    RESULT_BEGUN: IN_PROGRESS,
    RESULT_ABANDONED: ABANDONED,
    RESULT_UNKNOWN: UNKNOWN,
}
_WAITED_NS: Final = 1_000_000
_LATENCY_MAX: Final = 0xFFFF_FFFF  # microseconds

Key = tuple[int, int]
"""What tells a connect() from all others: when it was called, by which thread."""


class End(NamedTuple):
    """What was told; as the columns of `probes.results.Results`."""

    code: int
    latency: int
    local: str | None
    port: int


class _Piece:
    """Rows that were made together, in the order of their numbers."""

    __slots__ = ("_places", "first", "newest", "tids", "times")

    def __init__(self, times: array[int], tids: array[int], first: int) -> None:
        self.times, self.tids, self.first = times, tids, first
        self.newest = max(times)
        self._places: dict[Key, int] | None = None

    @property
    def places(self) -> dict[Key, int]:
        """The number of each, worked out when it is first asked for."""
        if self._places is None:
            keys = zip(self.times, self.tids, strict=True)
            self._places = dict(zip(keys, count(self.first), strict=False))
        return self._places


class Endings:
    """Gives rows their numbers, finds the rows that outcomes are of, and keeps what they say.

    A row of which nothing is told is one that succeeded at once: see bpf/outcome.c.
    """

    def __init__(self, local: Callable[[bytes], str | None], *, watched: bool) -> None:
        """`local`: the address in a `probes.event.WHERE`. `watched`: whether outcomes are told."""
        self._local = local
        self._unsaid = CONNECTED if watched else UNKNOWN
        self._next = 1
        self._recent: deque[_Piece] = deque()
        self._awaited: dict[Key, int] = {}
        # Of connects that have no row yet, since they wait for their names.
        self._held: set[Key] = set()
        self._early: dict[Key, End] = {}
        self._told: dict[int, End] = {}
        self._locals: dict[bytes, str | None] = {}
        self._doubted_ns = -1

    def hold(self, keys: Iterable[Key]) -> None:
        """These connects will have a row later."""
        self._held.update(keys)

    def drop(self, keys: Iterable[Key]) -> None:
        """These connects, which were held, will have none."""
        for key in keys:
            self._held.discard(key)
            self._early.pop(key, None)

    def number(self, rows: Connections, connects: Connects) -> None:
        """Fill the columns from `numbers` on of the rows at the end, which are of `connects`."""
        first = self._next
        self._next += len(connects.times)
        doubted = connects.times[0] <= self._doubted_ns
        rows.untold(first, UNKNOWN if doubted else self._unsaid)
        piece = _Piece(connects.times, connects.tids, first)
        self._recent.append(piece)
        while self._recent[0].newest < piece.newest - RECENT_NS:
            self._recent.popleft()
        if self._held:
            for key, number in zip(zip(connects.times, connects.tids, strict=True), count(first)):
                if key in self._held:
                    self._held.remove(key)
                    if (end := self._early.pop(key, None)) is not None:
                        self._take(key, number, end)

    def tell(self, ends: Ends) -> None:
        """Take note of what was told."""
        keys = zip(ends.times, ends.tids, strict=True)
        newest = self._recent[-1].places if self._recent else {}
        held, awaited = self._held, self._awaited
        # Of most, that they have begun and what became of them is told together: the last counts.
        for key, index in dict(zip(keys, count(), strict=False)).items():
            end = self._end(
                ends.results[index], ends.latencies[index], ends.locals[index], ends.ports[index]
            )
            if key in held:
                self._early[key] = end
                continue
            number = newest.get(key) or awaited.get(key) or self._recent_number(key)
            if number is not None:
                self._take(key, number, end)

    def doubt(self, now_ns: int) -> None:
        """Outcomes were lost: of what was called until now, nothing is known but what is told."""
        self._doubted_ns = now_ns
        unknown = End(UNKNOWN, 0, None, 0)
        self._told |= dict.fromkeys(self._awaited.values(), unknown)

    def settle(self, pieces: Sequence[Connections]) -> Results | None:
        """Write what was told since the last call into its rows, where they are in `pieces`.

        `pieces`: in the order of their numbers. Returns the rest; None where there is none.
        """
        if not self._told:
            return None
        told, self._told = self._told, {}
        results = Results()
        first = pieces[0].numbers[0] if pieces else self._next
        begin, rows = self._next, Connections()
        for number, end in told.items():
            if number < first:
                results.add(number, *end)
                continue
            place = number - begin
            if not 0 <= place < len(rows.outcomes):
                rows = next(piece for piece in reversed(pieces) if piece.numbers[0] <= number)
                begin = rows.numbers[0]
                place = number - begin
            (
                rows.outcomes[place],
                rows.latencies[place],
                rows.locals[place],
                rows.local_ports[place],
            ) = end
        return results if len(results) else None

    def _end(self, result: int, latency_ns: int, local: bytes, port: int) -> End:
        code = _CODES.get(result)
        if code is None:
            code = code_of_error(result)
        address = self._locals.get(local)
        if address is None and local != _NO_LOCAL:
            if len(self._locals) >= LOCALS:
                self._locals.clear()
            address = self._locals[local] = self._local(local)
        if not latency_ns or (address is None and latency_ns < _WAITED_NS):
            return End(code, 0, address, port)
        return End(code, min(latency_ns // 1000, _LATENCY_MAX) or 1, address, port)

    def _take(self, key: Key, number: int, end: End) -> None:
        self._told[number] = end
        if end.code == IN_PROGRESS:
            self._awaited[key] = number
            if len(self._awaited) > AWAITED:
                oldest = next(iter(self._awaited))
                self._told[self._awaited.pop(oldest)] = End(UNKNOWN, 0, None, 0)
        else:
            self._awaited.pop(key, None)

    def _recent_number(self, key: Key) -> int | None:
        for piece in reversed(self._recent):
            if (number := piece.places.get(key)) is not None:
                return number
        return None
