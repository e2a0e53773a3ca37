"""Columns, colours and the palette, by the keys that a person presses."""

from __future__ import annotations

import pytest
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from app.screens.columns_screen import ColumnsScreen
from app.screens.keys import KEYS
from app.session.order import Order
from app.settings.look import Look
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled
from widgets.column import ALL, COLUMNS

TEN = [column.key for column in COLUMNS]


async def play(stage: Stage, pilot: Pilot[None]) -> None:
    await stage.until_attached(pilot)
    await stage.give(pilot, *recorded())


async def test_what_is_chosen_shows_at_once_and_is_how_the_dashboard_looks() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await play(stage, pilot)
        automatic = stage.table.shown_columns
        await pilot.press("c")
        assert isinstance(pilot.app.screen, ColumnsScreen)
        await pilot.press("space")  # the time goes
        assert "time" not in stage.table.shown_columns
        assert stage.app.look.columns == tuple(automatic[1:])
        await pilot.press("space", *["j"] * TEN.index("pid"), "shift+down", "shift+down")
        assert stage.table.shown_columns[:4] == ["time", "process", "user", "pid"]
        await pilot.press("escape")
        assert "Time" in shown(pilot)
        assert stage.app.look.since(stage.app.arrived) == Look(
            columns=tuple(stage.table.chosen_columns)
        )
        await pilot.press("c", "r", "c")
        assert stage.table.shown_columns == automatic
        assert stage.app.look == stage.app.arrived


async def test_columns_that_have_no_room_are_named() -> None:
    stage = Stage(look=Look(columns=("process", "destination", "host", "local", "args", "unit")))
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await play(stage, pilot)
        assert stage.table.shown_columns == ["process", "destination", "host", "local", "args"]
        await pilot.press("c")
        assert "No room for Unit" in shown(pilot)
        assert "no room · the systemd unit" in shown(pilot)
        await pilot.resize_terminal(140, 40)
        await settled(pilot, lambda: "No room" not in shown(pilot))
        assert stage.table.shown_columns[-1] == "unit"


@pytest.mark.parametrize("keys", [[], ["g"]])
async def test_without_the_table_it_is_known_what_will_have_a_place(keys: list[str]) -> None:
    """There is none yet, or there are groups instead."""
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until_attached(pilot)
        if keys:
            await stage.give(pilot, *recorded())
        await pilot.press(*keys, "c", "space")
        there = ["pid", "process", "user", "destination", "result", "host"]
        assert stage.app.look.columns == tuple(there)
        await pilot.press("escape", *keys * 5)
        if not keys:
            await stage.give(pilot, *recorded())
        assert stage.table.shown_columns == there


async def test_one_column_stays() -> None:
    stage = Stage(look=Look(columns=("host",)))
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await play(stage, pilot)
        await pilot.press("c", "space")
        assert stage.table.shown_columns == ["host"]
        await settled(pilot, lambda: "One column has to stay" in shown(pilot))


async def test_a_click_shows_or_hides_a_column() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 40)) as pilot:
        await play(stage, pilot)
        before = stage.table.shown_columns
        await pilot.press("c")
        await pilot.click("#columns-list", offset=(5, TEN.index("user")))
        assert [key for key in before if key != "user"] == stage.table.shown_columns


async def test_a_column_that_was_chosen_can_be_sorted_by() -> None:
    stage = Stage(look=Look(columns=("time", "args", "latency")))
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await play(stage, pilot)
        await pilot.press("s", "s", "s")
        assert stage.app.session.view.order == Order("latency")
        taken = [row.latency_us or 0 for row in stage.rows]
        assert taken == sorted(taken)
        assert "by Latency" in shown(pilot)


async def test_it_comes_up_as_it_was_asked_to() -> None:
    look = Look("nord", ("host", "asn"), ("systems",), "hosts", True, "-host", False)
    stage = Stage(look=look)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await play(stage, pilot)
        await settled(pilot, lambda: not stage.app.session.view.is_working)
        assert pilot.app.theme == "nord"
        assert stage.table.shown_columns == ["host", "asn"]
        assert stage.app.session.view.order == Order("host", descending=True)
        names = [(row.host.name if row.host else "") for row in stage.rows]
        assert [name for name in names if name] == sorted(filter(None, names), reverse=True)
        assert not pilot.app.query_one("#hosts").is_on_screen
        assert pilot.app.query_one("#timeline").display
        assert stage.app.look.panels == ("systems",)
        assert stage.app.look.since(stage.app.arrived) == Look()


@pytest.mark.parametrize("follow", [True, False])
async def test_whether_the_newest_is_followed_at_first(follow: bool) -> None:
    stage = Stage(look=Look(follow=follow))
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await play(stage, pilot)
        assert (stage.table.cursor_row == len(stage.rows) - 1) == follow


async def test_panels_and_timeline_are_left_as_they_were_put() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await play(stage, pilot)
        await pilot.press("h", "t")
    assert stage.app.look.since(stage.app.arrived) == Look(panels=("systems",), timeline=True)
    narrow = Stage()
    async with narrow.app.run_test(size=(80, 24)) as pilot:
        await play(narrow, pilot)
        await pilot.press("a")
    assert narrow.app.look.since(narrow.app.arrived) == Look(panel="systems")


async def test_a_theme_that_is_not_known_any_more_does_no_harm() -> None:
    stage = Stage(look=Look(theme="of-another-version"))
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await play(stage, pilot)
        assert pilot.app.theme == "textual-dark"


async def test_colours_are_chosen_by_their_name() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await play(stage, pilot)
        await pilot.press("C")
        await search(pilot, "textual-light")
        await settled(pilot, lambda: pilot.app.theme == "textual-light")
    assert stage.app.look.since(stage.app.arrived) == Look(theme="textual-light")


async def search(pilot: Pilot[None], text: str) -> None:
    """Type into the palette, and take what it finds first."""
    await settled(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    pilot.app.screen.query_one(Input).value = text
    found = pilot.app.screen.query_one(CommandList)
    await settled(pilot, lambda: found.option_count == 1)
    await pilot.press("down", "enter")
    await pilot.pause()


async def test_the_palette_has_every_key_by_what_it_does() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 80)) as pilot:
        await play(stage, pilot)
        await pilot.press("ctrl+p")
        await settled(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        found = pilot.app.screen.query_one(CommandList)
        others = [key for key in KEYS if key.action != "command_palette"]
        await settled(pilot, lambda: found.option_count == len(others))
        for key in others:
            assert key.tooltip in shown(pilot)
        assert not pilot.app.screen.query_one(Input).cursor_blink


async def test_what_is_taken_from_the_palette_is_done() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await play(stage, pilot)
        await pilot.press("ctrl+p")
        await search(pilot, "the other way round")
        await settled(pilot, lambda: stage.app.session.view.order is not None)
        assert stage.app.session.view.order == Order("time", descending=True)
        await pilot.press("ctrl+p")
        await search(pilot, "Choose the columns")
        await settled(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))


async def test_every_column_is_offered() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 40)) as pilot:
        await play(stage, pilot)
        await pilot.press("c")
        for column in ALL:
            assert f" {column.title}" in shown(pilot)
            assert column.about in shown(pilot)
