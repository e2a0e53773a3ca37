"""A ranking of names by how often they were seen: hosts in words, systems in bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from widgets.fit import pad
from widgets.ranking_row import RankingKind, RankingRow, lines_per_row, row_pieces, wrapped
from widgets.styles import section_css

__all__ = ["Ranking", "RankingKind", "RankingRow"]


class Ranking(ScrollView, can_focus=True):
    """Rows in the order in which they are given, under a title that says how many there are.

    The cursor stays on its name when the order changes; until it is first moved it stays on top.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose(False)", "Keep only this", show=False),
        Binding("exclamation_mark", "choose(True)", "Leave this out", show=False),
        Binding("y", "copy", "Copy this", show=False),
        Binding("up,k", "cursor(-1)", "Up", show=False),
        Binding("down,j", "cursor(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g,ctrl+home", "first", "Top", show=False),
        Binding("end,G,ctrl+end", "last", "Bottom", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "ranking--label",
        "ranking--fact",
        "ranking--bar",
        "ranking--cursor",
    }
    DEFAULT_CSS = (
        section_css("Ranking")
        + """
    Ranking {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        & > .ranking--label { color: $foreground; }
        & > .ranking--fact { color: $foreground 55%; }
        &:light > .ranking--fact { color: $foreground 70%; }
        &:ansi > .ranking--fact { text-style: dim; }
        & > .ranking--bar { color: $primary 70%; }
        & > .ranking--cursor { background: $primary 40%; }
    }
    """
    )

    class OfRow(Message):
        """Something was asked for a row; `key` as in `RankingRow`."""

        def __init__(self, ranking: Ranking, key: str) -> None:
            super().__init__()
            self.ranking = ranking
            self.key = key

        @property
        def control(self) -> Ranking:
            """The ranking, so that `@on` takes a selector."""
            return self.ranking

    class Chosen(OfRow):
        """Enter was pressed on a row, or it was clicked twice; `excluded`: `!` was pressed."""

        def __init__(self, ranking: Ranking, key: str, *, excluded: bool = False) -> None:
            super().__init__(ranking, key)
            self.excluded = excluded

    class Copied(OfRow):
        """A row is to be copied."""

    def __init__(
        self,
        title: str,
        kind: RankingKind,
        empty: str,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self._base = Style()
        super().__init__(id=id, classes=classes)
        self._kind = kind
        self._empty = empty
        self._rows: Sequence[RankingRow] = ()
        self._cursor = 0
        self._pinned: str | None = None  # the cursor's key, once a person has moved it
        self._clicked: str | None = None  # the key of the row that was clicked last
        self.border_title = title

    def set_rows(self, rows: Sequence[RankingRow], total: int | None = None) -> None:
        """Show `rows`; `total` is how many names there are where `rows` has only the first."""
        self._rows = tuple(rows)
        total = len(rows) if total is None else total
        shown = f"first {len(rows):,} of {total:,}" if total > len(rows) else f"{total:,}"
        self.border_subtitle = shown if total else ""
        place = self._cursor
        if self._pinned is None:
            place = 0
        else:
            keys = (index for index, row in enumerate(rows) if row.key == self._pinned)
            place = next(keys, place)
        moved = place != self._cursor
        self._cursor = max(0, min(place, len(rows) - 1))
        self._measure()
        if moved and self.has_focus:
            self._reveal()
        self.refresh()

    @property
    def selected(self) -> RankingRow | None:
        """The row under the cursor; None while there is none."""
        return self._rows[self._cursor] if self._rows else None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines; what all of them ask for is worked out once."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of a row, or of the text that stands where there are none."""
        width = self._width
        base = self._base
        if not self._rows:
            fact = self.get_component_rich_style("ranking--fact")
            lines = wrapped(self._empty, width - 2)
            text = f" {lines[y]}" if y < len(lines) else ""
            return Strip([Segment(pad(text, width), fact)]).adjust_cell_length(
                self.size.width, base
            )
        index, part = divmod(y + self.scroll_offset.y, self._height)
        if index >= len(self._rows):
            return Strip.blank(self.size.width, base)
        row = self._rows[index]
        under = base
        if index == self._cursor and self.has_focus:
            under = self.get_component_rich_style("ranking--cursor")
        segments = [
            Segment(
                text,
                self.get_component_rich_style(f"ranking--{name}") + under.background_style,
            )
            for text, name in row_pieces(row, self._kind, part, width, self._largest)
        ]
        return Strip(segments).adjust_cell_length(self.size.width, under)

    # Keys, mouse and size.

    def action_cursor(self, rows: int) -> None:
        """Move the cursor by `rows`."""
        self._move(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is visible."""
        visible_rows = self.scrollable_content_region.height // self._height
        self._move(self._cursor + pages * max(1, visible_rows - 1))

    def action_first(self) -> None:
        """Move to the top, and stay there whatever comes to stand there."""
        self._move(0)
        self._pinned = None

    def action_last(self) -> None:
        """Move to the last row."""
        self._move(len(self._rows) - 1)

    def action_choose(self, excluded: bool = False) -> None:
        """Tell which row was chosen, or is to be left out."""
        if (row := self.selected) is not None:
            self._pinned = row.key
            self.post_message(self.Chosen(self, row.key, excluded=excluded))

    def action_copy(self) -> None:
        """Tell which row is to be copied."""
        if (row := self.selected) is not None:
            self.post_message(self.Copied(self, row.key))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; a second click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x >= self.scrollable_content_region.width:
            return
        event.stop()
        index = (offset.y + self.scroll_offset.y) // self._height
        if index < len(self._rows):
            again = self._rows[index].key == self._clicked == self._pinned
            self._move(index)
            self._clicked = self._pinned
            if again:
                self.action_choose()

    def on_resize(self) -> None:
        """Take one line a row or two, as the width allows."""
        self._measure()
        self.refresh()

    @property
    def _width(self) -> int:
        """The cells of a line, whether there is a scroll bar beside it or not."""
        return max(0, self.size.width - self.styles.scrollbar_size_vertical)

    @property
    def _height(self) -> int:
        """How many lines a row takes."""
        return lines_per_row(self._kind, self._width)

    @property
    def _largest(self) -> int:
        return max((row.count for row in self._rows), default=0)

    def _move(self, index: int) -> None:
        if self._rows:
            self._cursor = max(0, min(index, len(self._rows) - 1))
            self._pinned = self._rows[self._cursor].key
            self._reveal()
            self.refresh()

    def _reveal(self) -> None:
        """Scroll as little as shows the cursor's row."""
        top = self._cursor * self._height
        bottom = top + self._height - self.scrollable_content_region.height
        place = self.scroll_offset.y
        self.scroll_to(y=max(min(place, top), bottom), animate=False, force=True)

    def _measure(self) -> None:
        """Tell the scroll bar how long the ranking is, without laying out the whole screen."""
        size = Size(self._width, len(self._rows) * self._height)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
