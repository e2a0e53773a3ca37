"""Whose the executable of a real process is, where that process has a root of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import NOBODY, environment
from tests.native.started import wait_for

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not shutil.which("dpkg-query"), reason="not run: there is no dpkg here"),
]

SLEEP = "/bin/sleep"
# What the dashboard asks, in a process of its own: of a pid and when it started.
ASK = """
import sys
from app.screens.lookups import Lookups
from probes.record import Process
process = Process(int(sys.argv[1]), "sleep", "/bin/sleep", (), 0, "root", start_ns=int(sys.argv[2]))
print(Lookups().package(process))
"""


@pytest.fixture(params=["/", "chroot"])
def root(request: pytest.FixtureRequest, shared: Path) -> Path:
    """This machine's root, or another one with a file under the same path."""
    if request.param == "/":
        return Path("/")
    # What it needs besides: a static program would be another file, and so are all copies.
    libraries = subprocess.run(["ldd", SLEEP], capture_output=True, text=True, check=True).stdout
    needed = [word for word in libraries.split() if word.startswith("/")]
    for path in (SLEEP, *needed):
        place = shared / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    return shared


@pytest.fixture
def sleeper(root: Path) -> Iterator[int]:
    """Root's process in there."""
    with subprocess.Popen(["chroot", root, SLEEP, "1000"]) as process:
        wait_for(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
        yield process.pid
        process.kill()


def package_of(pid: int, *before: str) -> str:
    """What is said of it by a process that `before` starts."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    started_ns = int(fields[19]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    booted_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    done = subprocess.run(
        [*before, sys.executable, "-c", ASK, str(pid), str(started_ns + booted_ns)],
        capture_output=True,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        check=True,
    )
    return done.stdout.strip()


def test_root_sees_which_file_it_is(sleeper: int, root: Path) -> None:
    said = package_of(sleeper)
    if root == Path("/"):
        assert said.startswith("coreutils ")
        assert "path" not in said
    else:
        assert said == "another file than this machine has there: it has a root of its own"


def test_who_gave_root_up_says_that_it_went_by_the_path(sleeper: int) -> None:
    """The screen's threads may not look at another user's process: no more is claimed."""
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    said = package_of(sleeper, *nobody)
    assert said.startswith("coreutils ")
    assert said.endswith("(by its path; only root could see whether it has a root of its own)")
