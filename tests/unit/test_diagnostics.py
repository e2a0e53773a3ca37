from __future__ import annotations

import subprocess
import sys

from probes.diagnostics import Discarded
from tests.command import PATIENCE_S, environment

SCRIPT = """
import os, sys
from probes.diagnostics import CapturedStderr
captured = CapturedStderr()
os.system("echo from the compiler >&2")
os.write(2, b"bpf: \\xff\\n")
print("from python", file=sys.stderr)
print([captured.read(), captured.read()])
os.write(2, b"later")
print([captured.read()])
raise ValueError("a bug")
"""


def test_what_c_prints_is_kept_from_the_screen_and_python_is_still_heard() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        # No folder for temporary files is needed.
        env=environment(TMPDIR="/nowhere"),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout.splitlines() == [
        repr(["from the compiler\nbpf: \ufffd\n", ""]),
        repr(["later"]),
    ]
    first, *_, last = done.stderr.splitlines()
    assert (first, last) == ("from python", "ValueError: a bug")
    assert "compiler" not in done.stderr


def test_whoever_leaves_standard_error_alone_reads_nothing() -> None:
    assert Discarded().read() == ""
