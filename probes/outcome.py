"""What became of a connect(): a word for it, and a byte that stands for it in a column."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OutcomeKind(StrEnum):
    """What became of a connect(), as a person would say it."""

    CONNECTED = "connected"
    IN_PROGRESS = "in-progress"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    ABANDONED = "abandoned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a connect().

    `errno`: the name of the error, such as ECONNREFUSED; None where there is none. A datagram
    socket is connected as soon as its address is set, whoever is there. `ABANDONED`: the socket
    was closed before an answer came.
    """

    kind: OutcomeKind
    errno: str | None = None


# A byte stands for an outcome. 1 to 249 are the numbers of errors.
CONNECTED: Final = 0
FAILED: Final = 252  # by an error without a name
ABANDONED: Final = 253
IN_PROGRESS: Final = 254
UNKNOWN: Final = 255

_ERRORS_END: Final = 250
_RESTARTS: Final = range(512, 517)  # ERESTARTSYS to ERESTART_RESTARTBLOCK: include/linux/errno.h
_KINDS: Final = {
    errno.ECONNREFUSED: OutcomeKind.REFUSED,
    errno.ETIMEDOUT: OutcomeKind.TIMED_OUT,
    errno.ENETUNREACH: OutcomeKind.UNREACHABLE,
    errno.EHOSTUNREACH: OutcomeKind.UNREACHABLE,
    errno.ENETDOWN: OutcomeKind.UNREACHABLE,
    errno.EHOSTDOWN: OutcomeKind.UNREACHABLE,
    errno.EACCES: OutcomeKind.DENIED,
    errno.EPERM: OutcomeKind.DENIED,
    errno.EINPROGRESS: OutcomeKind.IN_PROGRESS,
    errno.EALREADY: OutcomeKind.IN_PROGRESS,
}


def code_of_error(number: int) -> int:
    """The byte for an errno, or for 0."""
    if number < _ERRORS_END:
        return number
    return IN_PROGRESS if number in _RESTARTS else FAILED


def _outcome(code: int) -> Outcome | None:
    match code:
        case 0:
            return Outcome(OutcomeKind.CONNECTED)
        case 253:
            return Outcome(OutcomeKind.ABANDONED)
        case 254:
            return Outcome(OutcomeKind.IN_PROGRESS)
        case 255:
            return None
        case _:
            return Outcome(_KINDS.get(code, OutcomeKind.FAILED), errno.errorcode.get(code))


OUTCOMES: Final = tuple(map(_outcome, range(256)))
"""The outcome that each byte stands for; None where it is not known."""

_CODES: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)} | {
    Outcome(OutcomeKind.FAILED): FAILED
}


_FIRST: Final = {
    outcome.kind: code for code, outcome in reversed(list(enumerate(OUTCOMES))) if outcome
} | {OutcomeKind.FAILED: FAILED, OutcomeKind.IN_PROGRESS: IN_PROGRESS}


def code_of(outcome: Outcome | None) -> int:
    """The byte for an outcome; for one that cannot be, that of another of its kind."""
    if outcome is None:
        return UNKNOWN
    code = _CODES.get(outcome)
    return _FIRST[outcome.kind] if code is None else code
