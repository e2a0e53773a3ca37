"""What is new, and what is gone, from one session to another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from probes.connections import Connections
from probes.record import Connection
from probes.recordings.replay import ReplaySource
from probes.recordings.writer import Part, keys
from probes.source import IndifferentSink, Item
from probes.text import encodable, visible

_KINDS: Final = ("process", "host", "system")
_MANY: Final = {"process": "Processes", "host": "Hosts", "system": "Systems"}


@dataclass(slots=True)
class Summary(IndifferentSink):
    """How many connections each process, host and system of a session had. A sink of a source.

    A process is told by its executable, and a host that has no name by its address.
    """

    connections: int = 0
    missing: int = 0
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {kind: Counter() for kind in _KINDS}
    )

    @classmethod
    def of(cls, path: Path) -> Summary:
        """Read a recording of any form. Raises ReplayError."""
        summary = cls()
        ReplaySource(path).run(summary, Event())
        return summary

    def take(self, items: Sequence[Item]) -> None:
        """Count; what a recording gives has its names already."""
        for rows in items:
            if isinstance(rows, Connections):
                self._count(rows)

    def lost(self, total: int) -> None:
        """See `probes.source.Sink`."""
        self.missing = total

    def _count(self, rows: Connections) -> None:
        self.connections += len(rows)
        parts = zip(
            *(keys(part, rows) for part in (Part.PROCESS, Part.ENDPOINT, Part.HOST)), strict=True
        )
        alike: Counter[tuple[Hashable, ...]] = Counter()
        last: dict[tuple[Hashable, ...], int] = {}
        for index, key in enumerate(parts):
            alike[key] += 1
            last[key] = index
        for key, index in last.items():
            for kind, name in _names(rows[index]):
                self.counts[kind][name] += alike[key]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sessions beside each other."""

    before: Summary
    after: Summary

    @property
    def has_new(self) -> bool:
        """Whether the second has anything that the first has not."""
        return any(self.new(kind) for kind in _KINDS)

    def new(self, kind: str) -> list[tuple[str, int]]:
        """What only the second has, with its connections, most first."""
        return _only(self.after.counts[kind], self.before.counts[kind])

    def gone(self, kind: str) -> list[tuple[str, int]]:
        """What only the first has."""
        return _only(self.before.counts[kind], self.after.counts[kind])

    def lines(self) -> Iterator[str]:
        """The difference for a person, safe to show on a terminal."""
        for kind in _KINDS:
            new, gone = self.new(kind), self.gone(kind)
            both = len(self.after.counts[kind]) - len(new)
            yield f"{_MANY[kind]}: {len(new)} new, {len(gone)} gone, {both} in both"
            for sign, entries in (("+", new), ("-", gone)):
                for name, count in entries:
                    yield f"  {sign} {count:>9,}  {visible(name)}"
        yield f"Connections: {self.before.connections:,} before, {self.after.connections:,} after"
        for which, summary in (("first", self.before), ("second", self.after)):
            if summary.missing:
                yield f"The {which} session is missing {summary.missing:,}: lost, or not written"

    def json(self) -> str:
        """The same as one JSON object."""
        told: dict[str, object] = {
            "connections": {"before": self.before.connections, "after": self.after.connections},
            "missing": {"before": self.before.missing, "after": self.after.missing},
        }
        for kind in _KINDS:
            told[kind] = {"new": _entries(self.new(kind)), "gone": _entries(self.gone(kind))}
        return json.dumps(told, indent=2)


def _names(row: Connection) -> Iterator[tuple[str, str]]:
    yield "process", row.process.label
    if row.host is not None:
        yield "host", row.host.name
    elif row.address is not None:
        yield "host", row.address
    if row.system is not None:
        yield "system", row.system.label


def _only(some: Counter[str], others: Counter[str]) -> list[tuple[str, int]]:
    only = [(name, count) for name, count in some.items() if name not in others]
    return sorted(only, key=lambda entry: (-entry[1], entry[0]))


def _entries(found: Sequence[tuple[str, int]]) -> list[dict[str, object]]:
    return [{"name": encodable(name), "connections": count} for name, count in found]
