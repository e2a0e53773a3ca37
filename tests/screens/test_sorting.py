"""Sorting, by keys and by clicks, and where the cursor stays meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.events import Key
from textual.pilot import Pilot

from probes.outcome import Outcome, OutcomeKind
from probes.record import Connection
from tests.connections import GITHUB, made_by
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled
from widgets.connection_table import ConnectionTable

ROWS = [
    made_by(pid=pid, user=user, executable=f"/bin/{program}")
    for pid, user, program in [(30, "carol", "b"), (10, "alice", "c"), (20, "bob", "a")]
]
ROWS[0].outcome = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")


def pids(stage: Stage) -> list[int]:
    return [row.process.pid for row in stage.rows]


def header(pilot: Pilot[None]) -> str:
    return shown(pilot).splitlines()[1]


async def test_s_sorts_by_one_visible_column_after_the_other_and_ends_with_arrival() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        titles = header(pilot)
        marked = []
        for _ in range(7):
            await pilot.press("s")
            await pilot.pause()
            line = header(pilot)
            found = re.search(r"\w* ?▲( PID)?", line)
            assert found
            marked.append((found[0].strip(), pids(stage)))
            assert line.replace("▲", " ") == titles  # nothing moves
        assert marked == [
            ("Time ▲", [30, 10, 20]),
            ("▲ PID", [10, 20, 30]),
            ("Process ▲", [20, 30, 10]),
            ("User ▲", [10, 20, 30]),
            ("Destination ▲", [30, 10, 20]),
            ("Result ▲", [10, 20, 30]),
            ("AS ▲", [30, 10, 20]),
        ]
        await pilot.press("s")
        assert header(pilot) == titles
        assert stage.app.session.view.order is None


async def test_shift_s_turns_the_direction_and_shows_the_newest_first() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("s", "s", "S")
        assert pids(stage) == [30, 20, 10]
        assert "▼ PID" in header(pilot)
        await pilot.press("S")
        assert pids(stage) == [10, 20, 30]
        await pilot.press("f", "S")
        assert pids(stage) == [20, 10, 30]
        assert "Time ▼" in header(pilot)


async def test_a_click_on_a_title_sorts_a_second_turns_and_a_third_ends_it() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        place = (header(pilot).index("User"), 1)
        found = []
        for _ in range(3):
            await pilot.click(ConnectionTable, offset=place)
            await pilot.pause()
            found.append((pids(stage), [mark for mark in "▲▼" if f"User {mark}" in header(pilot)]))
        assert found == [([10, 20, 30], ["▲"]), ([30, 20, 10], ["▼"]), ([30, 10, 20], [])]


async def test_sorting_stands_still_and_f_goes_back_to_arrival_and_follows() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("s", "s")
        assert not stage.table.following
        await pilot.press("end")
        assert not stage.table.following
        assert stage.table.selected == ROWS[0]  # the highest number
        await stage.give(pilot, made_by(pid=99))
        assert stage.table.selected == ROWS[0]
        assert "by PID · 0 below · f follows" in shown(pilot)
        await pilot.press("f")
        assert pids(stage) == [30, 10, 20, 99]
        assert stage.table.following
        assert stage.table.selected == stage.rows[-1]


@pytest.mark.parametrize("key", "s S".split())
async def test_the_cursor_stays_on_its_connection(key: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        session = [replace(row, tid=number) for number, row in enumerate(recorded())]
        await stage.give(pilot, *session)
        await pilot.press(*["up"] * 40)
        kept = stage.table.selected
        assert kept == session[-41]
        for _ in range(8):
            await pilot.press(key)
            await pilot.pause()
            assert stage.table.selected == kept
            region = stage.table._get_row_region(stage.table.cursor_row)
            line = region.y - stage.table.scroll_offset.y
            assert 1 <= line < stage.table.size.height


@pytest.mark.parametrize("order", [("s", "s"), ("s", "s", "S")], ids=["up", "down"])
async def test_rows_that_come_in_go_to_their_places_around_the_cursor(order: tuple[str]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        numbered: Callable[[int], Connection] = lambda pid: made_by(pid=pid)  # noqa: E731
        await stage.give(pilot, *map(numbered, range(100, 300, 2)))
        await pilot.press(*order, "home", *["down"] * 50)
        kept, line = stage.table.selected, stage.table.cursor_row - stage.table.scroll_offset.y
        await stage.give(pilot, *map(numbered, range(101, 300, 2)), GITHUB)
        assert pids(stage) == sorted(pids(stage), reverse="S" in order)
        assert len(stage.rows) == 201
        assert stage.table.selected == kept
        assert stage.table.cursor_row - stage.table.scroll_offset.y == line


async def test_the_cursor_stays_while_the_oldest_are_evicted() -> None:
    stage = Stage(max_rows=160)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[made_by(pid=pid) for pid in range(160)])
        await pilot.press("s", "s", "S", "home", *["down"] * 30)
        kept = stage.table.selected
        assert kept is not None
        assert kept.process.pid == 129
        await stage.give(pilot, *[made_by(pid=1000 + pid) for pid in range(60)])
        assert stage.app.session.store.first > 0
        assert stage.table.selected == kept


async def test_a_filter_keeps_the_order() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS, *ROWS)
        await pilot.press("s", "s", "home", "u")
        await settled(pilot, lambda: len(stage.rows) == 2)
        assert pids(stage) == [10, 10]
        await pilot.press("escape")
        await settled(pilot, lambda: pids(stage) == [10, 10, 20, 20, 30, 30])
        assert "▲ PID" in header(pilot)


async def test_a_long_sort_says_so_and_stops_saying_so() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        view = stage.app.session.view
        work, waiting = view.work, [True]
        view.work = lambda seconds: 0 if waiting else work(seconds)  # type: ignore[method-assign]
        await pilot.press("s", "s")
        assert "sorting" not in shown(pilot)
        stage.now += 1.0
        await settled(pilot, lambda: "Connections 3 · sorting …" in shown(pilot))
        assert pids(stage) == [30, 10, 20]
        waiting.clear()
        await settled(pilot, lambda: "sorting" not in shown(pilot))
        assert pids(stage) == [10, 20, 30]


async def test_rows_that_are_yet_to_be_sorted_in_look_like_no_filter() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("s", "s")
        await settled(pilot, lambda: pids(stage) == [10, 20, 30])
        stage.app.session.view.work = lambda seconds: 0  # type: ignore[method-assign]
        await stage.give(pilot, made_by(pid=15))
        assert pids(stage) == [10, 20, 30]
        assert "─ Connections 4 ─" in shown(pilot)


async def test_a_key_that_is_held_down_goes_ahead_of_sorting_and_does_not_hold_it_up() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        rows = [made_by(pid=9000 - number) for number in range(8000)]
        await stage.give(pilot, *rows)
        view = stage.app.session.view
        work = view.work
        # A step at a time: a quick machine would do it all in the first moment.
        view.work = lambda seconds: work(0)  # type: ignore[method-assign]
        stage.app.action_sort()
        stage.app.action_sort()
        pressed = 0
        while view.is_working:
            pilot.app.post_message(Key("j", "j"))
            pressed += 1
            await asyncio.sleep(0.005)
        assert pressed  # there was something to hold up
        await settled(pilot, lambda: pids(stage)[:2] == [1001, 1002])
