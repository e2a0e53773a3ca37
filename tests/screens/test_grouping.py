"""Rows in groups: keys, clicks, what stands still, and what filters do to it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from app.screens.detail import DetailScreen
from app.screens.grouped import SessionOutline
from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource, Resolution
from tests.connections import CURL, GITHUB
from tests.rows import many
from tests.screens.replayed import Replayed
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled, type_filter
from widgets.connection_table import ConnectionTable
from widgets.outline_row import OutlineRow

SECOND = 1_000_000_000
REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")


def made(
    program: str, host: str | None = "a.example", at: int = 0, **changes: object
) -> Connection:
    named = Host(host, HostSource.GETADDRINFO) if host else None
    process = replace(CURL, executable=program, user=changes.pop("user", "alice"))  # type: ignore[arg-type]
    row = replace(GITHUB, process=process, host=named, **changes)  # type: ignore[arg-type]
    return replace(row, time_ns=GITHUB.time_ns + at * SECOND)


ROWS = [
    made("/bin/one", at=1, user="bob"),
    *[made("/bin/three", at=2)] * 2,
    made("/bin/three", "b.example", at=3, outcome=REFUSED),
    *[made("/bin/two", at=4, system=AutonomousSystem(64500, "NET"))] * 2,
]


def outline(stage: Stage) -> SessionOutline:
    return stage.app.query_one(SessionOutline)


def lines(stage: Stage) -> list[str]:
    """What the groups' lines say, without their guides: name and columns; a connection is `-`."""
    table, found = outline(stage), []
    for row in range(table.row_count):
        line = table._line(row)
        if isinstance(line, OutlineRow):
            found.append(" ".join([line.label, *(text for text, _ in line.cells[:-1] if text)]))
        else:
            found.append("-")
    return found


def at_cursor(stage: Stage) -> str:
    return lines(stage)[outline(stage).cursor_row]


def title(pilot: Pilot[None]) -> str:
    return shown(pilot).splitlines()[0]


async def test_g_goes_through_all_groupings_and_back_to_none() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        seen = []
        for _ in range(5):
            await pilot.press("g")
            found = re.match(r"╭─ ([A-Z]\w*( \w+)?) \d+ · Connections 6 ─", title(pilot))
            assert found
            seen.append((found[1], lines(stage)))
            assert pilot.app.focused is outline(stage)
        assert seen == [
            ("Processes", ["/bin/three 3 2 1", "/bin/two 2 1", "/bin/one 1 1"]),
            ("Hosts", ["a.example 5 3", "b.example 1 1 1"]),
            ("Autonomous systems", ["GITHUB (36459) 4 2 1", "NET (64500) 2 1"]),
            ("Units", ["session-3.scope 6 2 1"]),
            ("Users", ["alice 5 2 1", "bob 1 1"]),
        ]
        await pilot.press("g")
        assert not outline(stage).display
        assert stage.table.display
        assert pilot.app.focused is stage.table
        await pilot.press("G")
        assert title(pilot).startswith("╭─ Users 2 ")
        await pilot.press("G", "G", "G", "G", "G")
        assert stage.table.display
        assert stage.app.session.view.grouped is None, "nobody counts any more"


async def test_enter_and_the_arrows_open_and_close() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g")
        closed = lines(stage)
        inside = ["a.example:443 2", "b.example:443 1 1"]
        await pilot.press("enter")
        assert lines(stage) == [closed[0], *inside, *closed[1:]]
        await pilot.press("enter")
        assert lines(stage) == closed
        await pilot.press("right")
        assert lines(stage) == [closed[0], *inside, *closed[1:]]
        await pilot.press("right")
        assert at_cursor(stage) == inside[0], "on into what is open"
        await pilot.press("right")
        assert lines(stage) == [closed[0], inside[0], "-", "-", inside[1], *closed[1:]]
        await pilot.press("right", "right")
        assert at_cursor(stage) == "-"
        await pilot.press("left")
        assert at_cursor(stage) == inside[0]
        await pilot.press("left")
        assert lines(stage) == [closed[0], *inside, *closed[1:]]
        await pilot.press("left")
        assert at_cursor(stage) == closed[0]
        await pilot.press("left", "left")
        assert lines(stage) == closed


async def test_a_click_moves_the_next_one_opens_and_one_on_the_mark_opens_at_once() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g")
        await pilot.click(SessionOutline, offset=(10, 3))
        assert at_cursor(stage) == "/bin/two 2 1"
        assert len(lines(stage)) == 3
        await pilot.click(SessionOutline, offset=(10, 3))
        await pilot.pause()
        assert lines(stage)[2:] == ["a.example:443 2", "/bin/one 1 1"]
        await pilot.click(SessionOutline, offset=(1, 3))
        await pilot.pause()
        assert len(lines(stage)) == 3
        await pilot.click(SessionOutline, offset=(1, 2))
        await pilot.pause()
        assert lines(stage)[1] == "a.example:443 2"
        assert at_cursor(stage) == "/bin/three 3 2 1"
        await pilot.click(SessionOutline, offset=(3, 3))
        await pilot.pause()
        assert lines(stage)[2:4] == ["-", "-"]
        await pilot.click(SessionOutline, offset=(20, 5))
        await pilot.click(SessionOutline, offset=(20, 5))
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)


async def test_enter_on_a_connection_opens_its_details() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "end", "right", "right", "right", "right", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)
        assert "Connection 1 of 6" in shown(pilot)
        assert "/bin/one" in shown(pilot)
        await pilot.press("escape")
        assert at_cursor(stage) == "-"
        assert pilot.app.focused is outline(stage)


async def test_p_keeps_a_group_or_a_destination_and_lifts_it_again() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "down", "p")
        assert lines(stage) == ["/bin/two 2 1"]
        assert "proc:=/bin/two" in shown(pilot)
        assert len(stage.rows) == 2
        await pilot.press("p")
        assert len(stage.rows) == 6
        assert at_cursor(stage) == "/bin/two 2 1", "the cursor stays"
        await pilot.press("up", "right", "down", "down", "p")
        assert stage.rows == [ROWS[3]]
        assert "host:=b.example" in shown(pilot)
        assert lines(stage) == ["/bin/three 1 1 1", "b.example:443 1 1"], "what is open stays so"
        await pilot.press("escape")
        assert len(stage.rows) == 6


async def test_exclamation_mark_leaves_a_group_or_a_destination_out() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "exclamation_mark")
        await settled(pilot, lambda: len(lines(stage)) == 2)
        assert str(stage.app.session.filters.typed) == "!proc:=/bin/three"
        await pilot.press("right", "down", "exclamation_mark")
        await settled(pilot, lambda: len(lines(stage)) == 1)
        assert len(stage.rows) == 1
        await pilot.press("escape")
        await settled(pilot, lambda: len(lines(stage)) >= 3)
        await pilot.press("home", "right", "down", "right", "down", "exclamation_mark")
        assert len(stage.rows) == len(ROWS)  # a connection is no group


async def test_p_and_u_on_a_connection_are_what_they_are_in_the_table() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "u")
        assert len(stage.rows) == 6, "a group of several users"
        await pilot.press("end", "right", "down", "right", "down", "u")
        assert stage.rows == [ROWS[0]]
        await pilot.press("u", "p")
        assert "pid:8549" in shown(pilot)


async def test_s_sorts_by_connections_last_time_and_failures() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g")
        orders = []
        for _ in range(4):
            header = shown(pilot).splitlines()[1]
            found = re.search(r"(\w+) ▼", header)
            assert found
            names = [line.split()[0].removeprefix("/bin/") for line in lines(stage)]
            orders.append((found[1], names))
            await pilot.press("s")
            await pilot.pause()
        assert orders == [
            ("Conns", ["three", "two", "one"]),
            ("Last", ["two", "three", "one"]),
            ("Failed", ["three", "two", "one"]),
            ("Conns", ["three", "two", "one"]),
        ]
        await pilot.click(SessionOutline, offset=(3, 1))
        await pilot.pause()
        assert "Failed ▼" in shown(pilot)
        await pilot.press("S")
        await pilot.pause(0.2)
        assert "Groups are sorted" in shown(pilot)


async def test_new_connections_count_up_in_place_once_the_cursor_has_moved() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g")
        assert "following" in shown(pilot)
        await stage.give(pilot, *[made("/bin/one", at=9)] * 9)
        await settled(pilot, lambda: lines(stage)[0] == "/bin/one 10 1")
        assert outline(stage).cursor_row == 0, "the highest stands first as they grow"
        await pilot.press("down")
        assert "f follows" in shown(pilot)
        await stage.give(pilot, *[made("/bin/two", at=10)] * 20, made("/bin/new", at=11))
        await settled(pilot, lambda: len(lines(stage)) == 4)
        assert lines(stage) == [
            "/bin/one 10 1",
            "/bin/three 3 2 1",
            "/bin/two 22 1",
            "/bin/new 1 1",
        ]
        assert at_cursor(stage) == "/bin/three 3 2 1"
        await pilot.press("f")
        assert lines(stage)[0] == "/bin/two 22 1"
        assert outline(stage).cursor_row == 0
        await pilot.press("f")
        assert "f follows" in shown(pilot)


async def test_the_cursor_stays_on_its_line_when_groups_above_it_grow() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        rows = [made(f"/bin/{number:02}", at=100 - number) for number in range(40)]
        await stage.give(pilot, *rows)
        await pilot.press("g", "right", *["down"] * 30)
        table = outline(stage)
        kept, line = at_cursor(stage), table.cursor_row - table.scroll_offset.y
        await stage.give(pilot, *[made("/bin/00", f"{number}.example") for number in range(9)])
        await settled(pilot, lambda: len(lines(stage)) == 50)
        assert at_cursor(stage) == kept
        assert table.cursor_row - table.scroll_offset.y == line


async def test_what_filters_the_table_filters_groups() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g")
        await type_filter(pilot, "host:b.example", "enter")
        assert lines(stage) == ["/bin/three 1 1 1"]
        assert pilot.app.focused is outline(stage)
        await type_filter(pilot, "nonesuch", "enter")
        assert "Nothing matches the filter" in shown(pilot)
        assert not outline(stage).display
        await pilot.press("escape")
        assert len(lines(stage)) == 3
        assert pilot.app.focused is outline(stage)


async def test_a_picked_time_limits_groups() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "t")
        await pilot.pause(0.2)
        await pilot.press("end")
        await settled(pilot, lambda: lines(stage) == ["/bin/two 2 1"])
        await pilot.press("t")
        assert len(lines(stage)) == 3
        assert pilot.app.focused is outline(stage)


async def test_a_late_name_moves_its_connections_to_another_group() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[made("/bin/one", None)] * 2)
        await pilot.press("g", "g")
        assert lines(stage) == ["140.82.118.3 2 1"]
        process = made("/bin/one").process
        await stage.give(pilot, Resolution(1, process, "140.82.118.3", "late.example"))
        await settled(pilot, lambda: lines(stage) == ["late.example 2 1"])


async def test_pause_holds_groups() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "space")
        await stage.give(pilot, *ROWS)
        await pilot.pause(0.7)
        assert lines(stage)[0] == "/bin/three 3 2 1"
        assert "paused, +6 new" in title(pilot)
        await pilot.press("space")
        await settled(pilot, lambda: lines(stage)[0] == "/bin/three 6 2 2")


async def test_very_many_groups_say_how_many_are_not_listed() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *[made(f"/bin/{number}") for number in range(620)])
        await pilot.press("g", "end")
        assert at_cursor(stage) == "… 120 more: a filter leaves fewer"
        await pilot.press("enter", "p", "right", "left", "u")
        assert len(stage.rows) == 620


async def test_an_empty_session_can_be_grouped_before_anything_comes() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until_attached(pilot)
        await pilot.press("g", "p", "enter", "left", "right")
        assert "Nothing seen yet" in shown(pilot)
        await stage.give(pilot, *ROWS)
        await settled(pilot, lambda: len(lines(stage)) == 3)
        assert pilot.app.focused is outline(stage)
        await pilot.press("g", "g", "g", "g", "g")
        assert isinstance(pilot.app.focused, ConnectionTable)


async def test_a_recording_that_is_played_again_stays_grouped() -> None:
    play = Replayed()
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        await pilot.press("g", "g", "minus")
        await play.until(pilot, lambda: len(play.rows) == 1)
        assert title(pilot).startswith("╭─ Hosts 1 ")
        assert isinstance(pilot.app.focused, SessionOutline)
        play.now += 100.0
        await play.all_there(pilot)
        assert len(play.rows) == len(recorded())


async def test_a_long_session_is_grouped_in_slices_between_keys() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.until_attached(pilot)
        stage.app.session.store.add(many(60_000))
        stage.app.session.view.catch_up()
        await settled(pilot, lambda: len(stage.rows_shown) == 60_000)
        view = stage.app.session.view
        work, steps = view.work, []

        def one_step(_seconds: float) -> int:
            steps.append(1)
            return work(0.0) if len(steps) < 4 else 0  # and no end before the key was answered

        view.work = one_step  # type: ignore[method-assign]
        await pilot.press("g", "G", "G")
        assert view.is_working
        assert outline(stage).display
        view.work = work  # type: ignore[method-assign]
        await settled(pilot, lambda: not view.is_working)
        assert sorted(line.split()[:2] for line in lines(stage)) == [
            ["u0", "20,400"],
            ["u1", "20,400"],
            ["u2", "19,200"],
        ]


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (140, 40), (220, 60)])
async def test_every_size_has_the_numbers_on_the_screen(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await stage.give(pilot, *recorded())
        for key, number in [*zip("ggggg", (58, 33, 33, 104, 104), strict=True), ("T", 104)]:
            await pilot.press(key)
            await pilot.pause()
            _, header, first, *_ = shown(pilot).splitlines()
            assert re.search("Conns ▼| All ", header)
            assert re.search(rf"▸ .*\S.* {number} |▾ .* {number} ", first)


async def test_without_news_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("g", "right")
        stage.now += 100.0  # the rate is 0 again
        await pilot.pause(1.0)
        painted: list[object] = []
        monkeypatch.setattr(stage.app, "_display", lambda *what: painted.append(what))
        await pilot.pause(1.0)
        assert painted == []
