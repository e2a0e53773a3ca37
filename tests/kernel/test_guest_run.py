"""`sock-tui run` on real kernels: a daemon that left everything behind, and nothing beside it."""

from __future__ import annotations

import json
import sys

import pytest

from tests.kernel.conftest import BOOT_AND_RUN_S, REPOSITORY, missing
from tests.kernel.debian import Kernel, UnavailableError
from tests.kernel.guest import run_in_guest

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]

PORT = 7017
CONNECT = "import socket; socket.socket(2, 2).connect((str(0x7f000001), %d))"
SCRIPT = f"""
(while :; do /usr/bin/python3 -c "{CONNECT % 7018}"; done) &
beside=$!
"$@" run --json --no-names --hook kprobe -- sh -c '
    (setsid sh -c "/usr/bin/python3 -c \\"{CONNECT % PORT}\\"; echo done" & ) | cat; exit 7'
status=$?
kill $beside
exit $status
"""


def test_a_commands_descendants_alone_are_seen(kernel: Kernel) -> None:
    command = ["sh", "-c", SCRIPT, "sh", sys.executable, "-m", "app.cli"]
    try:
        finished = run_in_guest(kernel, command, REPOSITORY, BOOT_AND_RUN_S)
    except UnavailableError as error:
        missing(f"cannot boot {kernel.version}: {error}")
    said = f"{finished.stdout}{finished.stderr}"
    assert finished.status == 7, said
    assert "done" in finished.stdout
    (line,) = (line for line in finished.stderr.splitlines() if line.startswith("{"))
    report = json.loads(line)
    assert [contact["port"] for contact in report["contacts"]] == [PORT], said
    assert (report["lost"], report["left"]) == (0, 0)
