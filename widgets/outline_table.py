"""Groups in lines that open, and the connections in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import DataTable

from probes.record import Connection
from widgets.columns import layout, row_spans
from widgets.lazy_table import LazyTable
from widgets.outline_row import OutlineForm, OutlineRow, row_pieces, title_text
from widgets.styles import table_css
from widgets.tones import Span, Tone

_INDENT: Final = 4  # cells ahead of a connection


class Lines(Protocol):
    """What the table reads: a line by its position."""

    def __len__(self) -> int:
        """How many lines there are."""

    def __getitem__(self, index: int, /) -> OutlineRow | Connection | None:
        """The line at `index`; None for one that has just left."""


class OutlineTable(LazyTable):
    """The lines of a provider: groups, and connections within.

    Give it lines with `set_lines`, and call `reread` whenever they have changed. While it
    follows, the cursor stays on the first line, whatever stands there. `DataTable.HeaderSelected`
    tells of a click on the title.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open", "Open", show=False),
        Binding("left", "shut", "Close", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"outline-table--{tone}" for tone in Tone}
    DEFAULT_CSS = table_css("OutlineTable", "outline-table")

    class Chosen(Message):
        """Enter was pressed on a line, or the line under the cursor was clicked."""

        def __init__(self, table: OutlineTable, row: int) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> OutlineTable:
            """The table, so that `@on` takes a selector."""
            return self.table

    class Turned(Message):
        """A group is to be opened (`is_open`) or closed; None: the one that it is not."""

        def __init__(self, table: OutlineTable, row: int, is_open: bool | None) -> None:
            super().__init__()
            self.table = table
            self.row = row
            self.is_open = is_open

        @property
        def control(self) -> OutlineTable:
            """The table, so that `@on` takes a selector."""
            return self.table

    class FollowChanged(Message):
        """The table started or ceased to stay at its first line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        self._lines: Lines = ()
        self._form = OutlineForm()
        self._chosen: tuple[str, ...] = ()
        self._titles = ("", "")
        self._base = Style()
        super().__init__(0, id=id, classes=classes)

    def set_lines(self, lines: Lines, form: OutlineForm) -> None:
        """Show other lines, in columns of that form."""
        self._lines, self._form = lines, form
        self.reread()

    def set_columns(self, chosen: Sequence[str]) -> None:
        """Show these columns of connections, as `ConnectionTable.set_columns` has it."""
        self._chosen = tuple(chosen)
        self.refresh()

    def reread(self, moved: int = 0) -> None:
        """Read the lines anew. `moved`: how many lines fewer there are ahead of the cursor's."""
        self.recount(len(self._lines), moved)

    def entitle(self, title: str, subtitle: str) -> None:
        """Set the texts in the border."""
        if (title, subtitle) != self._titles:
            self._titles = (title, subtitle)
            self.border_title, self.border_subtitle = title, subtitle

    def action_open(self) -> None:
        """Open the group under the cursor."""
        self.post_message(self.Turned(self, self.cursor_row, is_open=True))

    def action_shut(self) -> None:
        """Close the group under the cursor."""
        self.post_message(self.Turned(self, self.cursor_row, is_open=False))

    def on_click(self, event: events.Click) -> None:
        """Open or close a group by its mark; else as in any table."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.header_height:
            return
        row = self.row_at(offset.y)
        line = self._line(row)
        if isinstance(line, OutlineRow) and offset.x in line.handle:
            event.prevent_default()
            event.stop()
            self.cursor_coordinate = Coordinate(row, 0)
            self.post_message(self.Turned(self, row, is_open=None))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines; what many of them ask for is worked out once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the header for the first line, a line or nothing for the others."""
        base, width = self._base, self.size.width
        if y < self.header_height:
            style = base + self.get_component_rich_style("datatable--header", partial=True)
            text = title_text(self._form, self.line_width)
            return Strip([Segment(text, style)]).adjust_cell_length(width, style)
        row = self.row_at(y)
        line = self._line(row)
        if line is None:
            return Strip.blank(width, base)
        under, is_lit = base, row == self.cursor_row
        if is_lit:
            under = self.get_component_rich_style("datatable--cursor")
        elif y == self._hover_y:
            under = base + self.get_component_rich_style("datatable--hover", partial=True)
        segments = [
            Segment(text, self._toned(tone, under, is_lit)) for text, tone in self._spans(line)
        ]
        return Strip(segments).adjust_cell_length(width, under)

    def row_lit(self, row: int) -> None:
        """Nobody needs to know."""

    def row_chosen(self, row: int) -> None:
        """Post `Chosen`."""
        self.post_message(self.Chosen(self, row))

    def follow_changed(self, _following: bool) -> None:
        """Post `FollowChanged`."""
        self.post_message(self.FollowChanged())

    def column_at(self, _x: int) -> int:
        """There is one title for all."""
        return 0

    def on_mount(self) -> None:
        """Make a column, which takes a running application."""
        self.add_column("", key="outline", width=0)

    # While it follows, it stays at the first line and not at the last.

    def watch_cursor_coordinate(self, old: Coordinate, new: Coordinate) -> None:
        """Stand still once the cursor has moved away from the first line."""
        DataTable.watch_cursor_coordinate(self, old, new)
        if new.row > 0:
            self.following = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stand still once the view has moved away from the first line."""
        DataTable.watch_scroll_y(self, old_value, new_value)
        if new_value > old_value:
            self.following = False

    def action_scroll_bottom(self) -> None:
        """Move to the last line."""
        self.following = False
        if self._count:
            self.move_cursor(row=self._count - 1)

    def _to_newest(self) -> None:
        if self._count:
            self.cursor_coordinate = Coordinate(0, 0)
        self.scroll_to(y=0, animate=False, force=True)

    def _line(self, row: int) -> OutlineRow | Connection | None:
        return self._lines[row] if 0 <= row < min(self._count, len(self._lines)) else None

    def _spans(self, line: OutlineRow | Connection) -> list[Span]:
        width = self.line_width
        if isinstance(line, OutlineRow):
            return row_pieces(line, self._form, width)
        return [
            (" " * _INDENT, Tone.PLAIN),
            *row_spans(line, layout(width - _INDENT, self._chosen)),
        ]

    def _toned(self, tone: Tone, under: Style, is_lit: bool) -> Style:
        """As in the table of connections: on the cursor's line colour comes from the cursor."""
        style = self.get_component_rich_style(f"outline-table--{tone}")
        if is_lit and self.has_focus:
            return under + Style(bold=style.bold, italic=style.italic)
        return style + Style(bgcolor=under.bgcolor)
