import pytest
from textual import on
from textual.app import App
from textual.events import MouseScrollUp
from textual.widgets import DataTable
from widget_samples import HOSTILE, Numbered, connection, process

from probes.record import Host, HostSource
from widgets.connection_table import ConnectionTable

SIZES = pytest.mark.parametrize("size", [(80, 24), (140, 40)])


class TableApp(App[None]):
    def __init__(self, rows):
        super().__init__()
        self.table = ConnectionTable(rows)
        self.told = []

    def compose(self):
        yield self.table

    def on_connection_table_follow_changed(self, message):
        self.told.append(message.following)

    def on_connection_table_row_selected(self, message):
        self.told.append(message.connection)

    def on_data_table_header_selected(self, message):
        self.told.append(message.column_key.value)


def ports(table):
    """The ports of the rows on the screen, from the top."""
    shown = []
    for y in range(1, table.size.height):
        text = table.render_line(y).text
        if "192.0.2.1:" in text:
            shown.append(int(text.split("192.0.2.1:")[1].split()[0]))
    return shown


async def grow(pilot, rows, number, evicted=0):
    rows.last += number
    rows.first += evicted
    pilot.app.table.refresh_rows(evicted)
    await pilot.pause()


@SIZES
async def test_it_follows_the_newest_row(size):
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=size) as pilot:
        table = pilot.app.table
        assert ports(table)[-1] == 499
        assert len(ports(table)) == size[1] - 3
        await grow(pilot, rows, 200)
        assert ports(table)[-1] == 699
        assert table.selected == connection(699)
        assert pilot.app.told == []


@SIZES
@pytest.mark.parametrize("key", ["up", "pageup", "k", "home", "ctrl+home"])
async def test_moving_away_stands_still_until_end(size, key):
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=size) as pilot:
        table = pilot.app.table
        await pilot.press(key)
        assert pilot.app.told == [False]
        before, selected = ports(table), table.selected
        await grow(pilot, rows, 200)
        assert ports(table) == before
        assert table.selected == selected
        await pilot.press("end")
        assert pilot.app.told == [False, True]
        assert ports(table)[-1] == 699
        await grow(pilot, rows, 10)
        assert ports(table)[-1] == 709


async def test_ctrl_end_and_the_property_follow_again():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        for again in (lambda: pilot.press("ctrl+end"), lambda: setattr(table, "following", True)):
            await pilot.press("home")
            assert ports(table)[0] == 0
            if (waiting := again()) is not None:
                await waiting
            await pilot.pause()
            assert ports(table)[-1] == 499
        assert pilot.app.told == [False, True, False, True]


async def test_down_on_the_newest_row_goes_on_following():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        rows.last += 50  # arrived, but not yet announced
        await pilot.press("down")
        assert pilot.app.table.following


async def test_the_wheel_stands_still_and_leaves_the_cursor():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        table.post_message(MouseScrollUp(table, 5, 5, 0, -1, 0, False, False, False))
        await pilot.pause()
        assert not table.following
        before = ports(table)
        assert before[-1] < 499
        assert table.selected == connection(499)
        await grow(pilot, rows, 100)
        assert ports(table) == before
        assert table.rows_below == 599 - before[-1]


@SIZES
async def test_keys_move_by_line_and_by_page(size):
    rows = Numbered(500)
    page = size[1] - 3
    async with TableApp(rows).run_test(size=size) as pilot:
        table = pilot.app.table
        await pilot.press("home", "down", "down", "j")
        assert table.cursor_row == 3
        await pilot.press("pagedown")
        assert table.cursor_row == 3 + page
        assert table.selected.port in ports(table)
        await pilot.press("pageup", "pageup")
        assert table.cursor_row == 0
        await pilot.press("up")
        assert table.cursor_row == 0
        await pilot.press("end", "up")
        assert table.cursor_row == 498


async def test_enter_tells_which_connection():
    async with TableApp(Numbered(50)).run_test(size=(80, 24)) as pilot:
        await pilot.press("home", "down", "enter")
        assert pilot.app.told[-1] == connection(1)


async def test_a_click_moves_the_cursor_and_a_second_one_chooses():
    async with TableApp(Numbered(50)).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        await pilot.press("home")
        await pilot.click(table, offset=(20, 7))  # border, header, then row 5
        assert table.selected == connection(5)
        assert pilot.app.told == [False]
        await pilot.click(table, offset=(20, 7))
        assert pilot.app.told[-1] == connection(5)


async def test_a_click_on_the_header_names_the_column():
    async with TableApp(Numbered(50)).run_test(size=(140, 40)) as pilot:
        x = pilot.app.table.render_line(0).text.index("Process")
        await pilot.click(pilot.app.table, offset=(x + 1, 1))
        assert pilot.app.told == ["process"]


async def test_a_click_below_the_last_row_changes_nothing():
    async with TableApp(Numbered(3)).run_test(size=(80, 24)) as pilot:
        await pilot.click(pilot.app.table, offset=(20, 15))
        assert pilot.app.table.cursor_row == 2
        assert pilot.app.told == []


async def test_evicted_rows_leave_cursor_and_view_on_their_connections():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        table.following = False
        table.move_cursor(row=300)
        await pilot.pause()
        before = ports(table)
        await grow(pilot, rows, 200, evicted=120)
        assert table.selected == connection(300)
        assert ports(table) == before
        assert len(pilot.app.told) == 1
        await grow(pilot, rows, 0, evicted=400)  # its own row left too
        assert table.selected == connection(520)
        assert ports(table)[0] == 520


async def test_evicted_rows_while_following():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        await grow(pilot, rows, 30, evicted=30)
        assert ports(pilot.app.table)[-1] == 529
        assert pilot.app.table.following


async def test_fewer_rows_after_a_filter():
    rows = Numbered(500)
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        await pilot.press("up")
        table.set_rows(Numbered(3))
        await pilot.pause()
        assert ports(table) == [0, 1, 2]
        assert table.selected == connection(2)
        table.set_rows(Numbered(0))
        await pilot.pause()
        assert ports(table) == []
        assert table.selected is None
        await pilot.press("enter", "up", "down", "pageup", "pagedown", "end", "home")
        table.set_rows(rows, cursor=77)
        await pilot.pause()
        assert table.selected == connection(77) or table.following


async def test_set_rows_can_keep_the_place():
    async with TableApp(Numbered(500)).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        await pilot.press("home")
        table.set_rows(Numbered(900, first=100), cursor=250)
        await pilot.pause()
        assert table.selected == connection(350)
        assert 350 in ports(table)


async def test_a_resize_lays_out_anew_and_still_follows():
    async with TableApp(Numbered(500)).run_test(size=(140, 40)) as pilot:
        table = pilot.app.table
        assert "AF" in table.render_line(0).text.split()
        for size in ((80, 24), (140, 40), (40, 10), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert table.following
            assert table.selected == connection(499)
            assert "192.0.2.1:499" in table.render_line(table.size.height - 1).text
        assert pilot.app.told == []


async def test_a_million_rows_are_not_read():
    rows = Numbered(1_000_000)
    async with TableApp(rows).run_test(size=(140, 40)) as pilot:
        table = pilot.app.table
        assert ports(table)[-1] == 999_999
        rows.asked = 0
        await grow(pilot, rows, 200)
        await pilot.press("home", "pagedown", "end", "pageup")
        await pilot.click(table, offset=(20, 7))
        assert rows.asked < 5_000
        assert table.row_count == 1_000_200
        assert not table.rows
        assert table.get_row_at(500_000)[-4] == "192.0.2.1:500000"


async def test_hostile_text_does_not_reach_the_screen_as_it_is():
    rows = [
        connection(
            1, process=process(HOSTILE, user=HOSTILE), host=Host(HOSTILE, HostSource.GETADDRINFO)
        ),
        connection(2),
    ]
    async with TableApp(rows).run_test(size=(80, 24)) as pilot:
        table = pilot.app.table
        for y in range(table.size.height):
            strip = table.render_line(y)
            assert strip.text.isprintable()
            assert strip.cell_length == table.size.width
            assert not any(segment.style and segment.style.meta for segment in strip)
        assert any(r"\x1b" in cell for cell in table.get_row_at(0))


async def test_it_is_a_data_table_to_those_who_listen():
    class Listening(TableApp):
        @on(DataTable.RowSelected)
        @on(DataTable.RowHighlighted)
        def hear(self, message):
            self.told.append((type(message).__name__, message.cursor_row))

    async with Listening(Numbered(9)).run_test(size=(80, 24)) as pilot:
        await pilot.press("up", "enter")
        assert pilot.app.told.count(("RowSelected", 7)) == 1
        assert ("RowHighlighted", 7) in pilot.app.told


async def test_rows_given_before_the_screen_exists_are_shown():
    app = TableApp(Numbered(5))
    app.table.set_rows(Numbered(9))
    async with app.run_test(size=(80, 24)):
        assert ports(app.table) == list(range(9))
