"""How much happened when, and a stretch of it that is picked: a line of bars over the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from math import ceil
from operator import itemgetter
from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.styles import section_css

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_SECOND: Final = 1_000_000_000
_NEAR: Final = 0.01  # cells
_DAY: Final = 86_400 * _SECOND


class Timeline(Widget, can_focus=True):
    """Counts over the time, oldest on the left. Arrows and the mouse pick a stretch.

    Give it counts with `set_counts`. What is picked stays picked, by its time, as the session
    grows; it is a whole number of cells as wide as they are when it is picked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Earlier", show=False),
        Binding("right", "move(1)", "Later", show=False),
        Binding("shift+left", "widen(-1)", "Narrower", show=False),
        Binding("shift+right", "widen(1)", "Wider", show=False),
        Binding("home", "jump(0)", "Oldest", show=False),
        Binding("end", "jump(-1)", "Newest", show=False),
        Binding("escape", "lift", "All", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--bar",
        "timeline--picked",
        "timeline--left-out",
    }
    DEFAULT_CSS = (
        section_css("Timeline")
        + """
    Timeline {
        height: 4;
        width: 1fr;
        & > .timeline--bar { color: $primary 70%; }
        & > .timeline--picked { color: $foreground; background: $primary 40%; }
        & > .timeline--left-out { color: $foreground 30%; }
        &:light > .timeline--left-out { color: $foreground 40%; }
    }
    """
    )

    class Picked(Message):
        """A stretch was picked: nanoseconds since the epoch, the end not in it; None is all."""

        def __init__(self, timeline: Timeline, span: tuple[int, int] | None) -> None:
            super().__init__()
            self.timeline = timeline
            self.span = span

        def can_replace(self, message: Message) -> bool:
            """Only the last one matters."""
            return isinstance(message, Timeline.Picked)

        @property
        def control(self) -> Timeline:
            """The timeline, so that `@on` takes a selector."""
            return self.timeline

    class Resized(Message):
        """There is room for another number of counts."""

    def __init__(
        self, *, hint: str = "", id: str | None = None, classes: str | None = None
    ) -> None:
        """`hint`: what else can be done, said where nothing is picked."""
        super().__init__(id=id, classes=classes)
        self._hint = hint
        self._counts: Sequence[int] = ()
        self._start_ns = self._end_ns = 0
        self._picked: tuple[int, int] | None = None
        self._pressed: int | None = None  # the cell in which the mouse went down
        self._entitle()

    @property
    def cells(self) -> int:
        """How many counts there is room for."""
        return self.size.width

    @property
    def picked(self) -> tuple[int, int] | None:
        """The stretch that is picked; None is all."""
        return self._picked

    def set_counts(self, counts: Sequence[int], start_ns: int, end_ns: int) -> None:
        """Show counts of equal stretches between two moments, `cells` of them at most."""
        shown = (counts, start_ns, end_ns)
        if shown != (self._counts, self._start_ns, self._end_ns):
            self._counts, self._start_ns, self._end_ns = shown
            self._entitle()
            self.refresh()

    def lift(self) -> None:
        """Pick all, and tell nobody."""
        self._picked = None
        self._entitle()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line of the bars, which grow upwards."""
        width, height = self.size.width, self.size.height
        largest = max(self._counts, default=0)
        below = (height - 1 - y) * 8
        chosen = self._chosen()
        names, bars = [], []
        for cell in range(width):
            count = self._counts[self._bar(cell)] if self._counts else 0
            # What is there shows, however little it is.
            level = max(1, round(count * height * 8 / largest)) if count else 0
            bars.append(_EIGHTHS[max(0, min(8, level - below))])
            names.append("bar" if chosen is None else "picked" if cell in chosen else "left-out")
        segments = [
            Segment(
                "".join([bar for _, bar in run]),
                self.get_component_rich_style(f"timeline--{name}"),
            )
            for name, run in groupby(zip(names, bars, strict=True), key=itemgetter(0))
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def action_move(self, cells: int) -> None:
        """Move what is picked; where nothing is, pick one cell at the end that is moved from."""
        chosen = self._chosen()
        if chosen is None:
            self._pick(*((self.cells - 1,) * 2 if cells < 0 else (0, 0)))
            return
        cells = max(-chosen.start, min(cells, self.cells - chosen.stop))
        self._pick(chosen.start + cells, chosen.stop - 1 + cells)

    def action_widen(self, cells: int) -> None:
        """Move the end of what is picked."""
        chosen = self._chosen()
        if chosen is None:
            self.action_move(cells)
            return
        self._pick(chosen.start, max(chosen.start, min(chosen.stop - 1 + cells, self.cells - 1)))

    def action_jump(self, cell: int) -> None:
        """Pick the first cell, or the last."""
        self._pick(*((self.cells - 1,) * 2 if cell < 0 else (0, 0)))

    def action_lift(self) -> None:
        """Pick all."""
        if self._picked is None:
            raise SkipAction  # escape means something to others as well
        self.lift()
        self.post_message(self.Picked(self, None))

    def on_resize(self) -> None:
        """Ask for as many counts as there is room for."""
        self.post_message(self.Resized())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Pick the cell that was pressed."""
        if (offset := event.get_content_offset(self)) is not None:
            self._pressed = offset.x
            self.capture_mouse()
            self._pick(offset.x, offset.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pick all from where the button went down."""
        if self._pressed is not None:
            here = max(0, min(event.get_content_offset_capture(self).x, self.cells - 1))
            self._pick(min(self._pressed, here), max(self._pressed, here))

    def on_mouse_up(self) -> None:
        """Leave it at that."""
        self._pressed = None
        self.release_mouse()

    def _pick(self, first: int, last: int) -> None:
        if not self._counts:
            return
        picked = (self._moment(first), self._moment(last + 1))
        if picked != self._picked:
            self._picked = picked
            self._entitle()
            self.refresh()
            self.post_message(self.Picked(self, picked))

    def _bar(self, cell: int) -> int:
        """The count that a cell shows: fewer counts than cells share them."""
        return cell * len(self._counts) // self.cells

    def _moment(self, cell: int) -> int:
        """When a cell begins. That of the last one's end is the end of all."""
        return self._start_ns + (self._end_ns - self._start_ns) * cell // self.cells

    def _chosen(self) -> range | None:
        """The cells of what is picked, one at least."""
        if self._picked is None or not self._counts or not self.cells:
            return None
        long = self._end_ns - self._start_ns
        start, end = [(moment - self._start_ns) * self.cells / long for moment in self._picked]
        # Moments are whole nanoseconds, a little ahead of where their cell begins.
        first = max(0, min(int(start + _NEAR), self.cells - 1))
        return range(first, max(first + 1, min(ceil(end - _NEAR), self.cells)))

    def _entitle(self) -> None:
        title, subtitle = "Timeline", ""
        if self._counts:
            title = f"Timeline {self._text(self._start_ns)} to {self._text(self._end_ns)}"
            subtitle = f"← → pick a time{self._hint}"
        if self._picked is not None:
            start, end = map(self._text, self._picked)
            subtitle = f"{start} to {end} · escape lifts"
        if (title, subtitle) != (self.border_title, self.border_subtitle):
            self.border_title, self.border_subtitle = title, subtitle

    def _text(self, time_ns: int) -> str:
        """A moment, as exactly as tells cells apart."""
        long = self._end_ns - self._start_ns
        form = "%d %b %H:%M" if long > _DAY else "%H:%M:%S"
        text = time.strftime(form, time.localtime(time_ns // _SECOND))
        exact = long < 100 * _SECOND
        return f"{text}.{time_ns % _SECOND // 100_000_000}" if exact else text
