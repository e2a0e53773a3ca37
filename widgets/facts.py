"""Facts under titles: a label and what is to be said, or lines that stand by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.tones import Tone
from widgets.values import Place, Said, Spot, Value

_LABEL: Final = 11  # cells
_MARK: Final = "spot"  # in a style's meta: which value a cell belongs to


@dataclass(frozen=True, slots=True)
class Fact:
    """What there is to say about one thing, in pieces; it goes on in the next line if need be."""

    label: str
    spans: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A title, facts, and lines, each cut where it is too long."""

    title: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[tuple[Said, ...], ...] = ()


class FactSheet(Widget):
    """Sections, one below the other. Texts are safe to show (`probes.text.visible`).

    It has no keys; whoever has moves the cursor by `point`, to one of `spots`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fact-sheet--title",
        "fact-sheet--label",
        "fact-sheet--cursor",
        "fact-sheet--hover",
        *(f"fact-sheet--{tone}" for tone in Tone),
    }
    DEFAULT_CSS = """
    FactSheet {
        height: auto;
        & > .fact-sheet--title { color: $primary; text-style: bold; }
        & > .fact-sheet--label { color: $foreground 55%; }
        & > .fact-sheet--plain { color: $foreground; }
        & > .fact-sheet--strong { color: $foreground; text-style: bold; }
        & > .fact-sheet--muted { color: $foreground 55%; }
        & > .fact-sheet--guess { color: $foreground 65%; text-style: italic; }
        & > .fact-sheet--awaited { color: $text-warning; }
        & > .fact-sheet--failed { color: $text-error; }
        & > .fact-sheet--cursor { background: $primary 40%; color: $foreground; }
        & > .fact-sheet--hover { background: $foreground 10%; }
        &:light > .fact-sheet--muted, &:light > .fact-sheet--label { color: $foreground 70%; }
        &:ansi > .fact-sheet--muted, &:ansi > .fact-sheet--label { text-style: dim; }
    }
    """

    class Clicked(Message):
        """A value was clicked."""

        def __init__(self, sheet: FactSheet, spot: Spot) -> None:
            super().__init__()
            self.sheet = sheet
            self.spot = spot

        @property
        def control(self) -> FactSheet:
            """The sheet, so that `@on` takes a selector."""
            return self.sheet

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sections: Sequence[Section] = ()
        self._values: list[tuple[Place, Value]] = []
        self._laid_out: tuple[int, list[list[Segment]]] | None = None  # for a width
        self._cursor: Place | None = None
        self._hover: int | None = None

    @property
    def sections(self) -> Sequence[Section]:
        """What is shown."""
        return self._sections

    @property
    def spots(self) -> list[Spot]:
        """Where each value is drawn, as they are read; `column` is 0."""
        found: dict[int, Spot] = {}
        for y, line in enumerate(self._lines(self.size.width)):
            x = 0
            for segment in line:
                cells = cell_len(segment.text)
                mark = _mark(segment.style)
                if mark is not None and mark not in found:
                    found[mark] = Spot(*self._values[mark], 0, x, y, cells)
                elif mark is not None and found[mark].y == y:
                    found[mark] = replace(found[mark], width=x + cells - found[mark].x)
                x += cells
        return list(found.values())

    def show(self, sections: Sequence[Section]) -> None:
        """Show these sections; draws only what is not shown already."""
        if tuple(sections) != self._sections:
            before = len(self._lines(self.size.width))
            self._sections = tuple(sections)
            self._laid_out = None
            self._hover = None
            self.refresh(layout=len(self._lines(self.size.width)) != before)

    def point(self, place: Place | None) -> None:
        """Put the cursor on a value; None takes it away."""
        if place != self._cursor:
            self._cursor = place
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - as Textual declares it
        """As many lines as there are to show in `width` cells."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """One line."""
        base, width = self.rich_style, self.size.width
        lines = self._lines(width)
        if y >= len(lines):
            return Strip.blank(width, base)
        segments = [self._lit(segment) for segment in lines[y]]
        return Strip(segments).adjust_cell_length(width, base)

    def notify_style_update(self) -> None:
        """Forget what was laid out in other styles."""
        super().notify_style_update()
        self._laid_out = None

    def on_click(self, event: events.Click) -> None:
        """Tell which value was clicked."""
        mark = _mark(event.style)
        if mark is not None and mark < len(self._values):
            event.stop()
            place = self._values[mark][0]
            found = [spot for spot in self.spots if spot.place == place]
            self.post_message(self.Clicked(self, found[0]))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Light the value under the mouse."""
        self._light(_mark(event.style))

    def on_leave(self) -> None:
        """Put the light out."""
        self._light(None)

    def _light(self, mark: int | None) -> None:
        if mark != self._hover:
            self._hover = mark
            self.refresh()

    def _lit(self, segment: Segment) -> Segment:
        mark = _mark(segment.style)
        if mark is None or mark >= len(self._values) or segment.style is None:
            return segment
        if self._values[mark][0] == self._cursor:
            under = self._style("cursor")
            bare = Style(bold=segment.style.bold, italic=segment.style.italic, meta={_MARK: mark})
            return Segment(segment.text, under + bare)
        if mark == self._hover:
            return Segment(segment.text, segment.style + self._style("hover").background_style)
        return segment

    def _lines(self, width: int) -> list[list[Segment]]:
        if self._laid_out is None or self._laid_out[0] != width:
            self._values = []
            lines = list(self._drawn(width)) if width > 0 else []
            self._laid_out = width, lines
        return self._laid_out[1]

    def _drawn(self, width: int) -> Iterator[list[Segment]]:
        for number, section in enumerate(self._sections):
            if number:
                yield []
            yield self._segments(Text().append(section.title, self._style("title")), width)
            for fact in section.facts:
                label = Segment(fact.label.ljust(_LABEL)[:_LABEL], self._style("label"))
                text = self._text(fact.spans, (section.title, fact.label))
                folded = text.wrap(self.app.console, max(1, width - _LABEL), overflow="fold")
                for line, part in enumerate(folded or [Text()]):
                    ahead = Segment(" " * _LABEL, self.rich_style) if line else label
                    yield [ahead, *self._segments(part, width)]
            for spans in section.lines:
                # Lines come and go ahead of each other: they are known by what they say.
                name = next((said.value.text for said in spans if said.value), "")
                yield self._segments(self._text(spans, (section.title, name)), width)

    def _segments(self, text: Text, width: int) -> list[Segment]:
        text.truncate(width, overflow="ellipsis")
        return list(text.render(self.app.console, end=""))

    def _text(self, spans: Sequence[Said], where: tuple[str, str]) -> Text:
        """The pieces as one text; those of one value that follow each other are one spot."""
        text = Text()
        before: Value | None = None
        first = len(self._values)
        for said in spans:
            style = self._style(said.tone)
            if said.value is not None:
                if said.value != before:
                    self._values.append(((*where, len(self._values) - first), said.value))
                style += Style(meta={_MARK: len(self._values) - 1})
            before = said.value
            text.append(said.text, style)
        return text

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"fact-sheet--{name}")


def _mark(style: Style | None) -> int | None:
    if style is None:
        return None
    mark = style.meta.get(_MARK)
    return mark if isinstance(mark, int) else None
