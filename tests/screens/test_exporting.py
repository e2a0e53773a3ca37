"""An export that takes long: how far it is, that it can be ended, and what goes on meanwhile."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.output import exporting
from probes.recordings.writer import BATCH
from tests.connections import GITHUB, made_by
from tests.screens.shown import shown
from tests.screens.stage import Stage, settled

OLD = "what was there before\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every export stands still after its first block of rows."""
    monkeypatch.setattr(exporting, "_BREATH", 60.0)
    return monkeypatch


async def ask(pilot: Pilot[None], *keys: str) -> None:
    """Have the session written to out.csv."""
    await pilot.press("e")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = "out.csv"
    await pilot.press(*keys)


@pytest.mark.usefixtures("slow")
async def test_it_is_shown_how_far_it_is_while_capture_goes_on() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[GITHUB] * (2 * BATCH))
        await ask(pilot, "enter")
        await settled(pilot, lambda: f"{BATCH:,} of {2 * BATCH:,} rows" in shown(pilot))
        assert "50%" in shown(pilot)
        await stage.give(pilot, made_by(pid=77))
        assert len(stage.rows) == 2 * BATCH + 1
        assert f"Connections {2 * BATCH + 1:,}" in shown(pilot)


async def test_it_goes_away_at_the_end_and_the_file_is_whole(slow: pytest.MonkeyPatch) -> None:
    stage = Stage()
    slow.setattr(exporting, "_BREATH", 0.5)
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, *[GITHUB] * (BATCH + 1))
        await ask(pilot, "enter")
        await settled(pilot, lambda: "escape cancels" in shown(pilot))
        await settled(pilot, lambda: f"{BATCH + 1} connections written to" in shown(pilot))
        assert "escape cancels" not in shown(pilot)
        with Path("out.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == BATCH + 1


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("there", [False, True])
async def test_escape_cancels_and_leaves_everything_as_it_was(tmp_path: Path, there: bool) -> None:
    stage = Stage()
    if there:
        Path("out.csv").write_text(OLD)
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, *[GITHUB] * (2 * BATCH))
        await ask(pilot, "enter", *["enter"] * there)
        await settled(pilot, lambda: "escape cancels" in shown(pilot))
        assert len(list(tmp_path.iterdir())) == 1 + there
        await pilot.press("escape")
        await settled(pilot, lambda: "Export cancelled" in shown(pilot))
        assert [path.name for path in tmp_path.iterdir()] == (["out.csv"] if there else [])
        assert not there or Path("out.csv").read_text() == OLD
        assert len(stage.app.screen_stack) == 1


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_to_quit_is_to_cancel(tmp_path: Path, key: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[GITHUB] * (2 * BATCH))
        await ask(pilot, "enter")
        await settled(pilot, lambda: "escape cancels" in shown(pilot))
        await pilot.press(key)
    assert not stage.app.is_running
    assert list(tmp_path.iterdir()) == []
    assert stage.app.last_words == ["Export cancelled; nothing was written"]


async def test_who_writes_and_quits_at_once_has_the_file(slow: pytest.MonkeyPatch) -> None:
    stage = Stage()
    slow.setattr(exporting, "_BREATH", 0.25)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[GITHUB] * 7)
        await ask(pilot, "enter", "q")
    assert not stage.app.is_running
    with Path("out.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 7


@pytest.mark.usefixtures("slow")
async def test_where_it_takes_longer_that_is_said() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[GITHUB] * (2 * BATCH))
        await ask(pilot, "enter", "q")
    assert stage.app.last_words == ["Export cancelled; nothing was written"]


@pytest.mark.usefixtures("slow")
async def test_an_end_from_outside_cancels_as_well(tmp_path: Path) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[GITHUB] * (2 * BATCH))
        await ask(pilot, "enter")
        stage.app.exit()  # what SIGTERM and --duration do, here ahead of the bar
    assert list(tmp_path.iterdir()) == []


async def test_a_sorted_and_filtered_table_is_written_as_it_stands() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        rows = [made_by(pid=pid % 977, user="ab"[pid % 2]) for pid in range(9001)]
        await stage.give(pilot, *rows)
        await pilot.press("s", "s", "S", "home", "u")
        await settled(pilot, lambda: len(stage.app.session.view) == 4501)
        await ask(pilot, "enter")
        await pilot.app.workers.wait_for_complete()
        with Path("out.csv").open(newline="") as file:
            found = [int(row["pid"]) for row in csv.DictReader(file)]
        expected = [row.process.pid for row in rows if row.process.user == "a"]
        assert found == sorted(expected, reverse=True)
