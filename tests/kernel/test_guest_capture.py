"""The capture on real kernels, through the kprobe: every scenario, row for row."""

from __future__ import annotations

import pytest

from tests.recording import Recording, flaws
from tests.scenarios import SCENARIO_NAMES

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]  # the first one boots and downloads


def test_the_kprobe_is_in_use(recording: Recording) -> None:
    assert recording.hook.startswith("kprobe security_socket_connect")


@pytest.mark.parametrize("scenario", SCENARIO_NAMES)
def test_what_is_done_is_seen(recording: Recording, scenario: str) -> None:
    assert recording.report(scenario).impossible is None
    complaints = recording.complaints(scenario)
    assert not complaints, "\n".join(complaints)


def test_every_row_keeps_the_promises(recording: Recording) -> None:
    assert recording.rows
    assert not flaws(recording), "\n".join(flaws(recording))


def test_sigint_ends_it_cleanly_and_nothing_was_lost(recording: Recording) -> None:
    assert recording.status == 0
    assert "Traceback" not in recording.stderr
    seen = len(recording.rows)
    assert recording.stderr.splitlines()[-1] == f"seen {seen}, lost 0"
