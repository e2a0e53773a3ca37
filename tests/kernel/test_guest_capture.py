"""The capture on real kernels, through the kprobe: every scenario, row for row."""

from __future__ import annotations

import pytest

from tests.capture_tests import CaptureTests

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]  # the first one boots and downloads


class TestKprobe(CaptureTests):
    hooks = ("kprobe security_socket_connect",)
