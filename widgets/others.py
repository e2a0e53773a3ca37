"""What other connections have in common with one, in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from probes.outcome import OutcomeKind
from probes.record import Connection
from probes.text import visible
from widgets import detail
from widgets.detail import RESULTS
from widgets.facts import Fact, Section
from widgets.fit import count, pad
from widgets.tones import Tone
from widgets.values import Said, Value, asked

_NUMBER: Final = 7  # cells
_ABANDONED: Final = "given up"


@dataclass(frozen=True, slots=True)
class Ranked:
    """The commonest of some names with their counts, and how many more there are."""

    first: tuple[tuple[str, int], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Others:
    """Other connections that have something in common with one.

    `first_ns`, `last_ns`: of the earliest and the latest; nanoseconds since the epoch. `programs`:
    paths, or threads' names in brackets; `places`: addresses or names; `results`: None is not
    known.
    """

    count: int = 0
    first_ns: int = 0
    last_ns: int = 0
    programs: Ranked = Ranked()
    places: Ranked = Ranked()
    results: tuple[tuple[OutcomeKind | None, int], ...] = ()


def same_destination(row: Connection, others: Others, progress: str) -> Section:
    """All others to that address and port. `progress`: how far they were counted, "" when all."""
    facts: list[Fact] = []
    if row.address is not None:
        value = detail.endpoint(row.address, row.port, row.destination)
        facts = _facts(row, value, others, progress)
    return Section("Same destination", tuple(facts))


def same_host(row: Connection, others: Others, progress: str) -> Section:
    """All others to that name, whatever the address; without a name, to that address."""
    if row.address is None:
        return Section("Same host")
    value, label, name, field = detail.address(row.address), "Ports", "the port", "port"
    if row.host is not None:
        value, label, name, field = detail.host(row.host.name), "Addresses", "the address", "net"
    facts = _facts(row, value, others, progress)
    if others.places.first:
        places = _ranked(others.places, lambda text: asked(name, field, text))
        facts.append(Fact(label, places))
    return Section("Same host" if row.host is not None else "Same address", tuple(facts))


def same_system(row: Connection, others: Others, progress: str) -> Section:
    """All others into that autonomous system, and to which other hosts."""
    if row.system is None:
        return Section("Same AS")
    facts = _facts(row, detail.system_value(row.system), others, progress)[:1]
    lines: list[tuple[Said, ...]] = [
        (
            Said(f"{pad(count(number, _NUMBER), _NUMBER, right=True)}  ", Tone.MUTED),
            Said(visible(name), Tone.PLAIN, detail.host(name)),
        )
        for name, number in others.places.first
    ]
    if others.places.more:
        more = f"{others.places.more:,} more host{'s' * (others.places.more > 1)}"
        lines.append((Said(f"{' ' * _NUMBER}  {more}", Tone.MUTED),))
    return Section("Same AS", tuple(facts), tuple(lines))


def _facts(row: Connection, value: Value, others: Others, progress: str) -> list[Fact]:
    """How many, when, by whom and with what result; `value`: what they have in common."""
    known = f"{others.count:,}" if others.count else "" if progress else "none"
    spans = [Said(known, Tone.PLAIN, value)] if known else []
    if others.count:
        spans.append(Said(f"  {_when(row.time_ns, others.first_ns, others.last_ns)}", Tone.MUTED))
    if progress:
        spans.append(Said(f"  {progress}" if spans else progress, Tone.AWAITED))
    facts = [Fact("Others", tuple(spans))]
    if others.programs.first:
        facts.append(Fact("By", _ranked(others.programs, _program, short=True)))
    if others.results:
        facts.append(Fact("Results", _results(others.results)))
    return facts


def _when(seen_from_ns: int, first_ns: int, last_ns: int) -> str:
    """From when to when; with the day where another moment's is another."""
    here, first, last = (time.localtime(ns // 10**9) for ns in (seen_from_ns, first_ns, last_ns))
    clock, day = "%H:%M:%S", ""
    if first[:3] != last[:3]:
        clock = f"%Y-%m-%d {clock}"
    elif first[:3] != here[:3]:
        day = time.strftime("%Y-%m-%d ", first)
    since, until = time.strftime(clock, first), time.strftime(clock, last)
    return f"at {day}{since}" if first == last else f"{day}{since} to {until}"


def _program(label: str) -> Value:
    """A program by its label, which has the thread's name in brackets where there is no path."""
    if label.startswith("["):
        return asked("the thread's name", "proc", label[1:-1])
    return asked("the program", "proc", label)


def _ranked(
    ranked: Ranked, value_of: Callable[[str], Value], *, short: bool = False
) -> tuple[Said, ...]:
    pieces: list[Said] = []
    for name, number in ranked.first:
        if pieces:
            pieces.append(Said(" · ", Tone.MUTED))
        shown = name.rpartition("/")[2] or name if short else name
        pieces += [
            Said(visible(shown), Tone.PLAIN, value_of(name)),
            Said(f" {number:,}", Tone.MUTED),
        ]
    if ranked.more:
        pieces.append(Said(f" · {ranked.more:,} more", Tone.MUTED))
    return tuple(pieces)


def _results(results: Sequence[tuple[OutcomeKind | None, int]]) -> tuple[Said, ...]:
    pieces: list[Said] = []
    for kind, number in results:
        if pieces:
            pieces.append(Said(" · ", Tone.MUTED))
        if kind is None:
            pieces.append(Said(f"{number:,} not known", Tone.MUTED))
            continue
        said, tone = RESULTS[kind]
        said = _ABANDONED if kind is OutcomeKind.ABANDONED else said
        pieces += [Said(f"{number:,} ", Tone.MUTED), Said(said, tone, detail.result(kind))]
    return tuple(pieces)
