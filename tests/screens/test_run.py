"""A command beside its connections: let go when it is watched, shown, interrupted, ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.run.caller import Caller
from app.run.command import Command
from app.run.dashboard import RunDashboard
from app.run.pty import Pty
from app.session.capture import Capture
from tests.connections import GITHUB
from tests.screens.shown import shown
from tests.screens.sizes import at_each_size
from tests.screens.stage import Fed, Stage, recorded, settled
from tests.screens.zone import utc

MYSELF = Caller(None, "me", os.environ)


class RunStage(Stage):
    """A running dashboard with a command that really runs."""

    def __init__(self, *words: str, attached: bool = True, max_rows: int = 1_000_000) -> None:
        self.source = Fed()
        self.pty = Pty()
        self.command = Command(words, MYSELF, terminal=self.pty.theirs)
        self.capture = Capture(self.source)
        self.now = 0.0
        self.app = self.run = RunDashboard(
            *(self.capture, self.command, self.pty), max_rows=max_rows, clock=lambda: self.now
        )
        if attached:
            self.source.attach()
        self.capture.start()

    async def until(self, pilot: Pilot[None], text: str) -> None:
        await settled(pilot, lambda: text in shown(pilot))

    async def until_ended(self, pilot: Pilot[None]) -> None:
        await settled(pilot, lambda: self.command.status is not None)


@pytest.fixture
def stages() -> Iterator[list[RunStage]]:
    """What is put in here is ended after the test, whatever became of it."""
    made: list[RunStage] = []
    yield made
    for stage in made:
        if stage.command.status is None:
            with suppress(ProcessLookupError):
                os.kill(stage.command.pid, 9)


async def test_it_waits_until_it_is_watched(stages: list[RunStage], tmp_path: Path) -> None:
    stage = RunStage("sh", "-c", f"touch {tmp_path}/ran; echo here", attached=False)
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "waits until it is watched")
        await asyncio.sleep(0.2)
        assert not (tmp_path / "ran").exists()
        stage.source.attach()
        await stage.until(pilot, "here")
        await stage.until(pilot, "ended with 0")
        assert (tmp_path / "ran").exists()
        # It stays, and one key leaves.
        await pilot.press("q")
    assert stage.app.return_code == 0


async def test_what_it_prints_is_shown_and_does_not_act(stages: list[RunStage]) -> None:
    script = r"printf 'a\033]0;evil\007b [red]c[/red] \033[2J\n10%%\r20%%'; exit 7"
    stage = RunStage("sh", "-c", script)
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "ended with 7")
        assert "ab [red]c[/red]" in shown(pilot)
        assert "20%" in shown(pilot)
        assert "10%" not in shown(pilot)


async def test_its_input_is_empty_and_its_terminal_is_the_pane(stages: list[RunStage]) -> None:
    script = "cat; [ -t 1 ] && echo terminal; [ -t 0 ] || echo no input; stty size <&1"
    stage = RunStage("sh", "-c", f"{script}; (: >/dev/tty) 2>/dev/null || echo none of its own")
    stages.append(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until(pilot, "none of its own")
        for told in ("terminal", "no input", "78"):
            assert told in shown(pilot)


async def test_the_pane_hides_and_the_end_is_told_then(stages: list[RunStage]) -> None:
    stage = RunStage("sh", "-c", "echo first; sleep 1")
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "first")
        await pilot.press("o")
        await pilot.pause()
        assert "Output of sh" not in shown(pilot)
        await stage.until(pilot, "sh ended with 0")
        await pilot.press("o")
        await stage.until(pilot, "first")


async def test_an_interrupt_is_the_commands(stages: list[RunStage]) -> None:
    script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"
    stage = RunStage("sh", "-c", script)
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "ready")
        await pilot.press("ctrl+c")
        await stage.until(pilot, "caught")
        await stage.until(pilot, "ended with 5")


async def test_quitting_asks_while_it_runs(stages: list[RunStage]) -> None:
    stage = RunStage("sleep", "60")
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "ctrl+c interrupts it")
        await pilot.press("q")
        await stage.until(pilot, "sleep still runs: q again ends it")
        assert stage.app.is_running
        await pilot.press("q")
    assert stage.command.status is None
    assert stage.run.released


async def test_what_cannot_be_run_ends_the_dashboard(stages: list[RunStage]) -> None:
    stage = RunStage("no-such-command-here")
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await settled(pilot, lambda: stage.run.refusal is not None)
    assert stage.app.return_code == 127
    assert not stage.run.released


async def test_rows_that_are_evicted_are_counted(stages: list[RunStage]) -> None:
    stage = RunStage("true", max_rows=2)
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until_attached(pilot)
        await stage.give(pilot, *[GITHUB] * 5)
    assert stage.run.contacts.total == 3
    stage.run.contacts.add(stage.app.session.store.rows())
    assert stage.run.contacts.total == 5


async def test_a_flood_is_shown_piece_by_piece_and_its_end_is_kept(stages: list[RunStage]) -> None:
    stage = RunStage("sh", "-c", "seq 1 100000; echo the end")
    stages.append(stage)
    async with stage.app.run_test(notifications=True) as pilot:
        await stage.until(pilot, "the end")
        assert "99999" in shown(pilot)


@pytest.mark.pictures
@at_each_size
@pytest.mark.parametrize("ended", [False, True], ids=["runs", "ended"])
def test_run(
    stages: list[RunStage],
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    ended: bool,
    tmp_path: Path,
) -> None:
    script = r"""printf '\033[1mInstalling\033[0m packages\n\033[32m+\033[0m left-pad 1.3.0\n'
    printf 'added 1 package in 1s\n'; """
    go = tmp_path / "go"
    stage = RunStage("sh", "-c", script + f"until [ -e {go} ]; do sleep 0.1; done; exit 7")
    stages.append(stage)

    async def act(pilot: Pilot[None]) -> None:
        await stage.until(pilot, "added 1 package")
        stage.now = 12.3
        if ended:
            go.touch()
            await stage.until_ended(pilot)
        await stage.give(pilot, *recorded())

    with utc():
        assert snap_compare(stage.app, terminal_size=size, run_before=act)
