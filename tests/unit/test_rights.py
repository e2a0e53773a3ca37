"""What a command that is called by sudo is, once it reads what others may have made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import NOBODY, run, write_recording
from tests.connections import GITHUB

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
BY_NOBODY = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def shared() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize(("mode", "owner"), [(0o644, NOBODY), (0o600, 0)])
def test_root_is_given_up_where_the_caller_can_read_the_file(
    mode: int, owner: int, shared: Path
) -> None:
    path = write_recording(shared / "x.jsonl", [GITHUB])
    path.chmod(mode)
    done = run("open", path, "--plain", "--export", shared / "x.csv", **BY_NOBODY)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr
    # Either way the file is the caller's; a folder of root's tells who wrote it.
    assert (shared / "x.csv").stat().st_uid == NOBODY
    shared.chmod(0o755)
    done = run("open", path, "--record", shared / "x.db", **BY_NOBODY)
    assert done.returncode != 0
    assert not (shared / "x.db").exists()
    done = run("diff", path, path, **BY_NOBODY)
    assert done.returncode == 0
    done = run("open", path, "--export", shared / "y.csv", **BY_NOBODY)
    assert (shared / "y.csv").exists() == (owner == 0)
