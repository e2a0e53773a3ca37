"""Every key of the dashboard, pressed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from probes.record import Connection, Resolution
from tests.connections import GITHUB, NETLINK, made_by
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled, type_filter
from widgets.connection_table import ConnectionTable
from widgets.filter_bar import FilterBar
from widgets.placeholder import Placeholder
from widgets.ranking import Ranking
from widgets.status_bar import StatusBar

SIZES = [(80, 24), (140, 40)]
OTHER = made_by(pid=77, comm="wget", executable="/usr/bin/wget", user="bob", uid=1001)


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_what_it_does_before_it_has_anything_to_show(size: tuple[int, int]) -> None:
    stage = Stage(attached=False)
    async with stage.app.run_test(size=size) as pilot:
        await settled(pilot, lambda: "Compiling the probes" in shown(pilot))
        stage.source.attach()
        await stage.until_attached(pilot)
        assert "Nothing seen yet" in shown(pilot)
        assert "kprobe" in shown(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_what_happens_appears_by_itself_and_is_followed(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        session = recorded()
        await stage.give(pilot, *session)
        assert stage.rows == session
        assert stage.table.selected == session[-1]
        assert "Connections 150" in shown(pilot)
        assert pilot.app.focused is stage.table


async def test_p_keeps_the_selected_process_and_p_again_lifts_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, GITHUB, OTHER, GITHUB)
        await pilot.press("p")
        assert stage.rows == [GITHUB, GITHUB]
        assert "pid:8549" in shown(pilot)
        assert "Connections 2 of 3" in shown(pilot)
        await stage.give(pilot, OTHER, GITHUB)
        assert stage.rows == [GITHUB] * 3
        await pilot.press("p")
        assert len(stage.rows) == 5


async def test_u_keeps_the_selected_user_also_together_with_p() -> None:
    stage = Stage()
    same_pid = replace(GITHUB, process=replace(OTHER.process, pid=GITHUB.process.pid))
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, OTHER, same_pid, GITHUB)
        await pilot.press("u")
        assert stage.rows == [GITHUB]
        await pilot.press("p", "u")
        assert stage.rows == [same_pid, GITHUB]
        await pilot.press("escape")
        assert len(stage.rows) == 3


async def test_the_panels_count_what_is_shown_only() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        wiki = replace(OTHER, host=replace(GITHUB.host, name="www.wikipedia.org"))  # type: ignore[type-var]
        await stage.give(pilot, wiki, GITHUB)
        await settled(pilot, lambda: "www.wikipedia.org" in str(hosts(pilot)))
        await pilot.press("p")
        await pilot.pause()
        assert hosts(pilot) == ["github.com"]


def hosts(pilot: Pilot[None]) -> list[str]:
    return [row.label for row in pilot.app.query_one("#hosts", Ranking)._rows]


async def test_a_filter_is_typed_with_a_slash() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, OTHER, NETLINK)
        await type_filter(pilot, "proc:wget")
        assert len(stage.rows) == 3
        await pilot.press("enter")
        assert stage.rows == [OTHER]
        assert pilot.app.focused is stage.table
        await pilot.press("slash")
        assert pilot.app.query_one(FilterBar).text == "proc:wget"


async def test_a_wrong_filter_says_what_is_wrong_and_changes_nothing() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, GITHUB, OTHER)
        await type_filter(pilot, "port:x", "enter")
        await settled(pilot, lambda: "not 'x'" in shown(pilot))
        assert pilot.app.query_one(FilterBar).is_open
        assert len(stage.rows) == 2
        await pilot.press("escape")
        assert not pilot.app.query_one(FilterBar).is_open
        assert len(stage.rows) == 2


async def test_a_filter_that_nothing_matches_says_how_to_get_out() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await type_filter(pilot, "nonesuch", "enter")
        assert "Nothing matches the filter" in shown(pilot)
        await pilot.press("escape")
        assert stage.rows == [GITHUB]
        assert pilot.app.query_one(ConnectionTable).display
        assert not pilot.app.query_one(Placeholder).display


async def test_moving_up_stands_still_and_f_follows_again() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *recorded())
        await pilot.press("up", "up")
        kept = stage.table.selected
        assert not stage.table.following
        await stage.give(pilot, GITHUB)
        assert stage.table.selected == kept
        assert "f follows" in shown(pilot)
        await pilot.press("f")
        assert stage.table.selected == GITHUB
        assert "following" in shown(pilot)


async def test_space_holds_the_table_still_while_capture_goes_on() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await pilot.press("space")
        await stage.give(pilot, OTHER, OTHER)
        assert stage.rows == [GITHUB]
        assert "+2 new" in shown(pilot)
        assert stage.app.session.capture.progress.seen == 3
        await pilot.press("space")
        assert stage.rows == [GITHUB, OTHER, OTHER]
        assert "new" not in shown(pilot).splitlines()[0]


async def test_at_80_columns_the_panels_open_with_h_and_a_one_at_a_time() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        assert "Hosts ─" not in shown(pilot)
        await pilot.press("h")
        await pilot.pause()
        assert "Hosts ─" in shown(pilot)
        await pilot.press("a")
        await pilot.pause()
        assert "Hosts ─" not in shown(pilot)
        assert "Autonomous systems ─" in shown(pilot)
        await pilot.press("a")
        await pilot.pause()
        assert "Autonomous systems ─" not in shown(pilot)


async def test_at_140_columns_the_panels_stand_open_and_h_and_a_close_them() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, GITHUB)
        assert "Hosts ─" in shown(pilot)
        assert "Autonomous systems ─" in shown(pilot)
        await pilot.press("h", "a")
        await pilot.pause()
        assert stage.table.size.width > 130


async def test_enter_in_a_panel_keeps_what_is_selected_there() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *recorded())
        await settled(pilot, lambda: len(hosts(pilot)) > 3)
        await pilot.press("tab", "enter")
        chosen = hosts(pilot)[0]
        assert stage.rows
        assert {row.host.name for row in stage.rows if row.host} == {chosen}


async def test_a_click_on_a_row_selects_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, OTHER, OTHER)
        await pilot.click(ConnectionTable, offset=(10, 2))
        assert stage.table.selected == GITHUB
        await pilot.press("p")
        assert stage.rows == [GITHUB]


async def test_help_opens_and_closes() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until_attached(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Keep only the selected row's process" in shown(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert "Keep only the selected row's process" not in shown(pilot)


async def exported(pilot: Pilot[None], stage: Stage, *keys: str) -> None:
    await pilot.press("e")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = "out.csv"
    await pilot.press(*keys)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_e_writes_what_the_filter_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = Stage()
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, GITHUB, OTHER, OTHER)
        await pilot.press("p")
        await exported(pilot, stage, "enter")
        with Path("out.csv").open(newline="") as file:
            assert [row["user"] for row in csv.DictReader(file)] == ["bob", "bob"]
        await settled(pilot, lambda: "2 connections written to" in shown(pilot))


async def test_e_offers_all_rows_as_well_and_asks_before_it_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out.csv").write_text("mine")
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, OTHER, OTHER)
        await pilot.press("p")
        await exported(pilot, stage, "tab", "space", "shift+tab", "enter")
        assert "exists" in shown(pilot)
        assert Path("out.csv").read_text() == "mine"
        await pilot.press("enter")
        await pilot.app.workers.wait_for_complete()
        with Path("out.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 3


async def test_escape_leaves_the_export_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await pilot.press("e", "escape")
        await pilot.pause()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nowhere/out.csv", "There is no directory nowhere"),
        ("~nobody-of-that-name/out.csv", "There is no directory ~nobody-of-that-name"),
        ("x" * 300, "File name too long"),
        ("a\0b", "not a file name"),
    ],
    ids=["directory", "user", "length", "NUL"],
)
async def test_a_name_that_no_file_can_have_is_said_in_the_dialog(
    typed: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await pilot.press("e")
        pilot.app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await pilot.pause(0.3)
        told = [notification.message for notification in pilot.app._notifications]
        assert said in shown(pilot) + "".join(told)


@pytest.mark.parametrize(("press", "code"), [("q", 0), ("ctrl+c", 0)], ids=["q", "ctrl+c"])
async def test_q_and_control_c_quit(press: str, code: int) -> None:
    stage = Stage()
    async with stage.app.run_test() as pilot:
        await stage.until_attached(pilot)
        await pilot.press(press)
    assert not stage.app.is_running
    assert (stage.app.return_code or 0) == code


async def test_a_capture_that_fails_ends_the_dashboard() -> None:
    stage = Stage(attached=False)
    async with stage.app.run_test() as pilot:
        stage.source.fail("no probes today")
        await settled(pilot, lambda: stage.app.return_code == 1)
    assert str(stage.capture.failure) == "no probes today"


async def test_losses_and_evictions_are_shown() -> None:
    stage = Stage(max_rows=2)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *recorded()[:5])
        stage.source.lose(7)
        await settled(pilot, lambda: pilot.app.query_one(StatusBar).status.lost == 7)
        status = pilot.app.query_one(StatusBar).status
        assert (status.seen, status.shown, status.evicted) == (5, 2, 3)
        assert "lost 7" in shown(pilot)


async def test_a_name_that_comes_late_reaches_its_row() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        nameless = replace(GITHUB, host=None)
        await stage.give(pilot, nameless, replace(OTHER, host=None))
        resolution = Resolution(
            GITHUB.time_ns, GITHUB.process, GITHUB.address or "", "late.example"
        )
        stage.source.give(resolution)
        await settled(pilot, lambda: "late.example" in shown(pilot))
        assert [row.host.label for row in stage.rows if row.host] == [
            "late.example",
            "~late.example",
        ]
        await settled(pilot, lambda: hosts(pilot) == ["late.example"])


HOSTILE: list[Callable[[], Connection]] = [
    lambda: made_by(executable="/tmp/\x1b[31mred\x1b]0;owned\x07"),
    lambda: made_by(executable=None, comm="\u202egnirts\u2066"),
    lambda: made_by(executable="/tmp/[red]up"),
    lambda: replace(GITHUB, host=replace(GITHUB.host, name="a\nb\x9b31m\udcff")),  # type: ignore[type-var]
    lambda: made_by(user="ev\ril"),
]


@pytest.mark.parametrize("made", HOSTILE)
async def test_no_name_of_others_acts_on_the_screen(made: Callable[[], Connection]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        row = made()
        await stage.give(pilot, row)
        await pilot.press("p", "u")
        text = shown(pilot)
        assert "Connections 1" in text
        assert all(char.isprintable() for char in text.replace("\n", ""))
        if row.process.executable and "[red]" in row.process.executable:
            assert "[red]up" in text


async def test_too_small_a_terminal_says_so_and_comes_back() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await pilot.resize_terminal(30, 8)
        await settled(pilot, lambda: "Too small" in shown(pilot))
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: "Connections 1" in shown(pilot))
