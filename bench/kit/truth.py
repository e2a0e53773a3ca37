"""What was done and what a tool showed of it: the two sides that bench/attribution compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Address = tuple[str | None, int]
"""Where to: an address, or None where the family has none; and a port, 0 where there is none."""

Value = str | float | tuple[str, ...]


class Subject(StrEnum):
    """What may be said of a connection. The values are the words for it in the tables."""

    NAME = "program's name"
    PATH = "path"
    ARGUMENTS = "arguments"
    HOST = "host"
    NOT_INHERITED = "no name of the dead"  # the name that a process before it under this PID had
    CALL = "call and protocol"
    OUTCOME = "outcome"
    LATENCY = "latency"  # milliseconds; the act has what the whole call took


@dataclass(frozen=True, slots=True)
class Act:
    """One connection or send, made by `pid`: a tool must show it in exactly one row.

    `kind`: which of the scenario's several, where they are counted apart.
    """

    scenario: str
    pid: int
    there: Address
    facts: Mapping[Subject, Value]
    kind: str = ""

    def check(self, subject: str) -> str:
        """Under which name it is counted. Who it was does not depend on the kind."""
        of_all = not self.kind or subject in (Subject.NAME, Subject.PATH, Subject.ARGUMENTS)
        return (
            f"{self.scenario}: {subject}" if of_all else f"{self.scenario}: {self.kind}: {subject}"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of a tool, in terms of the truth; None where it says nothing.

    `own`: whether it says that this very process asked for the host.
    """

    pid: int
    there: Address
    facts: Mapping[Subject, Value]
    own: bool = False


@dataclass(slots=True)
class Performance:
    """All that was done. `silent`: processes that made nothing worth a row, by scenario.

    `ended`: by scenario, whether each process that a tool might harm ended as it does unwatched.
    `impossible`: what this machine cannot do, and why.
    """

    acts: list[Act] = field(default_factory=list)
    silent: list[tuple[str, int]] = field(default_factory=list)
    ended: list[tuple[str, bool]] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Count:
    """How often something was right, unknown and wrong."""

    right: int = 0
    unknown: int = 0
    wrong: int = 0

    @property
    def total(self) -> int:
        """Of how many."""
        return self.right + self.unknown + self.wrong

    def __add__(self, other: Count) -> Count:
        return Count(
            self.right + other.right, self.unknown + other.unknown, self.wrong + other.wrong
        )
