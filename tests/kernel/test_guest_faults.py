"""What befalls a whole machine, in a guest: no other program here is to suffer it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from tests.kernel.conftest import BOOT_AND_RUN_S, REPOSITORY, missing
from tests.kernel.debian import Kernel, UnavailableError
from tests.kernel.guest import run_in_guest
from tests.kernel.upsets import UPSETS

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]

PATIENCE_S = "500"


@pytest.fixture(scope="session")
def told(kernel: Kernel) -> dict[str, Any]:
    """What `tests.kernel.upsets` says, in one boot."""
    command = ["env", f"SOCK_TUI_PATIENCE_S={PATIENCE_S}", sys.executable]
    try:
        finished = run_in_guest(
            kernel, [*command, "-m", "tests.kernel.upsets"], REPOSITORY, BOOT_AND_RUN_S
        )
    except UnavailableError as error:
        missing(f"cannot boot {kernel.version}: {error}")
    if finished.status != 0:
        pytest.fail(f"on {kernel.version}:\n{finished.stdout}{finished.stderr}", pytrace=False)
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("upset", UPSETS)
def test_it_goes_on(told: dict[str, Any], upset: str) -> None:
    if told[upset] and os.environ.get("CI") != "true":
        pytest.skip(f"not run: {told[upset]}")
    assert told[upset] == ""


def test_nothing_was_lost(told: dict[str, Any]) -> None:
    assert told["last"].startswith("seen ")
    assert told["last"].endswith(", lost 0")


def test_no_probe_stays_whatever_ends_it(told: dict[str, Any]) -> None:
    """Its programs and maps are compared with those before, and so are the kernel's lists."""
    assert told["left"] == []
