"""The byte that stands for what became of a connect()."""

from __future__ import annotations

import errno

import pytest

from probes.outcome import (
    ABANDONED,
    CONNECTED,
    FAILED,
    IN_PROGRESS,
    OUTCOMES,
    UNKNOWN,
    Outcome,
    OutcomeKind,
    code_of,
    code_of_error,
)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNREFUSED, OutcomeKind.REFUSED),
        (errno.ETIMEDOUT, OutcomeKind.TIMED_OUT),
        (errno.ENETUNREACH, OutcomeKind.UNREACHABLE),
        (errno.EHOSTUNREACH, OutcomeKind.UNREACHABLE),
        (errno.EACCES, OutcomeKind.DENIED),
        (errno.EPERM, OutcomeKind.DENIED),
        (errno.EINPROGRESS, OutcomeKind.IN_PROGRESS),
        (errno.EADDRNOTAVAIL, OutcomeKind.FAILED),
        (errno.EISCONN, OutcomeKind.FAILED),
    ],
)
def test_an_error_is_told_in_a_word_and_by_its_name(number: int, kind: OutcomeKind) -> None:
    assert OUTCOMES[code_of_error(number)] == Outcome(kind, errno.errorcode[number])


def test_what_has_no_error_has_no_name() -> None:
    assert OUTCOMES[CONNECTED] == Outcome(OutcomeKind.CONNECTED)
    assert OUTCOMES[ABANDONED] == Outcome(OutcomeKind.ABANDONED)
    assert OUTCOMES[IN_PROGRESS] == Outcome(OutcomeKind.IN_PROGRESS)
    assert OUTCOMES[UNKNOWN] is None


@pytest.mark.parametrize("number", [*range(512, 517)])
def test_a_call_that_the_kernel_begins_again_goes_on(number: int) -> None:
    assert code_of_error(number) == IN_PROGRESS


@pytest.mark.parametrize("number", [250, 255, 511, 517, 4095, 2**32 - 1])
def test_any_number_has_a_byte(number: int) -> None:
    assert code_of_error(number) == FAILED
    assert OUTCOMES[FAILED] == Outcome(OutcomeKind.FAILED)


def test_every_outcome_has_its_byte() -> None:
    assert all(OUTCOMES[code_of(outcome)] == outcome for outcome in OUTCOMES)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_what_a_recording_may_claim_has_one_as_well(kind: OutcomeKind) -> None:
    for errno_name in ("ENOTHING", None, "ECONNREFUSED"):
        found = OUTCOMES[code_of(Outcome(kind, errno_name))]
        assert found is not None
        assert found.kind is kind
