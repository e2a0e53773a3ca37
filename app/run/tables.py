"""What a command did, as tables that any form of a report can lay out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.run.contacts import Contact, Contacts
from probes.text import visible

_NAMED: Final = 3  # of many, where a cell lists them


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the columns' titles, and rows of text that can be shown as it is."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(contacts: Contacts, outside: Iterable[Contact]) -> list[Table]:
    """What is not allowed, what failed; processes, hosts, systems, and their countries if known.

    Those without rows are left out, and the most connections come first. `outside`: what no rule
    allows.
    """
    counts = contacts.counts
    made = [
        Table(
            "Not allowed",
            ("process", "connections", "system", "to"),
            tuple(
                (contact.process, str(counts[contact]), _system(contact), contact.destination)
                for contact in outside
            ),
        ),
        Table("Failures", ("process", "failed", "of", "how", "to"), tuple(_failures(contacts))),
        Table(
            "Processes",
            ("process", "times run", "connections", "to"),
            tuple(
                (name, str(len(contacts.processes[name])), str(count), _list(others))
                for name, count, others in _grouped(counts, _process, _where)
            ),
        ),
        Table(
            "Hosts",
            ("host", "connections", "from"),
            tuple(
                (name, str(count), _list(others))
                for name, count, others in _grouped(counts, _destination, _process)
            ),
        ),
        Table(
            "Autonomous systems",
            ("system", "connections", "to"),
            tuple(
                (name, str(count), _list(others))
                for name, count, others in _grouped(counts, _system, _where)
                if name
            ),
        ),
        Table(
            "Countries where these systems are registered",
            ("country", "connections", "systems"),
            tuple(
                (name, str(count), _list(others))
                for name, count, others in _grouped(counts, _country, _system)
                if name
            ),
        ),
    ]
    return [table for table in made if table.rows]


def _failures(contacts: Contacts) -> Iterable[tuple[str, ...]]:
    """A row for each program and destination between which any connection failed."""
    failed: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for contact, how in contacts.failures.items():
        failed[contact.process, contact.destination] += how
    counts: Counter[tuple[str, str]] = Counter()
    for contact, count in contacts.counts.items():
        counts[contact.process, contact.destination] += count
    for pair in sorted(failed, key=lambda pair: (-failed[pair].total(), pair)):
        process, destination = pair
        how = failed[pair]
        yield process, str(how.total()), str(counts[pair]), _how(how), destination


def _how(failed: Counter[str]) -> str:
    """`refused`; of several kinds, how many of each."""
    if len(failed) == 1:
        return next(iter(failed))
    return ", ".join([f"{failed[how]} {how}" for how in _most_first(failed)])


def _process(contact: Contact) -> str:
    return contact.process


def _where(contact: Contact) -> str:
    return contact.where


def _destination(contact: Contact) -> str:
    return contact.destination


def _system(contact: Contact) -> str:
    return visible(contact.system.label) if contact.system else ""


def _country(contact: Contact) -> str:
    return visible(contact.system.country) if contact.system else ""


def _grouped(
    counts: Mapping[Contact, int], by: Callable[[Contact], str], others: Callable[[Contact], str]
) -> Iterable[tuple[str, int, list[str]]]:
    """Of each group its name, its connections, and what else is in it; the largest first."""
    totals: Counter[str] = Counter()
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for contact, count in counts.items():
        totals[by(contact)] += count
        found[by(contact)][others(contact)] += count
    return [(name, totals[name], _most_first(found[name])) for name in _most_first(totals)]


def _most_first(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown}, +{len(names) - _NAMED}" if len(names) > _NAMED else shown
