"""What every capture must show, whatever hook and kernel: the tests, for a `recording` fixture."""

from __future__ import annotations

import os

import pytest

from tests.recording import Recording, flaws
from tests.scenarios import SCENARIO_NAMES


class CaptureTests:
    """To be subclassed where a fixture `recording` is."""

    hooks: tuple[str, ...] = ()
    """The hooks that may be in use, as the capture names them."""

    def test_the_hook_is_named(self, recording: Recording) -> None:
        assert recording.hook.startswith(self.hooks)

    @pytest.mark.parametrize("scenario", SCENARIO_NAMES)
    def test_what_is_done_is_seen(self, recording: Recording, scenario: str) -> None:
        impossible = recording.report(scenario).impossible
        if impossible and os.environ.get("CI") != "true":
            pytest.skip(f"not run: {impossible}")
        assert impossible is None
        complaints = recording.complaints(scenario)
        assert not complaints, "\n".join(complaints)

    def test_every_row_keeps_the_promises(self, recording: Recording) -> None:
        assert recording.rows
        assert not flaws(recording), "\n".join(flaws(recording))

    def test_sigint_ends_it_cleanly_and_nothing_was_lost(self, recording: Recording) -> None:
        assert recording.status == 0
        assert "Traceback" not in recording.stderr
        seen = len(recording.rows)
        assert recording.stderr.splitlines()[-1] == f"seen {seen}, lost 0"
