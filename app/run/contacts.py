"""What was seen, without its repetitions: which program went where, how often, in vain or not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from probes.connections import Connections, Endpoint
from probes.family import family_name
from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.record import AutonomousSystem, Host, HostSource, Process
from probes.text import visible


@dataclass(frozen=True, slots=True)
class Contact:
    """A program and where it went, in text that can be shown as it is.

    `process`: the executable's path, or `[name]` where that is not known. `host`: the name in
    lower case, None where none is known; `guess`: it is not known that this process asked for it;
    `borrowed`: another process is known to have, so that it may not be known the next time.
    `address`, `port`: None for families and protocols without. `protocol`: such as "tcp", None
    where it is not known. `passed`: a rule that has a filter allows it.
    """

    process: str
    family: str
    host: str | None
    guess: bool
    address: str | None
    port: int | None
    system: AutonomousSystem | None
    protocol: str | None = None
    borrowed: bool = False
    passed: bool = False

    @property
    def where(self) -> str:
        """The name, where there is one; else the address, else the family."""
        if self.host is not None:
            return f"~{self.host}" if self.guess else self.host
        return self.address or self.family

    @property
    def destination(self) -> str:
        """`where`, with the port."""
        if self.port is None:
            return self.where
        bracketed = self.host is None and self.address is not None and ":" in self.address
        return f"[{self.where}]:{self.port}" if bracketed else f"{self.where}:{self.port}"


class Judge(Protocol):
    """Says what filters allow, of which a contact does not tell enough; `Passing` is one."""

    def kept(self, rows: Connections) -> Sequence[int]:
        """A number for each row."""

    def allows(self, number: int, contact: Contact) -> bool:
        """Whether such a row's contact is allowed."""


class Contacts:
    """Counts of contacts. Rows are added once all is known of them, or as they are evicted."""

    def __init__(self, judge: Judge | None = None) -> None:
        """`judge`: who says which have passed; None: nobody."""
        self._judge = judge
        self.counts: Counter[Contact] = Counter()
        self.processes: defaultdict[str, set[tuple[int, int | None]]] = defaultdict(set)
        """Of each program, the processes: pid and start."""
        self.failures: defaultdict[Contact, Counter[str]] = defaultdict(Counter)
        """Of each contact of which any failed, how many did so how, in the words of `result:`."""

    def __len__(self) -> int:
        """How many different ones there are."""
        return len(self.counts)

    def __iter__(self) -> Iterator[Contact]:
        """Each, in an order that is always the same."""
        return iter(sorted(self.counts, key=_order))

    @property
    def total(self) -> int:
        """How many connections."""
        return self.counts.total()

    @property
    def failed(self) -> Counter[str]:
        """How many connections failed, by how."""
        return sum(self.failures.values(), Counter())

    def add(self, pieces: Iterable[Connections]) -> None:
        """Count these rows too."""
        for rows in pieces:
            # By identity: rows share these objects, and to compare them would cost a lot more.
            ids = zip(
                *(map(id, rows.processes), map(id, rows.endpoints), map(id, rows.hosts)),
                *(rows.ports, rows.outcomes),
                self._judge.kept(rows) if self._judge else bytes(len(rows)),
                strict=True,
            )
            objects: dict[int, Process | Endpoint | Host | None] = {}
            for column in (rows.processes, rows.endpoints, rows.hosts):
                objects.update(zip(map(id, column), column, strict=True))
            for (process, endpoint, host, port, outcome, kept), count in Counter(ids).items():
                contact = _contact(objects[process], objects[endpoint], objects[host], port)
                if self._judge is not None and self._judge.allows(kept, contact):
                    contact = replace(contact, passed=True)
                self._add(contact, objects[process], count)
                if failure := _FAILURES[outcome]:
                    self.failures[contact][failure] += count

    def _add(self, contact: Contact, process: object, count: int) -> None:
        assert isinstance(process, Process)
        self.counts[contact] += count
        self.processes[contact.process].add((process.pid, process.start_ns))


def _contact(process: object, endpoint: object, host: object, port: int) -> Contact:
    assert isinstance(process, Process)
    assert isinstance(endpoint, Endpoint)
    assert host is None or isinstance(host, Host)
    address = endpoint.address
    # What the address's owner calls it is no name that anybody asked for.
    asked = host is not None and host.source is not HostSource.PTR
    name = visible(host.name.rstrip(".")).lower() if host is not None and asked else ""
    return Contact(
        process=visible(process.label),
        family=family_name(endpoint.family),
        host=name or None,
        guess=bool(name) and host is not None and host.is_guess,
        address=address,
        port=None if address is None else port or None,
        system=endpoint.system,
        protocol=visible(endpoint.transport.protocol or "").lower() or None,
        borrowed=host is not None and host.source is HostSource.OTHER_PROCESS,
    )


def _order(contact: Contact) -> tuple[str, str, int, str, str, bool]:
    return (
        *(contact.process, contact.where, contact.port or 0),
        *(contact.family, contact.address or "", contact.passed),
    )


def _failure(outcome: Outcome | None) -> str:
    """How it failed; empty where it did not, or where that is not known."""
    match outcome:
        case None | Outcome(OutcomeKind.CONNECTED | OutcomeKind.IN_PROGRESS):
            return ""
        case Outcome(OutcomeKind.FAILED, str(errno)):
            return errno
        case _:
            return outcome.kind.value


_FAILURES: Final = tuple(map(_failure, OUTCOMES))
"""By the bytes of `probes.outcome`."""
