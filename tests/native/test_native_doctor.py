"""`sock-tui doctor` where capture works, and with a hook that this machine may not have."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import NOBODY, PATIENCE_S, command, environment, run

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

KPROBES = Path("/sys/bus/event_source/devices/kprobe").exists()


def states(*arguments: str) -> tuple[int, dict[str, str]]:
    ended = run("doctor", "--json", *arguments)
    assert ended.stderr == ""
    findings = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.returncode, {finding["what"]: finding["state"] for finding in findings}


def test_capture_is_tried_and_works() -> None:
    status, found = states("--hook", "tracepoint")
    assert status == 0
    assert "FAILED" not in found.values()
    assert (found["capture"], found["hostnames"]) == ("ok", "ok")


def test_the_status_is_that_of_the_hook_that_is_asked_for() -> None:
    status, found = states("--hook", "kprobe")
    assert (status, found["capture"]) == ((0, "ok") if KPROBES else (1, "FAILED"))


def test_who_may_not_look_into_a_mounted_tracefs_is_answered_too() -> None:
    """Only root may, so that what lies in it cannot be asked for by anyone else."""
    mount = 'mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"'
    shell = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    ended = subprocess.run(
        [*shell, *nobody, *command("doctor", "--json")],
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=PATIENCE_S,
        check=False,
    )
    findings = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.stderr, ended.returncode) == ("", 1)
    [tracefs] = [finding for finding in findings if finding["what"] == "tracefs"]
    assert tracefs["found"] == "mounted on /sys/kernel/tracing"
    assert findings[-1]["what"] == "capture"
