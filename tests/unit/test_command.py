"""A process that waits to become a command."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from app.run.caller import Caller
from app.run.command import Command, CommandError
from tests.command import PATIENCE_S

MYSELF = Caller(None, "me", os.environ)


def ended(command: Command) -> int:
    end = time.monotonic() + PATIENCE_S
    while (status := command.status) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return status


def is_there(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("exit 255", 255)]
)
def test_its_status_is_a_shells(script: str, status: int) -> None:
    command = Command(["sh", "-c", script], MYSELF)
    assert command.status is None
    command.release()
    assert ended(command) == status
    # Told again as often as it is asked.
    assert command.status == status


@pytest.mark.parametrize(("word", "status"), [("no-such-command-here", 127), ("/", 126)])
def test_what_cannot_be_run_is_told_when_it_is_let_go(word: str, status: int) -> None:
    command = Command([word], MYSELF)
    with pytest.raises(CommandError) as error:
        command.release()
    assert error.value.status == status
    assert not is_there(command.pid)


def test_what_is_abandoned_never_runs(tmp_path: Path) -> None:
    command = Command(["touch", str(tmp_path / "ran")], MYSELF)
    command.abandon()
    assert not is_there(command.pid)
    assert not (tmp_path / "ran").exists()


def test_what_somebody_ended_while_it_waited_is_told_as_such() -> None:
    command = Command(["true"], MYSELF)
    os.kill(command.pid, signal.SIGKILL)
    command.release()
    assert ended(command) == 137


def test_a_signal_after_its_end_hits_nobody() -> None:
    command = Command(["true"], MYSELF)
    command.release()
    assert ended(command) == 0
    command.signal(signal.SIGKILL)


def test_it_finds_its_program_along_its_own_path(tmp_path: Path) -> None:
    program = tmp_path / "a-program"
    program.write_text("exit 9\n")
    program.chmod(0o755)
    command = Command(["a-program"], Caller(None, "me", {"PATH": f"/bin:{tmp_path}"}))
    command.release()
    assert ended(command) == 9
