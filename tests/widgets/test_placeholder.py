from textual.app import App
from textual.widgets import Static
from widget_samples import HOSTILE

from widgets.placeholder import Placeholder


class PlaceholderApp(App[None]):
    def compose(self):
        yield Placeholder("Compiling the probes…", "The first start takes two seconds.")

    def texts(self):
        return [str(part.render()).strip() for part in self.query(Static)]


async def test_it_says_what_is_awaited_and_what_comes_next():
    async with PlaceholderApp().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert app.texts() == ["Compiling the probes…", "The first start takes two seconds."]
        app.query_one(Placeholder).show("Nothing matches the filter.", "escape clears it")
        assert app.texts() == ["Nothing matches the filter.", "escape clears it"]


async def test_it_stands_in_the_middle():
    async with PlaceholderApp().run_test(size=(80, 24)) as pilot:
        title, hints = pilot.app.query(Static)
        assert 9 <= title.region.y <= 12
        assert hints.region.y == title.region.bottom


async def test_long_lines_wrap_where_the_terminal_is_small():
    async with PlaceholderApp().run_test(size=(24, 10)) as pilot:
        pilot.app.query_one(Placeholder).show("The terminal is too small", "It needs 60 by 15.")
        await pilot.pause()
        title, hints = pilot.app.query(Static)
        assert title.size.height == 2
        assert hints.region.bottom <= 10


async def test_an_error_looks_like_one_and_hostile_text_does_nothing():
    async with PlaceholderApp().run_test(size=(80, 24)) as pilot:
        placeholder = pilot.app.query_one(Placeholder)
        plain = pilot.app.query(Static).first().styles.color
        placeholder.show("The probes were refused", HOSTILE, error=True)
        await pilot.pause()
        assert pilot.app.query(Static).first().styles.color != plain
        assert pilot.app.texts()[1].isprintable()
        assert "[red]x[/red]" in pilot.app.texts()[1]
        placeholder.show("Nothing seen yet")
        await pilot.pause()
        assert pilot.app.query(Static).first().styles.color == plain
