"""The capture on this machine's kernel: every scenario, row for row."""

from __future__ import annotations

import pytest

from tests.capture_tests import CaptureTests

pytestmark = [pytest.mark.native, pytest.mark.timeout(300)]


class TestNative(CaptureTests):
    hooks = ("kprobe security_socket_connect", "tracepoint syscalls:sys_enter_connect")
