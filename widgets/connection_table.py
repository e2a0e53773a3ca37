"""The live table of connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import RowDoesNotExist, RowKey

from probes.record import Connection
from widgets.column import ALL
from widgets.columns import Layout, Sorted, layout, row_spans, title_line
from widgets.lazy_table import LazyTable
from widgets.styles import table_css
from widgets.tones import Tone

_LINES: Final = 1000  # that are kept; a screen has a hundred at most


class Rows(Protocol):
    """What the table reads: connections by position, oldest first."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, index: int, /) -> Connection:
        """Give the row at `index`, 0 to `len - 1`."""


class ConnectionTable(LazyTable):
    """The connections of a `Rows` provider, a line each, following the newest or standing still.

    Give it rows with `set_rows`, and call `refresh_rows` whenever they have changed; between two
    calls it keeps the number of rows it knew. The width of the columns follows its own width.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"connection-table--{tone}" for tone in Tone}
    DEFAULT_CSS = table_css("ConnectionTable", "connection-table")

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
        self._source = rows
        self._laid_out = (0, layout(0))
        self._chosen: tuple[str, ...] = ()
        self._sorted: Sorted | None = None
        self._titles = ("", "")
        self._base = Style()
        self._tones: dict[tuple[Tone, Style, bool], Style] = {}  # for the lines of one drawing
        # Lines that were drawn, by row and the style under it: a new title draws all of them again.
        self._lines: dict[tuple[int, Style], Strip] = {}
        self._drawn_with: tuple[object, ...] = ()
        super().__init__(len(rows), id=id, classes=classes)

    def set_rows(self, rows: Rows, cursor: int | None = None) -> None:
        """Show other rows; `cursor` is the row to stand on where the table does not follow."""
        self._source = rows
        self.refresh_rows()
        if cursor is not None and not self.following:
            self.move_cursor(row=cursor)

    def refresh_rows(self, evicted: int = 0, *, changed: bool = True) -> None:
        """Read the rows anew.

        `evicted`: how many rows fewer there are ahead of the cursor's since the last call; below 0
        where there are more. Cursor and view stay on the same connections, unless those have left
        or the table follows. `changed`: rows that were there may look different; else there are
        only more at the end.
        """
        if evicted or changed:
            self._lines.clear()
        self.recount(len(self._source), evicted, changed=changed)

    def set_sorted(self, by: Sorted | None) -> None:
        """Say in the header what the rows are sorted by; None is the order of arrival.

        A table that is sorted does not follow.
        """
        self._sorted = by
        self.newest_last = by is None
        if by is not None:
            self.following = False
        self.refresh()

    def set_columns(self, chosen: Sequence[str]) -> None:
        """Show the columns of these keys, from the left, as far as there is room for them.

        None at all: those that are of most use in the room there is.
        """
        if tuple(chosen) != self._chosen:
            self._chosen = tuple(chosen)
            self._laid_out = (-1, self._laid_out[1])
            self._lines.clear()
            self._give_widths()
            self.refresh()

    def columns_in(self, width: int) -> list[str]:
        """The same, were the table so many cells wide with its border."""
        inside = width - 2 - self.styles.scrollbar_size_vertical
        return layout(max(0, inside), self._chosen).shown

    @property
    def chosen_columns(self) -> tuple[str, ...]:
        """What `set_columns` was given last."""
        return self._chosen

    def entitle(self, title: str, subtitle: str) -> None:
        """Set the texts in the border."""
        # One that is set is drawn, also where it is the same.
        if (title, subtitle) != self._titles:
            self._titles = (title, subtitle)
            self.border_title, self.border_subtitle = title, subtitle

    @property
    def shown_columns(self) -> list[str]:
        """The keys of the columns that have a place, from the left."""
        return self._form.shown

    @property
    def selected(self) -> Connection | None:
        """The connection under the cursor; None while there is none."""
        row = self.cursor_row
        return self._source[row] if self.is_valid_row_index(row) else None

    def is_valid_row_index(self, row_index: int) -> bool:
        """Whether a row stands at `row_index`; the provider may have lost some unannounced."""
        return super().is_valid_row_index(row_index) and row_index < len(self._source)

    def get_row_at(self, row_index: int) -> list[str]:
        """Give the texts of a row's visible columns, as they are shown.

        Raises:
            RowDoesNotExist: where there is no such row.

        """
        if not self.is_valid_row_index(row_index):
            raise RowDoesNotExist(f"No row stands at {row_index}.")
        connection, form = self._source[row_index], self._form
        return [
            "".join(text for text, _ in column.show(connection, width, form))
            for column, width in zip(form.columns, form.widths, strict=True)
        ]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines; what many of them ask for is worked out once."""
        self._base = self.rich_style
        self._tones.clear()
        drawn_with = (self._base, self._form, self.size.width, self.has_focus)
        if drawn_with != self._drawn_with or len(self._lines) > _LINES:
            self._drawn_with = drawn_with
            self._lines.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the header for the first line, a row or nothing for the others."""
        base, width = self._base, self.size.width
        if y < self.header_height:
            style = base + self.get_component_rich_style("datatable--header", partial=True)
            return Strip([Segment(title_line(self._form, self._sorted), style)]).adjust_cell_length(
                width, style
            )
        row = self.row_at(y)
        if not self.is_valid_row_index(row):
            return Strip.blank(width, base)
        under = base
        if row == self.cursor_row:
            under = self.get_component_rich_style("datatable--cursor")
        elif y == self._hover_y:
            under = base + self.get_component_rich_style("datatable--hover", partial=True)
        line = self._lines.get((row, under))
        if line is None:
            segments = [
                Segment(text, self._toned(tone, under, row == self.cursor_row))
                for text, tone in row_spans(self._source[row], self._form)
            ]
            line = self._lines[row, under] = Strip(segments).adjust_cell_length(width, under)
        return line

    def notify_style_update(self) -> None:
        """Forget what was drawn in other styles."""
        super().notify_style_update()
        self._lines.clear()

    def _toned(self, tone: Tone, under: Style, cursor: bool) -> Style:
        """Give the style of a piece of text on the line's own style.

        On the cursor's line colour comes from the cursor alone, so that it can be read there.
        """
        key = (tone, under, cursor)
        if key not in self._tones:
            style = self.get_component_rich_style(f"connection-table--{tone}")
            if cursor and self.has_focus:
                self._tones[key] = under + Style(bold=style.bold, italic=style.italic)
            else:
                self._tones[key] = style + Style(bgcolor=under.bgcolor)
        return self._tones[key]

    @property
    def _form(self) -> Layout:
        """How the columns share the line."""
        width = self.line_width
        if self._laid_out[0] != width:
            self._laid_out = (width, layout(width, self._chosen))
        return self._laid_out[1]

    def on_mount(self) -> None:
        """Make the columns, which takes a running application."""
        for column in ALL:
            self.add_column(column.title, key=column.key, width=0)

    def on_resize(self) -> None:
        """Give the columns the widths in which they are drawn."""
        self._give_widths()

    def _give_widths(self) -> None:
        for column in self.ordered_columns:
            column.width = self._form.width(str(column.key.value))

    def column_at(self, x: int) -> int:
        """Give the index in `ALL` of the column that holds cell `x` of the header."""
        return self._form.column_at(x)

    def row_lit(self, row: int) -> None:
        """Post `RowHighlighted`."""
        self.post_message(self.RowHighlighted(self, row, self._source[row]))

    def row_chosen(self, row: int) -> None:
        """Post `RowSelected`."""
        self.post_message(self.RowSelected(self, row, self._source[row]))

    def follow_changed(self, following: bool) -> None:
        """Post `FollowChanged`."""
        self.post_message(self.FollowChanged(self, following))
