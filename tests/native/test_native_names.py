"""Names where no probe may be put on libc's returns: every scenario again, on this machine."""

from __future__ import annotations

import sys
from typing import Final

import pytest

from tests.capture_tests import CaptureTests
from tests.recording import Recording, record
from tests.scenarios import SCENARIO_NAMES

pytestmark = [pytest.mark.native, pytest.mark.timeout(300)]

MISSED: Final = {"old_functions"}  # of whose results only the return knows the place
HAZARD: Final = "this kernel is said to have the fault"
_PROGRAM: Final = (
    "import sys; from app import cli; from probes import live;"
    f"live.return_probe_hazard = lambda: {HAZARD!r};"
    "sys.exit(cli.main())"
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(
        [sys.executable, "-c", _PROGRAM, "--json", "--wait", "4"], start_s=60, patience_s=10
    )


class TestWithoutReturnProbes(CaptureTests):
    hooks = ("kprobe security_socket_connect", "tracepoint syscalls:sys_enter_connect")

    @pytest.mark.parametrize("scenario", [name for name in SCENARIO_NAMES if name not in MISSED])
    def test_what_is_done_is_seen(self, recording: Recording, scenario: str) -> None:
        super().test_what_is_done_is_seen(recording, scenario)

    def test_it_is_said(self, recording: Recording) -> None:
        assert recording.hook.endswith(f"; fewer hostnames: {HAZARD}")
