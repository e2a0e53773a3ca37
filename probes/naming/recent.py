"""What DNS answers told of an address lately, each from its own time on."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import Final, NamedTuple

from probes.record import Host, HostSource

_LATE_NS: Final = 10_000_000_000
"""For so long an answer is kept when a newer one has come: connections are read after it."""

_ANSWERS: Final = 4096
"""Kept at most: of what programs ask for in turn before the reader's turn ends.

A reader that rests for 50 ms hears a hundred of one program that asks and connects in a loop.
"""


class Answer(NamedTuple):
    """`since`: when it came, in nanoseconds since boot, and which of two of that time is newer.

    `until`: by the clock of `probes.naming.names.Names`. `netns`: see there.
    """

    since: tuple[int, int]
    host: Host
    until: float
    netns: int | None


class Recent:
    """The last few answers; one at least, once one was added."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: list[Answer] = []

    def __len__(self) -> int:
        """How many there are."""
        return len(self._answers)

    @property
    def until(self) -> float:
        """Until when any of them holds."""
        return max(one.until for one in self._answers)

    def add(self, answer: Answer) -> None:
        """Answers may be told in another order than they came: each socket is read by itself."""
        answers = self._answers
        insort(answers, answer, key=_since)
        # Of those that say the same in a row, the first and the newest.
        if len(answers) > 2 and len({_said(one) for one in answers[-3:]}) == 1:
            del answers[-2]
        late_ns = answers[-1].since[0] - _LATE_NS
        while len(answers) > 1 and (answers[1].since[0] <= late_ns or len(answers) > _ANSWERS):
            del answers[0]

    def host_called(self, name: str) -> Host | None:
        """The newest of that name."""
        return next((one.host for one in reversed(self._answers) if one.host.name == name), None)

    def at(self, ts_ns: int) -> Answer:
        """The newest that had come at `ts_ns`; else the first that came after it."""
        answers = self._answers
        if answers[-1].since[0] <= ts_ns:  # nearly always
            return answers[-1]
        return answers[max(0, bisect_right(answers, ts_ns, key=_came) - 1)]


def _came(answer: Answer) -> int:
    return answer.since[0]


def _since(answer: Answer) -> tuple[int, int]:
    return answer.since


def _said(answer: Answer) -> tuple[str, HostSource, int | None]:
    return answer.host.name, answer.host.source, answer.netns
