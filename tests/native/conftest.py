"""This machine's own kernel, for the tests that capture on it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.native.live_capture import Told, capturing
from tests.recording import Recording, record


@pytest.fixture(scope="session", autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("not run: capturing takes root (make test asks sudo)")


@pytest.fixture(scope="session")
def recording() -> Recording:
    """All scenarios, captured on this machine with the hook that it has."""
    return record(
        [sys.executable, "-m", "app.cli", "--json", "--wait", "4"], start_s=60, patience_s=10
    )


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Iterator[Told]:
    """What a capture in this process tells; its parameter: whether names are watched."""
    with capturing(names=getattr(request, "param", True)) as told:
        yield told


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that anybody may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
