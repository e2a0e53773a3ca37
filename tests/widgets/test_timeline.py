import pytest
from textual.app import App

from widgets.timeline import Timeline

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


class LineApp(App[None]):
    def __init__(self):
        super().__init__()
        self.told = []
        self.escaped = 0

    BINDINGS = [("escape", "escaped")]  # noqa: RUF012

    def compose(self):
        yield Timeline()

    def on_timeline_picked(self, event):
        self.told.append(event.span and tuple((at - START) // SECOND for at in event.span))

    def action_escaped(self):
        self.escaped += 1


def lines(timeline):
    return [timeline.render_line(y).text for y in range(timeline.size.height)]


async def started(pilot, counts, seconds=None):
    """A timeline of a second a count; it is 40 cells wide."""
    timeline = pilot.app.query_one(Timeline)
    timeline.set_counts(counts, START, START + (seconds or len(counts)) * SECOND)
    timeline.focus()
    await pilot.pause()
    assert timeline.cells == 40
    return timeline


async def test_bars_are_as_high_as_their_counts_and_little_shows_too():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = await started(pilot, [16, 8, 0, 1, 1600] + [0] * 35)
        above, below = lines(timeline)
        assert above == "    █" + " " * 35
        assert below == "▁▁ ▁█" + " " * 35
        timeline.set_counts([4, 2, 0, 1] + [4] * 36, START, START + 40 * SECOND)
        assert lines(timeline)[1][:4] == "██ ▄"
        assert lines(timeline)[0][:4] == "█   "


async def test_fewer_counts_than_cells_share_them():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = await started(pilot, [1, 0, 1, 0])
        assert lines(timeline)[1] == "█" * 10 + " " * 10 + "█" * 10 + " " * 10


async def test_arrows_pick_move_and_widen():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        await started(pilot, [1] * 40)
        await pilot.press("left")
        await pilot.press("left")
        await pilot.press("shift+right")
        await pilot.press("shift+left", "shift+left")
        await pilot.press("home", "left", "shift+right", "right")
        await pilot.press("end", "right")
        told = pilot.app.told
        assert told[:5] == [(39, 40), (38, 39), (38, 40), (38, 39), (0, 1)]
        assert told[5:] == [(0, 2), (1, 3), (39, 40)]


@pytest.mark.parametrize(("key", "first"), [("right", (0, 1)), ("left", (39, 40))])
async def test_the_first_arrow_picks_the_end_it_comes_from(key, first):
    async with LineApp().run_test(size=(42, 10)) as pilot:
        await started(pilot, [1] * 40)
        await pilot.press(key)
        assert pilot.app.told == [first]


async def test_escape_lifts_it_and_then_means_what_it_means_elsewhere():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = await started(pilot, [1] * 40)
        await pilot.press("left", "escape")
        assert pilot.app.told == [(39, 40), None]
        assert (timeline.picked, pilot.app.escaped) == (None, 0)
        await pilot.press("escape")
        assert pilot.app.escaped == 1


async def test_what_is_picked_stays_its_time_as_the_session_grows():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = await started(pilot, [1] * 40)
        await pilot.press("left")
        picked = timeline.picked
        timeline.set_counts([1] * 40, START, START + 80 * SECOND)
        await pilot.pause()
        assert timeline.picked == picked
        await pilot.press("right")
        assert pilot.app.told[-1] == (40, 42), "cells are two seconds now"


async def test_the_mouse_picks_a_cell_and_a_stretch():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        await started(pilot, [1] * 40)
        await pilot.mouse_down(Timeline, offset=(11, 1))
        await pilot.hover(Timeline, offset=(6, 1))
        await pilot.mouse_up(Timeline, offset=(6, 1))
        assert pilot.app.told == [(10, 11), (5, 11)]
        await pilot.hover(Timeline, offset=(20, 1))
        assert len(pilot.app.told) == 2


async def test_nothing_can_be_picked_of_nothing():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = pilot.app.query_one(Timeline)
        timeline.focus()
        await pilot.press("left", "right", "home", "end", "shift+right")
        assert pilot.app.told == []
        assert lines(timeline) == [" " * 40] * 2


async def test_it_says_from_when_to_when_and_what_is_picked():
    async with LineApp().run_test(size=(42, 10)) as pilot:
        timeline = await started(pilot, [1] * 40)
        assert timeline.border_title.startswith("Timeline ")
        assert "pick a time" in timeline.border_subtitle
        await pilot.press("left")
        assert "escape lifts" in timeline.border_subtitle
        day = 86_400
        timeline.set_counts([1] * 40, START, START + 2 * day * SECOND)
        assert "Nov" in timeline.border_title
