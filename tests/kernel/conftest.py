"""Kernels for the tests, each booted once; and what becomes of a test that cannot have one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.kernel.debian import Kernel, UnavailableError, newest_kernel
from tests.kernel.guest import run_in_guest
from tests.recording import Recording

REPOSITORY = Path(__file__).parents[2]
BOOT_AND_RUN_S = 1200  # four minutes where two processors are free
START_S, PATIENCE_S = "600", "30"


@pytest.fixture(scope="session", params=["bookworm", "sid"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    """The oldest kernel that counts (6.1) and the newest there is."""
    try:
        return newest_kernel(request.param)
    except UnavailableError as error:
        missing(f"no kernel of {request.param}: {error}")


@pytest.fixture(scope="session")
def recording(kernel: Kernel) -> Recording:
    """All scenarios, captured under the kernel in one boot."""
    capture = [sys.executable, "-m", "app.cli", "--json", "--wait", "4", "--hook", "kprobe"]
    command = [sys.executable, "-m", "tests.recording", START_S, PATIENCE_S, *capture]
    try:
        finished = run_in_guest(kernel, command, REPOSITORY, BOOT_AND_RUN_S)
    except UnavailableError as error:
        missing(f"cannot boot {kernel.version}: {error}")
    if finished.status != 0:
        pytest.fail(f"on {kernel.version}:\n{finished.stdout}{finished.stderr}", pytrace=False)
    return Recording.from_json(finished.stdout.splitlines()[-1])


def missing(why: str) -> NoReturn:
    """Fail in CI, where a test that did not run would go unseen; elsewhere skip, and say so."""
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(f"not run: {why}")
