from textual.app import App
from textual.widgets import Input, Static
from widget_samples import HOSTILE

from widgets.filter_bar import FilterBar


class FilterApp(App[None]):
    def __init__(self):
        super().__init__()
        self.told = []

    def compose(self):
        yield FilterBar()

    @property
    def bar(self):
        return self.query_one(FilterBar)

    def message(self):
        return str(self.query_one(".filter-bar--message", Static).render())

    def on_filter_bar_changed(self, message):
        self.told.append(("changed", message.text))

    def on_filter_bar_submitted(self, message):
        self.told.append(("submitted", message.text))

    def on_filter_bar_cancelled(self):
        self.told.append(("cancelled",))


async def test_it_is_hidden_until_opened_and_hidden_again():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert app.bar.size.height == 0
        app.bar.open("pid:1")
        await pilot.pause()
        assert app.bar.size.height == 2
        assert app.focused is app.query_one(Input)
        app.bar.close()
        await pilot.pause()
        assert app.bar.size.height == 0


async def test_typing_tells_each_text_and_enter_the_last():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        pilot.app.bar.open("pid:1")
        await pilot.press("2", "enter")
        assert pilot.app.told == [("changed", "pid:12"), ("submitted", "pid:12")]
        assert pilot.app.bar.is_open


async def test_the_keys_go_back_at_once_to_whom_they_were_for():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        before = Input()
        await pilot.app.mount(before)
        pilot.app.set_focus(before)
        pilot.app.bar.open()
        pilot.app.bar.open("pid:1")
        pilot.app.bar.close()
        assert pilot.app.focused is before


async def test_closing_leaves_the_keys_where_they_went_meanwhile():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        other = Input()
        await pilot.app.mount(other)
        pilot.app.bar.open()
        pilot.app.set_focus(other)
        pilot.app.bar.close()
        assert pilot.app.focused is other


async def test_escape_closes_and_tells():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        pilot.app.bar.open()
        await pilot.press("x", "escape")
        assert pilot.app.told[-1] == ("cancelled",)
        assert not pilot.app.bar.is_open


async def test_an_error_points_at_its_place_and_keeps_the_line_open():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        app.bar.open("漢 pidd:1")
        await pilot.pause()
        height = app.bar.size.height
        app.bar.show_error("unknown field", position=2)
        await pilot.pause()
        line = app.query_one(Input)
        cell = line.region.x + 3  # the wide character and the space take three cells
        assert app.message().index("^") == cell
        assert "unknown field" in app.message()
        assert app.bar.is_open
        assert app.bar.size.height == height
        await pilot.press("backspace")
        assert "unknown field" not in app.message()


async def test_an_error_at_the_far_end_stays_on_the_line():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        app.bar.open("a" * 60 + " port:x")
        await pilot.pause()
        app.bar.show_error("a port is a number from 1 to 65535", position=66)
        assert app.message().rstrip().endswith("^")
        assert app.message().index("^") == app.query_one(Input).region.x + 66
        app.bar.show_error("wrong " * 40, position=66)
        assert len(app.message()) <= 80


async def test_hostile_text_in_an_error_or_a_part_is_only_shown():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        app.bar.show_active([HOSTILE])
        app.bar.open()
        app.bar.show_error(HOSTILE)
        await pilot.pause()
        assert app.message().isprintable()
        assert r"\x1b[31mred" in app.message()
        active = str(app.query_one(".filter-bar--active", Static).render())
        assert active.isprintable()
        assert "[red]x[/red]" in active


async def test_the_filter_in_force_has_a_line_of_its_own():
    async with FilterApp().run_test(size=(80, 24)) as pilot:
        bar = pilot.app.bar
        bar.show_active(["pid 1234", "user alice"])
        await pilot.pause()
        assert bar.size.height == 1
        assert "pid 1234" in str(pilot.app.query_one(".filter-bar--active", Static).render())
        bar.open()
        await pilot.pause()
        assert bar.size.height == 2
        bar.close()
        bar.show_active([])
        await pilot.pause()
        assert bar.size.height == 0
