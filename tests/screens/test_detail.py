"""Enter on a connection, and what can be done from there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.screens.detail import DetailScreen
from probes.record import Resolution
from tests.connections import GITHUB, NETLINK, made_by
from tests.screens.shown import shown
from tests.screens.sizes import SIZES
from tests.screens.stage import Stage, settled

HERE = made_by(container=None, container_name=None)

OTHER = made_by(pid=77, comm="wget", executable="/usr/bin/wget", args=("wget", "-q"))


@pytest.mark.parametrize("size", SIZES)
async def test_enter_opens_the_selected_connection_and_escape_closes_it(
    size: tuple[int, int],
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await stage.give(pilot, OTHER, HERE)
        await pilot.press("enter")
        await settled(pilot, lambda: "curl 7.88.1-10+deb12u14" in shown(pilot))
        for text in ("Connection 2 of 2", "/usr/bin/curl", "8001 /usr/bin/bash", "AS36459"):
            assert text in shown(pilot)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, DetailScreen)
        assert pilot.app.focused is stage.table
        assert stage.table.following, "nothing was moved"


@pytest.mark.parametrize("size", SIZES)
async def test_n_goes_on_to_others_and_the_table_follows(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await stage.give(pilot, NETLINK, OTHER, HERE)
        await pilot.press("enter", "N")
        assert "Connection 2 of 3" in shown(pilot)
        assert "wget -q" in shown(pilot)
        await pilot.press("left_square_bracket", "N", "N")
        assert "AF_NETLINK  which has no addresses" in shown(pilot)
        await pilot.press("n", "escape")
        assert stage.table.selected == OTHER
        assert not stage.table.following


async def test_what_comes_meanwhile_is_counted_and_what_is_learned_shown() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, replace(HERE, host=None))
        await pilot.press("enter")
        assert "no name was seen" in shown(pilot)
        await stage.give(
            pilot, OTHER, Resolution(0, GITHUB.process, "140.82.118.3", "late.example")
        )
        await settled(pilot, lambda: "late.example  this process asked" in shown(pilot))
        assert "Connection 1 of 2" in shown(pilot)


async def test_what_was_evicted_stays_until_it_is_left() -> None:
    stage = Stage(max_rows=1)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, HERE)
        await pilot.press("enter")
        await stage.give(pilot, OTHER)
        await settled(pilot, lambda: "Connection no longer shown" in shown(pilot))
        assert "/usr/bin/curl" in shown(pilot)
        await pilot.press("escape")
        assert stage.table.selected == OTHER


async def test_what_does_not_fit_can_be_scrolled_to() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, made_by(args=("curl", *["argument"] * 300, "last")))
        await pilot.press("enter")
        assert "Started by" not in shown(pilot)
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        assert "Started by" in shown(pilot)
        assert "last" in shown(pilot)
        await pilot.press("pageup", "pageup", "pageup", "pageup")
        assert "140.82.118.3:443" in shown(pilot)


async def test_without_a_connection_there_is_nothing_to_open() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until_attached(pilot)
        await pilot.press("enter")
        assert not isinstance(pilot.app.screen, DetailScreen)
