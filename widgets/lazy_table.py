"""A `DataTable` that holds no rows: it keeps a count, and draws only what is visible.

The stock table spends time and memory on every row (Textual 8.2.8: 0.3 ms for each one added, 70 ms
for one removed among 10,000). This one costs the same with a million rows as with a thousand. It
overrides three private members (`_total_row_height`, `_get_row_region`, `_highlight_row`) and calls
one (`_scroll_update`); tests/widgets guards them, and pyproject.toml pins Textual's major version.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import DataTable
from textual.widgets.data_table import Row


class LazyTable(DataTable[str]):
    """Rows one line high, following the newest or standing still.

    A subclass draws them (`render_line`), says which column a click on the header means
    (`column_at`) and tells the application what happened (`row_lit`, `row_chosen`,
    `follow_changed`). All rows are known by their position, the oldest at 0.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Cursor down", show=False),
        Binding("k", "cursor_up", "Cursor up", show=False),
    ]

    following: reactive[bool] = reactive(True, init=False)
    """Whether the cursor stays on the newest row as rows come in."""

    newest_last: bool = True
    """Whether the last row is the newest; where it is not, there is nothing to follow."""

    def __init__(self, count: int, *, id: str | None = None, classes: str | None = None) -> None:
        # First, because DataTable asks for the rows while it is being made.
        self._count = count
        self._hover_y: int | None = None
        super().__init__(cursor_type="row", cell_padding=0, id=id, classes=classes)

    # What a subclass says.

    def column_at(self, x: int) -> int:
        """Give the index of the column that holds cell `x` of the header."""
        raise NotImplementedError

    def row_lit(self, row: int) -> None:
        """Tell that the cursor came to `row`, or that another row came under it."""
        raise NotImplementedError

    def row_chosen(self, row: int) -> None:
        """Tell that enter was pressed on `row`, or the row under the cursor was clicked."""
        raise NotImplementedError

    def follow_changed(self, following: bool) -> None:
        """Tell that the table started or ceased to stay at the newest row."""
        raise NotImplementedError

    # What the subclass uses.

    def recount(self, count: int, evicted: int = 0, *, changed: bool = True) -> None:
        """Go on with `count` rows, `evicted` fewer of them ahead of the cursor's than before.

        Cursor and view stay on the same rows, unless those have left or the table follows.
        `changed`: rows that were there may look different; else there are only more at the end.
        """
        was_full = self._count >= self.scroll_offset.y + self._page
        self._count = count
        if not self.is_mounted:
            return
        row, position = self.cursor_row, self.scroll_offset.y
        if self.following:
            self._measure()
            self._to_newest()
        elif evicted:
            # Without its watcher: the cursor stays on its row, so nobody has moved it.
            self.set_reactive(DataTable.cursor_coordinate, Coordinate(max(0, row - evicted), 0))
            self._measure()
            self.scroll_to(y=max(0, position - evicted), animate=False, force=True)
        else:
            self._measure()
        if self.cursor_row >= count > 0:
            self.move_cursor(row=count - 1)
        elif row < evicted and not self.following:
            self._highlight_row(self.cursor_row)
        if self.following or evicted or changed or not was_full:
            self.refresh()

    @property
    def line_width(self) -> int:
        """The cells of a row, whether there is a scroll bar beside it or not."""
        return max(0, self.size.width - self.styles.scrollbar_size_vertical)

    @property
    def rows_below(self) -> int:
        """How many rows there are below the last visible one."""
        return max(0, self._count - self.scroll_offset.y - self._page)

    def row_at(self, y: int) -> int:
        """Give the row on line `y` of the screen's part of the table; it may not exist."""
        return y - self.header_height + self.scroll_offset.y

    # What DataTable asks of itself.

    @property
    def row_count(self) -> int:
        """The number of rows at the last count."""
        return self._count

    @property
    def ordered_rows(self) -> list[Row]:
        """Empty: there is no `Row` object for a row, each is one line high."""
        return []

    @property
    def _total_row_height(self) -> int:
        return self._count

    def is_valid_row_index(self, row_index: int) -> bool:
        """Whether a row stands at `row_index`."""
        return 0 <= row_index < self._count

    def _get_row_region(self, row_index: int) -> Region:
        if not self.is_valid_row_index(row_index):
            return Region()
        return Region(0, row_index + self.header_height, self.size.width, 1)

    def _highlight_row(self, row_index: int) -> None:
        self.refresh_row(row_index)
        if self.is_valid_row_index(row_index):
            self.row_lit(row_index)

    # Keys, mouse and size.

    def watch_cursor_coordinate(self, old: Coordinate, new: Coordinate) -> None:
        """Stand still once the cursor has moved away from the newest row."""
        super().watch_cursor_coordinate(old, new)
        if new.row < self._count - 1:
            self.following = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stand still once the view has moved away from the end."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and round(new_value) < self.max_scroll_y:
            self.following = False

    def validate_following(self, following: bool) -> bool:
        """See `newest_last`."""
        return following and self.newest_last

    def watch_following(self, following: bool) -> None:
        """Go to the newest row where that is what was asked for, and tell."""
        if following and self.is_mounted:
            self._to_newest()
        self.follow_changed(following)

    def action_page_down(self) -> None:
        """Move cursor and view down by what is visible."""
        self._page_by(self._page)

    def action_page_up(self) -> None:
        """Move cursor and view up by what is visible."""
        self._page_by(-self._page)

    def action_scroll_home(self) -> None:
        """Move to the oldest row; there is nothing to the left to go to."""
        self.action_scroll_top()

    def action_scroll_end(self) -> None:
        """Move to the last row; where that is the newest, follow."""
        self.action_scroll_bottom()

    def action_scroll_bottom(self) -> None:
        """Move to the last row; where that is the newest, follow."""
        self.following = True
        self._to_newest()

    def action_select_cursor(self) -> None:
        """Tell which row was chosen."""
        if self.is_valid_row_index(self.cursor_row):
            self.row_chosen(self.cursor_row)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row; on the row that has it already, choose it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x >= self.scrollable_content_region.width:
            return
        event.prevent_default()
        event.stop()
        row = self.row_at(offset.y)
        if offset.y < self.header_height:
            index = self.column_at(offset.x)
            column = self.ordered_columns[index]
            label = Text(str(column.label))
            self.post_message(DataTable.HeaderSelected(self, column.key, index, label))
        elif row == self.cursor_row:
            self.action_select_cursor()
        elif self.is_valid_row_index(row):
            self.cursor_coordinate = Coordinate(row, 0)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Light the line under the mouse, by its place on the screen: rows move beneath it."""
        event.prevent_default()
        offset = event.get_content_offset(self)
        self._hover(None if offset is None else offset.y)

    def on_leave(self) -> None:
        """Put the light out."""
        self._hover(None)

    def on_resize(self) -> None:
        """Measure anew, and stay at the newest row where the table follows."""
        self._measure()
        if self.following:
            self._to_newest()
        self.refresh()

    @property
    def _page(self) -> int:
        """How many rows are visible."""
        return max(1, self.scrollable_content_region.height - self.header_height)

    def _page_by(self, rows: int) -> None:
        target = max(0, min(self._count - 1, self.cursor_row + rows))
        self.scroll_relative(y=rows, animate=False, force=True)
        self.move_cursor(row=target)

    def _hover(self, y: int | None) -> None:
        if y != self._hover_y:
            for line in (self._hover_y, y):
                if line is not None:
                    self.refresh(Region(0, line, self.size.width, 1))
            self._hover_y = y

    def _to_newest(self) -> None:
        if self._count:
            self.cursor_coordinate = Coordinate(self._count - 1, 0)
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _measure(self) -> None:
        """Tell the scroll bar how long the table is."""
        # Not through the reactive, which would lay the whole screen out anew ten times a second.
        size = Size(self.line_width, self._count + self.header_height)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
