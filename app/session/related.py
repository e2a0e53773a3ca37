"""What else of a session leads where one connection does: counted piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import compress
from operator import and_

from app.session.leaders import Leaders
from app.session.store import CHUNK, Store
from probes.connections import Connections
from probes.outcome import OUTCOMES, OutcomeKind
from probes.record import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """A connection, and what others can have in common with it; None where it has none.

    `sequence`: its number in the store, which is not counted among the others.
    """

    sequence: int
    address: str | None
    port: int | None
    host: str | None
    system: int | None

    @classmethod
    def of(cls, sequence: int, row: Connection) -> Subject:
        """What others can have in common with the row of that number."""
        host = row.host.name if row.host else None
        system = row.system.number if row.system else None
        return cls(sequence, row.address, row.port, host, system)


@dataclass(slots=True, eq=False)
class Named:
    """How often a name was counted."""

    name: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows of one piece. `first_ns`, `last_ns`: of the earliest and the latest."""

    count: int
    first_ns: int
    last_ns: int
    programs: Mapping[str, int]
    places: Mapping[str, int]
    results: Mapping[int, int]


class Company:
    """Connections that have one thing in common; pieces may be counted anew."""

    def __init__(self) -> None:
        self.count = 0
        self.programs: Leaders[Named] = Leaders()
        """By their labels."""
        self.places: Leaders[Named] = Leaders()
        """Addresses, or hostnames; those without are not counted."""
        self._results: Counter[int] = Counter()
        self._parts: dict[int, _Part] = {}

    @property
    def span_ns(self) -> tuple[int, int]:
        """The earliest and the latest time, nanoseconds since the epoch; there is one at least."""
        parts = self._parts.values()
        return min(part.first_ns for part in parts), max(part.last_ns for part in parts)

    @property
    def results(self) -> list[tuple[OutcomeKind | None, int]]:
        """How often each came out, the commonest first; None: that is not known."""
        kinds: Counter[OutcomeKind | None] = Counter()
        for code, number in self._results.items():
            outcome = OUTCOMES[code]
            kinds[outcome.kind if outcome else None] += number
        return [(kind, number) for kind, number in kinds.most_common() if number]

    def put(self, piece: int, part: _Part | None) -> None:
        """Count these rows of a piece, and none of its rows that were counted before."""
        before = self._parts.pop(piece, None)
        for sign, counted in ((-1, before), (1, part)):
            if counted is not None:
                self.count += sign * counted.count
                _count(self.programs, counted.programs, sign)
                _count(self.places, counted.places, sign)
                for code, number in counted.results.items():
                    self._results[code] += sign * number
        if part is not None:
            self._parts[piece] = part


def _count(names: Leaders[Named], counted: Mapping[str, int], sign: int) -> None:
    for name, number in counted.items():
        names.count(name, names.get(name) or Named(name), sign * number)


class Related:
    """Looks through a store for what leads where one connection does, a step at a time.

    Each step counts a piece, some 2 ms; whatever was counted and has changed since is counted anew:
    rows that came (`catch_up`), went, or of which more was told (`changed`).
    """

    def __init__(self, store: Store, subject: Subject) -> None:
        self.subject = subject
        self.destination = Company()
        """To the same address and port."""
        self.host = Company()
        """To the same name, `places` are the addresses; without one, to the address: the ports."""
        self.system = Company()
        """Into the same autonomous system; `places` are the other names. No programs or results."""
        self._store = store
        self._looked: dict[int, tuple[int, int]] = {}  # rows of each piece that were looked at
        self._due: set[int] = set()
        if subject.address is not None or subject.host is not None:
            self.catch_up()

    @property
    def is_working(self) -> bool:
        """Whether `step` has anything to do."""
        return bool(self._due)

    @property
    def is_complete(self) -> bool:
        """Whether every piece was counted, as it was some time ago at least."""
        return all(piece in self._looked for piece in self._due)

    @property
    def done(self) -> float:
        """The share of all pieces that was counted."""
        known = len(self._looked)
        new = sum(piece not in self._looked for piece in self._due)
        return known / (known + new) if known + new else 1.0

    def catch_up(self) -> None:
        """Take notice of rows that came and went."""
        first, end = self._store.first, self._store.end
        pieces = range(first // CHUNK, -(-end // CHUNK))
        for piece in [piece for piece in self._looked if piece not in pieces]:
            del self._looked[piece]
            self._put(piece, Connections(), 0)
        self._due &= set(pieces)
        for piece in pieces:
            there = max(first, piece * CHUNK), min(end, (piece + 1) * CHUNK)
            if self._looked.get(piece) != there:
                self._due.add(piece)

    def changed(self, changed: Iterable[tuple[int, Connection]]) -> None:
        """More was told of rows; `changed` as `Store.learn` returns it."""
        self._due |= {number // CHUNK for number, _ in changed} & self._looked.keys()

    def step(self) -> None:
        """Count the newest piece that is due."""
        piece = max(self._due)
        self._due.discard(piece)
        for number, rows in self._store.pieces(piece * CHUNK, (piece + 1) * CHUNK):
            self._looked[piece] = number, number + len(rows)
            self._put(piece, rows, number)

    def _put(self, piece: int, rows: Connections, first: int) -> None:
        """Count the rows of a piece, the first of which is `first`."""
        subject, own = self.subject, self.subject.sequence - first
        endpoints = set(rows.endpoints)
        there = {
            end for end in endpoints if end.address is not None and end.address == subject.address
        }
        inside = {end for end in endpoints if end.system and end.system.number == subject.system}
        shared = dict(zip(map(id, rows.hosts), rows.hosts, strict=True))
        names = {key: host.name for key, host in shared.items() if host is not None}
        called = {key for key, name in names.items() if name == subject.host}
        to = there_at_all = _those(there, rows.endpoints, own)
        if any(to):
            to = list(map(and_, to, map((subject.port or 0).__eq__, rows.ports)))
        self.destination.put(piece, _part(rows, to, {}))
        ids = list(map(id, rows.hosts))
        by_name = _those(called, ids, own)
        places: Counter[str]
        if subject.host is None:
            by_name = there_at_all
            places = Counter(str(port) for port in compress(rows.ports, by_name) if port)
        else:
            ends = compress(rows.endpoints, by_name)
            places = Counter(end.address for end in ends if end.address is not None)
        self.host.put(piece, _part(rows, by_name, places))
        within = _those(inside, rows.endpoints, own)
        others: Counter[str] = Counter()
        for key, number in Counter(compress(ids, within)).items():
            if key in names and key not in called:
                others[names[key]] += number
        self.system.put(piece, _part(rows, within, others, brief=True))


def _those(wanted: Set[object], parts: Sequence[object], own: int) -> list[bool]:
    """For each row whether its part is wanted; not of the row at `own`."""
    if not wanted:
        return [False] * len(parts)
    mask = list(map(wanted.__contains__, parts))
    if 0 <= own < len(mask):
        mask[own] = False
    return mask


def _part(
    rows: Connections, mask: Sequence[bool], places: Mapping[str, int], *, brief: bool = False
) -> _Part | None:
    """Count the rows at which `mask` is true; None: there is none. `brief`: not by whom and how."""
    if not any(mask):
        return None
    times = list(compress(rows.times, mask))
    programs: Counter[str] = Counter()
    results: Counter[int] = Counter()
    if not brief:
        processes = list(compress(rows.processes, mask))
        ids = list(map(id, processes))
        labels = dict(zip(ids, processes, strict=True))
        for key, number in Counter(ids).items():
            programs[labels[key].label] += number
        results.update(compress(rows.outcomes, mask))
    return _Part(len(times), min(times), max(times), programs, places, results)
