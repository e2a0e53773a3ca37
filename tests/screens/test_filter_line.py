"""The filter line, keyed as a person would."""

from __future__ import annotations

from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from app.settings.saved import SavedFilters
from tests.connections import GITHUB, NETLINK, made_by
from tests.screens.shown import shown
from tests.screens.stage import Stage, settled, type_filter
from widgets.filter_bar import FilterBar

WGET = made_by(executable="/usr/bin/wget", comm="wget", pid=77)


def bar(pilot: Pilot[None]) -> FilterBar:
    return pilot.app.query_one(FilterBar)


async def test_what_is_typed_is_tried_when_the_keys_rest() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET, NETLINK)
        await type_filter(pilot, "proc:wget")
        await settled(pilot, lambda: stage.rows == [WGET])
        assert bar(pilot).is_open
        await pilot.press(*" or")
        await pilot.pause(0.3)
        assert "must follow 'or'" in shown(pilot)
        assert stage.rows == [WGET]  # the last good one stays in force
        await pilot.press("space", *"port:443")
        await settled(pilot, lambda: len(stage.rows) == 2)
        await pilot.press("escape")
        await settled(pilot, lambda: len(stage.rows) == 3)
        assert not bar(pilot).is_open
        assert stage.app.session.filters.parts == []


async def test_escape_brings_back_the_filter_that_was_in_force() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        await type_filter(pilot, "proc:curl", "enter")
        await type_filter(pilot, "proc:wget")
        await settled(pilot, lambda: stage.rows == [WGET])
        await pilot.press("escape")
        await settled(pilot, lambda: stage.rows == [GITHUB])


async def test_tab_and_the_right_arrow_complete_from_the_session() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        await pilot.press("slash", *"!pro", "tab")
        assert bar(pilot).text == "!proc:"
        await pilot.press("w", "right")
        await pilot.pause()
        await pilot.press("right")
        assert bar(pilot).text == "!proc:wget"
        assert pilot.app.focused is bar(pilot).query_one(Input)
        await pilot.press("space", *"x", "tab")  # nothing begins so
        assert bar(pilot).text == "!proc:wget x"
        assert pilot.app.focused is bar(pilot).query_one(Input)


async def test_what_a_word_may_become_is_listed_below() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, made_by(user="root"), GITHUB)
        await type_filter(pilot, "port:443 user:")
        listed = "tab  alice  1000  root"
        await settled(pilot, lambda: listed in shown(pilot))
        assert "needs a value" not in shown(pilot)
        await pilot.press("backspace", "enter")
        assert stage.rows == []  # the word `user`, which stands nowhere
        await type_filter(pilot, "user:", "enter")
        await settled(pilot, lambda: "'user:' needs a value" in shown(pilot))


async def test_a_mistake_is_underlined() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB)
        await type_filter(pilot, "curl prot:80")
        line = bar(pilot).query_one(Input)
        underlined = "".join(
            segment.text
            for segment in line.render_line(0)
            if segment.style is not None and segment.style.underline
        )
        assert underlined == "prot"
        await pilot.press(*["backspace"] * 8)
        assert bar(pilot).mistake is None


async def test_a_filter_is_saved_by_name_and_used(tmp_path: Path) -> None:
    path = tmp_path / "filters.toml"
    stage = Stage(saved=SavedFilters(path))
    async with stage.app.run_test(size=(140, 40), notifications=True) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        await type_filter(pilot, "@tools = proc:wget or proc:nano", "enter")
        await settled(pilot, lambda: stage.rows == [WGET])
        assert stage.app.session.filters.parts == ["@tools"]
        assert "tools" in path.read_text()
        await type_filter(pilot, "!@to", "tab", "enter")
        await settled(pilot, lambda: stage.rows == [GITHUB])
        assert bar(pilot).text == "!@tools"
        await type_filter(pilot, "@tools =", "enter")
        await settled(pilot, lambda: "tools" not in path.read_text().partition("\n\n")[2])
        path.write_text("[")
        await type_filter(pilot, "port:443")
        await settled(pilot, lambda: "Saved filters" in shown(pilot))


async def test_rows_leave_by_their_age_while_one_looks() -> None:
    stage = Stage()
    now = GITHUB.time_ns
    stage.app.session._now_ns = lambda: now
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        await type_filter(pilot, "since:5m", "enter")
        assert len(stage.rows) == 2
        now += 301 * 10**9
        await settled(pilot, lambda: not stage.rows)
        assert "Nothing matches the filter" in shown(pilot)
        await pilot.press("escape")
        assert len(stage.rows) == 2


async def test_what_is_typed_behind_the_slash_at_once_is_no_key_of_the_table() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        for key in ("slash", *"peg/t"):
            pilot.app.post_message(Key("slash" if key == "/" else key, key.replace("slash", "/")))
        await settled(pilot, lambda: bar(pilot).text == "peg/t")
        assert bar(pilot).is_open
        assert len(pilot.app.screen_stack) == 1  # and no file is asked for


async def test_a_key_right_before_the_slash_acts_on_the_table() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, GITHUB, WGET)
        for key in ("p", "slash", "x"):
            pilot.app.post_message(Key(key, key if len(key) == 1 else "/"))
        await settled(pilot, lambda: bar(pilot).text == "x")
        assert f"pid:{WGET.process.pid}" in stage.app.session.filters.parts
