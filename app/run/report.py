"""What is said of a run: facts, and sentences about them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.run.contacts import Contact, Contacts
from app.run.tables import Table, tables
from app.session.capture import Progress
from probes.text import visible


@dataclass(frozen=True, slots=True)
class Report:
    """A run. `seconds`: it took. `status`: the command's own.

    `left`: threads that it started and that still ran when it ended, and are not watched any more.
    `outside`: what no rule allows, None where nothing was to be checked.
    """

    words: tuple[str, ...]
    user: str
    seconds: float
    status: int
    contacts: Contacts
    progress: Progress
    left: int = 0
    outside: Sequence[Contact] | None = None

    @property
    def command(self) -> str:
        """As it would be typed."""
        return visible(shlex.join(self.words))

    @property
    def missing(self) -> int:
        """What happened and cannot be shown."""
        return self.progress.missing

    @property
    def title(self) -> str:
        """What ran, for how long, and how it ended."""
        return (
            f"{self.command} ran {self.seconds:.1f} s as {self.user} and ended with {self.status}"
        )

    @property
    def total(self) -> str:
        """`3 connections by 1 process to 2 hosts, 1 failed; nothing lost`."""
        contacts = self.contacts
        processes = sum(map(len, contacts.processes.values()))
        places = len({contact.where for contact in contacts})
        if not contacts.total:
            what = "no connections"
        else:
            what = (
                f"{_many(contacts.total, 'connection')} by {_many(processes, 'process')} "
                f"to {_many(places, 'host')}"
            )
        if failed := contacts.failed.total():
            what += f", {failed:,} failed"
        lost = f"{self.missing} lost" if self.missing else "nothing lost"
        return f"{what}; {lost}"

    @property
    def notes(self) -> list[str]:
        """What limits this report's truth, a sentence each."""
        notes = []
        if self.missing:
            notes.append(f"{_many(self.missing, 'event')} could not be seen: this is not all.")
        if self.progress.outcomes_lost:
            lost = _many(self.progress.outcomes_lost, "result")
            notes.append(f"{lost} could not be seen: more may have failed.")
        if self.left:
            still = "still runs" if self.left == 1 else "still run"
            notes.append(
                f"{_many(self.left, 'thread')} that the command started {still}, unwatched."
            )
        watching = self.progress.watching
        if watching is not None:
            if watching.hook.blind_spots:
                notes.append(f"Not watched: connects of {', '.join(watching.hook.blind_spots)}.")
            if watching.without_outcomes:
                notes.append(f"What failed is not known: {watching.without_outcomes}.")
            notes += [f"Fewer hostnames: {limit}." for limit in watching.names_limits]
        return notes

    def tables(self) -> list[Table]:
        """What is not allowed and what failed; where to; those that have rows."""
        return tables(self.contacts, self.outside or ())

    def to_json(self) -> str:
        """One line; the same facts by name."""
        facts: dict[str, Any] = {
            "command": [visible(word) for word in self.words],
            "user": self.user,
            "seconds": round(self.seconds, 3),
            "status": self.status,
            "connections": self.contacts.total,
            "processes": sum(map(len, self.contacts.processes.values())),
            "failures": dict(self.contacts.failed),
            "lost": self.missing,
            "left": self.left,
            "notes": self.notes,
            "contacts": [self._facts(contact) for contact in self.contacts],
        }
        if self.outside is not None:
            facts["outside"] = [self._facts(contact) for contact in self.outside]
        return json.dumps(facts, ensure_ascii=False)

    def _facts(self, contact: Contact) -> dict[str, Any]:
        system = contact.system
        return {
            "process": contact.process,
            "family": contact.family,
            "host": contact.host,
            "guess": contact.guess,
            "address": contact.address,
            "port": contact.port,
            "protocol": contact.protocol,
            "asn": system.number if system else None,
            "as_name": visible(system.name) if system else None,
            "country": (visible(system.country) or None) if system else None,
            "connections": self.contacts.counts[contact],
            "failures": dict(self.contacts.failures.get(contact, {})),
        }


def _many(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun if number == 1 else noun + plural}"
