"""The live table of connections: a `DataTable` that holds no rows and reads only what is visible.

The stock table spends time and memory on every row (measured, Textual 8.2.8: 0.3 ms for each row
added, 70 ms for one removed among 10,000). This one keeps a count and asks its provider for the
forty rows on the screen, so a refresh costs the same with a million rows as with a thousand. That
takes overriding three private members (`_total_row_height`, `_get_row_region`,
`_highlight_row`) and calling one (`_scroll_update`); tests/widgets guards them, and pyproject.toml
pins Textual's major version.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import DataTable
from textual.widgets.data_table import Row, RowDoesNotExist, RowKey

from probes.record import Connection
from widgets.columns import COLUMNS, Layout, Tone, layout, row_spans, title_line
from widgets.styles import section_css


class Rows(Protocol):
    """What the table reads: connections by position, oldest first."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, index: int, /) -> Connection:
        """The row at `index`, 0 to `len - 1`."""


class ConnectionTable(DataTable[str]):
    """The connections of a `Rows` provider, a line each, following the newest or standing still.

    Give it rows with `set_rows`, and call `refresh_rows` whenever they have changed; between two
    calls it keeps the number of rows it knew. The width of the columns follows its own width.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Cursor down", show=False),
        Binding("k", "cursor_up", "Cursor up", show=False),
        Binding("g", "scroll_top", "Top", show=False),
        Binding("G", "scroll_bottom", "Newest", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"connection-table--{tone}" for tone in Tone}
    DEFAULT_CSS = (
        section_css("ConnectionTable")
        + """
    ConnectionTable {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        & > .connection-table--plain { color: $foreground; }
        & > .connection-table--strong { color: $foreground; text-style: bold; }
        & > .connection-table--muted { color: $foreground 55%; }
        & > .connection-table--guess { color: $foreground 65%; text-style: italic; }
        & > .datatable--header { background: transparent; color: $foreground 75%; }
        &:focus > .datatable--header { background: transparent; background-tint: transparent; }
        &:ansi > .datatable--header { background: ansi_default; color: ansi_default; }
        & > .datatable--cursor { background: $foreground 10%; color: $foreground; }
        &:focus > .datatable--cursor {
            background: $primary 40%;
            color: $foreground;
            text-style: none;
        }
        & > .datatable--hover { background: $foreground 5%; }
    }
    """
    )

    following: reactive[bool] = reactive(True, init=False)
    """Whether the cursor stays on the newest row as rows come in."""

    class RowHighlighted(DataTable.RowHighlighted):
        """The cursor is on another row, or another connection is now under it."""

        def __init__(self, table: ConnectionTable, row: int, connection: Connection) -> None:
            super().__init__(table, row, RowKey())
            self.connection = connection

        def can_replace(self, message: Message) -> bool:
            """Only the newest place of the cursor matters."""
            return isinstance(message, ConnectionTable.RowHighlighted)

    class RowSelected(DataTable.RowSelected):
        """Enter was pressed on a row, or the row under the cursor was clicked."""

        def __init__(self, table: ConnectionTable, row: int, connection: Connection) -> None:
            super().__init__(table, row, RowKey())
            self.connection = connection

    class FollowChanged(Message):
        """The table started (`following`) or ceased to stay at the newest row."""

        def __init__(self, table: ConnectionTable, following: bool) -> None:
            super().__init__()
            self.table = table
            self.following = following

        @property
        def control(self) -> ConnectionTable:
            """The table, so that `@on` takes a selector."""
            return self.table

    def __init__(
        self, rows: Rows = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        # First, because DataTable asks for the rows while it is being made.
        self._source: Rows = rows
        self._count = len(rows)
        self._laid_out = (0, layout(0))
        self._hover_y: int | None = None
        super().__init__(cursor_type="row", cell_padding=0, id=id, classes=classes)

    # What the application uses.

    def set_rows(self, rows: Rows, cursor: int | None = None) -> None:
        """Show other rows; `cursor` is the row to stand on where the table does not follow."""
        self._source = rows
        self.refresh_rows()
        if cursor is not None and not self.following:
            self.move_cursor(row=cursor)

    def refresh_rows(self, evicted: int = 0) -> None:
        """Read the rows anew.

        `evicted`: how many rows left at the top since the last call. Cursor and view stay on the
        same connections, unless those have left or the table follows.
        """
        if not self.is_mounted:
            self._count = len(self._source)
            return
        bottom = self.following
        position = self.scroll_offset.y
        row = self.cursor_row
        self._count = len(self._source)
        if evicted and not bottom:
            # Without a watcher: the cursor stays on its connection, so nobody has moved it.
            self.set_reactive(DataTable.cursor_coordinate, Coordinate(max(0, row - evicted), 0))
            self._measure()
            self.scroll_to(y=max(0, position - evicted), animate=False, force=True)
        else:
            self._measure()
        if bottom:
            self._to_newest()
        elif self.cursor_row >= self._count:
            self.move_cursor(row=self._count - 1)
        elif row < evicted:
            self._highlight_row(self.cursor_row)
        self.refresh()

    @property
    def selected(self) -> Connection | None:
        """The connection under the cursor; None while there is none."""
        row = self.cursor_row
        return self._source[row] if self.is_valid_row_index(row) else None

    @property
    def rows_below(self) -> int:
        """How many rows there are below the last visible one."""
        return max(0, self._count - self.scroll_offset.y - self._page)

    # What DataTable asks of itself.

    @property
    def row_count(self) -> int:
        """The number of rows at the last refresh."""
        return self._count

    @property
    def ordered_rows(self) -> list[Row]:
        """Empty: there is no `Row` object for a connection, each is one line high."""
        return []

    @property
    def _total_row_height(self) -> int:
        return self._count

    def is_valid_row_index(self, row_index: int) -> bool:
        """Whether a row stands at `row_index`."""
        return 0 <= row_index < min(self._count, len(self._source))

    def get_row_at(self, row_index: int) -> list[str]:
        """The texts of a row's visible columns, as they are shown.

        Raises:
            RowDoesNotExist: where there is no such row.

        """
        if not self.is_valid_row_index(row_index):
            raise RowDoesNotExist(f"No row stands at {row_index}.")
        connection = self._source[row_index]
        return [
            "".join(text for text, _ in column.show(connection, width, self._form))
            for column, width in zip(COLUMNS, self._form.widths, strict=True)
            if width
        ]

    def _get_row_region(self, row_index: int) -> Region:
        if not self.is_valid_row_index(row_index):
            return Region()
        return Region(0, row_index + self.header_height, self.size.width, 1)

    def _highlight_row(self, row_index: int) -> None:
        self.refresh_row(row_index)
        if self.is_valid_row_index(row_index):
            connection = self._source[row_index]
            self.post_message(self.RowHighlighted(self, row_index, connection))

    def render_line(self, y: int) -> Strip:
        """The header for the first line, a row or nothing for the others."""
        base = self.rich_style
        width = self.size.width
        if y < self.header_height:
            style = base + self.get_component_rich_style("datatable--header", partial=True)
            return Strip([Segment(title_line(self._form), style)]).adjust_cell_length(width, style)
        row = y - self.header_height + self.scroll_offset.y
        if not self.is_valid_row_index(row):
            return Strip.blank(width, base)
        under = base
        if row == self.cursor_row:
            under = self.get_component_rich_style("datatable--cursor")
        elif y == self._hover_y:
            under = base + self.get_component_rich_style("datatable--hover", partial=True)
        segments = [
            Segment(text, self._toned(tone, under, row == self.cursor_row))
            for text, tone in row_spans(self._source[row], self._form)
        ]
        return Strip(segments).adjust_cell_length(width, under)

    def _toned(self, tone: Tone, under: Style, cursor: bool) -> Style:
        """The style of a piece of text on the line's own style.

        On the cursor's line colour comes from the cursor alone, so that it can be read there.
        """
        style = self.get_component_rich_style(f"connection-table--{tone}")
        if cursor and self.has_focus:
            return under + Style(bold=style.bold, italic=style.italic)
        return style + Style(bgcolor=under.bgcolor)

    # Keys, mouse and size.

    def watch_cursor_coordinate(self, old: Coordinate, new: Coordinate) -> None:
        """The cursor moved: away from the newest row, the table stands still from now on."""
        super().watch_cursor_coordinate(old, new)
        if new.row < self._count - 1:
            self.following = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The view moved: away from the end, the table stands still from now on."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and round(new_value) < self.max_scroll_y:
            self.following = False

    def watch_following(self, following: bool) -> None:
        """Go to the newest row where that is what was asked for, and tell the application."""
        if following and self.is_mounted:
            self._to_newest()
        self.post_message(self.FollowChanged(self, following))

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
        """Move to the newest row and follow."""
        self.action_scroll_bottom()

    def action_scroll_bottom(self) -> None:
        """Move to the newest row and follow."""
        if self.following:
            self._to_newest()
        self.following = True

    def action_select_cursor(self) -> None:
        """Tell which connection was chosen."""
        if (connection := self.selected) is not None:
            self.post_message(self.RowSelected(self, self.cursor_row, connection))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row; on the row that has it already, choose it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x >= self.scrollable_content_region.width:
            return
        event.prevent_default()
        event.stop()
        if offset.y < self.header_height:
            index = self._form.column_at(offset.x)
            column = self.ordered_columns[index]
            self.post_message(
                DataTable.HeaderSelected(self, column.key, index, Text(column.key.value or ""))
            )
            return
        row = offset.y - self.header_height + self.scroll_offset.y
        if row == self.cursor_row:
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

    def on_mount(self) -> None:
        """Make the columns, which takes a running application."""
        for column in COLUMNS:
            self.add_column(column.title, key=column.key, width=0)

    def on_resize(self) -> None:
        """Lay the columns out for the new width."""
        for column, width in zip(self.ordered_columns, self._form.widths, strict=True):
            column.width = width
        self._measure()
        if self.following:
            self._to_newest()
        self.refresh()

    @property
    def _form(self) -> Layout:
        """How the columns share the line, whether there is a scroll bar beside it or not."""
        width = max(0, self.size.width - self.styles.scrollbar_size_vertical)
        if self._laid_out[0] != width:
            self._laid_out = (width, layout(width))
        return self._laid_out[1]

    @property
    def _page(self) -> int:
        """How many rows are visible."""
        return max(1, self.scrollable_content_region.height - self.header_height)

    def _page_by(self, rows: int) -> None:
        target = max(0, min(self._count - 1, self.cursor_row + rows))
        self.scroll_relative(y=rows, animate=False, force=True)
        self.move_cursor(row=target)

    def _hover(self, y: int | None) -> None:
        if y == self._hover_y:
            return
        for line in (self._hover_y, y):
            if line is not None:
                self.refresh(Region(0, line, self.size.width, 1))
        self._hover_y = y

    def _to_newest(self) -> None:
        if self._count:
            self.cursor_coordinate = Coordinate(self._count - 1, 0)
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _measure(self) -> None:
        """Tell the scroll bar how long the table is.

        Not through the reactive, which would lay the whole screen out anew ten times a second.
        """
        size = Size(self._laid_out[0], self._count + self.header_height)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
