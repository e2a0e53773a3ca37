"""What a command printed: its newest lines, and the one that it is at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from rich.text import Text
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.styles import section_css

MAX_LINES: Final = 5_000


class OutputPane(ScrollView, can_focus=True):
    """Lines that follow the newest one until somebody scrolls up; the title says what prints them.

    What it is given is shown as it is: nothing in it may act on a terminal. A line costs nothing
    until it is seen.
    """

    DEFAULT_CSS = (
        section_css("OutputPane")
        + """
    OutputPane {
        height: 30%;
        min-height: 6;
        scrollbar-size-horizontal: 0;
        &.-good { border-subtitle-color: $text-success; }
        &.-bad { border-subtitle-color: $text-error; border-subtitle-style: bold; }
    }
    """
    )

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: deque[Text] = deque(maxlen=MAX_LINES)
        self._current = Text()
        self._widest = 0
        self._titles = ("", "")

    def entitle(self, title: str, subtitle: str, *, well: bool | None = None) -> None:
        """Say what prints, and how it stands. `well`: whether it ended well; None, not yet."""
        if self._titles != (title, subtitle):
            self._titles = title, subtitle
            self.border_title, self.border_subtitle = Content(title), Content(subtitle)
            self.set_class(well is True, "-good").set_class(well is False, "-bad")

    @property
    def room(self) -> tuple[int, int]:
        """Columns and lines for text; 0 while it is hidden."""
        size = self.scrollable_content_region.size
        return size.width, size.height

    def show_lines(self, lines: Iterable[Text], current: Text) -> None:
        """Add complete lines; `current` stands below them until it is replaced."""
        follows = self.is_vertical_scroll_end
        for line in lines:
            self._lines.append(line)
            self._widest = max(self._widest, line.cell_len)
        self._current = current
        width = max(self._widest, current.cell_len)
        self.virtual_size = Size(width, len(self._lines) + bool(current))
        if follows:
            self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line that stands in row `y` of what is seen."""
        left, top = self.scroll_offset
        number = top + y
        text = self._lines[number] if number < len(self._lines) else Text()
        if number == len(self._lines):
            text = self._current
        strip = Strip(text.render(self.app.console), text.cell_len)
        style = self.rich_style
        return strip.crop_extend(left, left + self.size.width, style).apply_style(style)
