"""The lines of an outline, and the table that shows them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from probes.record import Connection
from tests.connections import GITHUB
from tests.screens.shown import shown
from widgets.outline_row import (
    Cut,
    OutlineColumn,
    OutlineForm,
    OutlineRow,
    row_pieces,
    title_text,
)
from widgets.outline_table import OutlineTable
from widgets.tones import Tone

FORM = OutlineForm(
    "Process",
    (OutlineColumn("Conns", 7, 3), OutlineColumn("Failed", 8, 2), OutlineColumn("Last", 8, 1)),
    "Conns",
)
CELLS = (("12", Tone.PLAIN), ("3", Tone.FAILED), ("10:00:00", Tone.MUTED))
ROW = OutlineRow("/usr/local/bin/program", CELLS, is_open=False, cut=Cut.FOLDERS)


def text(row: OutlineRow, width: int) -> str:
    return "".join(piece for piece, _ in row_pieces(row, FORM, width))


@pytest.mark.parametrize("width", [1, 5, 16, 20, 30, 37, 48, 60, 80, 138, 200])
@pytest.mark.parametrize(
    "row",
    [
        ROW,
        OutlineRow(
            "名前" * 30, CELLS, "│ └─", note="a note", state="ended", is_over=True, share=0.5
        ),
        OutlineRow("", (), "│ " * 40, is_open=True),
        OutlineRow("\x1b[2J\n", CELLS, note="\x1b", share=1.0),
    ],
)
def test_a_line_fills_its_width_and_no_more_and_is_safe(row: OutlineRow, width: int) -> None:
    line = text(row, width)
    assert line.isprintable()
    if width >= 16:
        assert cell_len(line) == cell_len(title_text(FORM, width)) == width


def test_columns_give_way_to_the_name() -> None:
    assert text(ROW, 60).split() == ["▸", "/usr/local/bin/program", "12", "3", "10:00:00"]
    assert text(ROW, 42).split() == ["▸", "…/bin/program", "12", "3", "10:00:00"]
    assert text(ROW, 40).split() == ["▸", "…/local/bin/program", "12", "3"]
    assert text(ROW, 28).split() == ["▸", "…/bin/program", "12"]
    assert text(ROW, 20).split() == ["▸", "…/bin/program"]
    assert title_text(FORM, 60).split() == ["Process", "Conns", "▼", "Failed", "Last"]


def test_a_wide_line_has_a_bar_and_the_numbers_stay_near_the_name() -> None:
    row = OutlineRow("name", CELLS, share=0.5)
    line = text(row, 160)
    assert line.index("12") < 90
    assert line.count("█") == 20
    assert "█" not in text(row, 100)


def test_what_has_ended_says_so_and_is_not_muted_where_it_failed() -> None:
    row = OutlineRow("/bin/x", CELLS, state="ended", note="arguments", is_over=True)
    pieces = row_pieces(row, FORM, 80)
    assert {tone for piece, tone in pieces if piece.strip()} == {Tone.MUTED, Tone.FAILED}
    assert "ended  arguments" in text(row, 80)
    assert "ended" in text(row, 48)


class Screen(App[None]):
    """A table of lines, and what it says."""

    def __init__(self, lines: list[OutlineRow | Connection | None]) -> None:
        super().__init__()
        self.lines = lines
        self.said: list[object] = []

    def compose(self) -> ComposeResult:
        yield OutlineTable()

    def on_mount(self) -> None:
        self.query_one(OutlineTable).set_lines(self.lines, FORM)

    def on_outline_table_chosen(self, event: OutlineTable.Chosen) -> None:
        assert event.control is self.query_one(OutlineTable)
        self.said.append(event.row)

    def on_outline_table_turned(self, event: OutlineTable.Turned) -> None:
        assert event.control is self.query_one(OutlineTable)
        self.said.append((event.row, event.is_open))


async def test_a_connection_stands_in_the_columns_of_the_table_further_in() -> None:
    app = Screen([ROW, GITHUB, None])
    async with app.run_test(size=(100, 10)) as pilot:
        line = shown(pilot).splitlines()[3]
        assert line.startswith("│    ")
        assert "github.com" in line
        assert "…/bin/curl" in line or "/usr/bin/curl" in line
        assert set(shown(pilot).splitlines()[4][1:-1]) == {" "}


async def test_keys_and_clicks_say_what_is_wanted() -> None:
    app = Screen([ROW, GITHUB])
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.press("right", "left", "enter", "down", "right", "enter")
        assert app.said == [(0, True), (0, False), 0, (1, True), 1]
        app.said.clear()
        await pilot.click(OutlineTable, offset=(1, 2))
        await pilot.click(OutlineTable, offset=(1, 3))
        await pilot.click(OutlineTable, offset=(1, 3))
        await pilot.click(OutlineTable, offset=(1, 6))
        assert app.said == [(0, None), 1]


async def test_it_follows_its_first_line_until_somebody_moves() -> None:
    lines: list[OutlineRow | Connection | None] = [
        OutlineRow(str(number), CELLS) for number in range(100)
    ]
    app = Screen(lines)
    async with app.run_test(size=(80, 10)) as pilot:
        table = app.query_one(OutlineTable)
        assert table.following
        lines.insert(0, OutlineRow("new", CELLS))
        table.reread()
        assert (table.cursor_row, table.scroll_offset.y) == (0, 0)
        await pilot.press("end")
        assert (table.cursor_row, table.following) == (100, False)
        table.following = True
        assert (table.cursor_row, table.scroll_offset.y) == (0, 0)
        table.scroll_to(y=5, animate=False)
        assert not table.following
        await pilot.press("down", "pagedown", "home")
        assert table.cursor_row == 0
        del lines[3:]
        table.reread()
        await pilot.press("end")
        assert table.cursor_row == 2
