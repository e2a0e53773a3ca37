"""A session's time: looked at, picked from, and played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.output.recorder import Recorder
from app.session.capture import Progress
from tests.command import write_recording
from tests.connections import GITHUB, made_by
from tests.screens.replayed import Replayed
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled, type_filter
from widgets.connection_table import ConnectionTable
from widgets.timeline import Timeline

SIZES = [(80, 24), (140, 40)]
SECOND = 1_000_000_000
MINUTE = [replace(GITHUB, time_ns=GITHUB.time_ns + at * SECOND, tid=at) for at in range(61)]


@pytest.fixture
def minute(tmp_path: Path) -> Path:
    """A connection a second."""
    return write_recording(tmp_path / "minute.jsonl", MINUTE)


@pytest.mark.parametrize("size", SIZES)
async def test_a_recording_shows_its_time_from_the_start(size: tuple[int, int]) -> None:
    play = Replayed()
    async with play.app.run_test(size=size) as pilot:
        await play.all_there(pilot)
        assert play.rows == recorded()
        assert "Timeline" in shown(pilot)
        assert "← → pick a time · - plays it" in shown(pilot)
        await pilot.press("t")
        assert "Timeline" not in shown(pilot)


async def test_what_is_picked_limits_the_table_and_escape_lifts_it(minute: Path) -> None:
    play = Replayed(minute)
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        play.timeline.focus()
        await pilot.press("home", *["shift+right"] * 12)
        await settled(pilot, lambda: 0 < len(play.rows) < 20)
        assert play.rows == MINUTE[: len(play.rows)]
        assert f"Connections {len(play.rows)} of 61" in shown(pilot)
        assert "escape clears" in shown(pilot)
        before = play.rows
        await pilot.press(*["right"] * 12)
        await settled(pilot, lambda: play.rows[0] not in before[:-1])
        await pilot.press("escape")
        assert play.rows == MINUTE
        assert "escape clears" not in shown(pilot)


async def test_a_time_and_a_filter_hold_together_and_are_lifted_together(tmp_path: Path) -> None:
    rows = [replace(row, process=made_by(pid=row.tid % 2).process) for row in MINUTE]
    play = Replayed(write_recording(tmp_path / "x.jsonl", rows))
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        play.timeline.focus()
        await pilot.press("home", *["shift+right"] * 20)
        some = len(play.rows)
        await pilot.press("tab")
        await type_filter(pilot, "pid:1", "enter")
        assert 0 < len(play.rows) < some
        await pilot.press("escape")
        assert play.rows == rows
        assert play.timeline.picked is None


async def test_where_nothing_happened_that_is_said(tmp_path: Path) -> None:
    play = Replayed(write_recording(tmp_path / "x.jsonl", [MINUTE[0], MINUTE[-1]]))
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        play.timeline.focus()
        await pilot.press("home", "right", "right")
        assert "Nothing matches the filter" in shown(pilot)


async def test_a_live_session_has_one_too_when_asked() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *MINUTE[:30])
        assert "Timeline" not in shown(pilot)
        await pilot.press("t")
        await pilot.pause(0.2)
        assert "Timeline" in shown(pilot)
        assert isinstance(pilot.app.focused, Timeline)
        await pilot.press("end")
        await settled(pilot, lambda: stage.rows == MINUTE[29:30])
        await stage.give(pilot, *MINUTE[30:])
        assert stage.rows == MINUTE[29:30], "what comes later is of another time"
        await pilot.press("t")
        assert stage.rows == MINUTE
        await pilot.press("minus")
        assert stage.rows == MINUTE, "what happens now has no other pace"


async def test_a_recording_is_played_at_a_pace_that_can_be_changed(minute: Path) -> None:
    play = Replayed(minute, speed=1)
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.until(pilot, lambda: len(play.rows) == 1)
        assert "plays 1x" in shown(pilot)
        play.now += 2.5
        await play.until(pilot, lambda: len(play.rows) == 3)
        await pilot.press("plus", "plus")
        play.now += 1.0
        await play.until(pilot, lambda: len(play.rows) == 13)
        assert "plays 10x" in shown(pilot)
        await pilot.press("minus")
        play.now += 1.0
        await play.until(pilot, lambda: len(play.rows) == 15)
        await pilot.press("plus", "plus", "plus")
        await play.all_there(pilot)
        assert play.rows == MINUTE
        assert "plays" not in shown(pilot).replace("plays it", "")


async def test_space_holds_it_and_lets_it_go_on(minute: Path) -> None:
    play = Replayed(minute, speed=10)
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.until(pilot, lambda: len(play.rows) == 1)
        await pilot.press("space")
        play.now += 3.0
        await play.until(pilot, lambda: "plays 10x, paused" in shown(pilot))
        assert len(play.rows) == 1
        await pilot.press("space")
        play.now += 1.0
        await play.until(pilot, lambda: len(play.rows) == 11)


async def test_all_that_is_there_is_played_again_with_the_filter(minute: Path) -> None:
    play = Replayed(minute)
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        await type_filter(pilot, "proc:curl", "enter")
        await pilot.press("minus")
        await play.until(pilot, lambda: len(play.rows) == 1)
        assert "plays 60x" in shown(pilot)
        assert "proc:curl" in shown(pilot)
        assert isinstance(pilot.app.focused, ConnectionTable)
        play.now += 0.5
        await play.until(pilot, lambda: len(play.rows) == 31)
        play.now += 1.0
        await play.all_there(pilot)
        assert play.rows == MINUTE


async def test_it_is_played_from_the_time_that_is_picked(minute: Path) -> None:
    play = Replayed(minute)
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        play.timeline.focus()
        await pilot.press("end")
        await pilot.press("minus", "minus")
        await play.until(pilot, lambda: len(play.rows) >= 60)
        assert pilot.app.focused is play.timeline
        assert len(play.rows) == 60
        play.now += 5.0
        await play.all_there(pilot)
        assert play.rows == MINUTE


async def test_what_is_recorded_is_said_and_what_is_not(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "x.db", replace=False, owner=None, queue_max=100)
    recorder.start(Progress)
    stage = Stage(keeper=recorder)
    async with stage.app.run_test(size=(140, 40), notifications=True) as pilot:
        await stage.give(pilot, *MINUTE[:30])
        await settled(pilot, lambda: "recorded 30" in shown(pilot))
        await stage.give(pilot, *[GITHUB] * 150)
        await settled(pilot, lambda: "unrecorded 150" in shown(pilot))
        assert "Not everything is recorded" in shown(pilot)
        assert len(stage.rows) == 180
    recorder.stop()
