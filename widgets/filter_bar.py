"""The line in which a filter is written, and the line that says which one is in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from probes.text import visible
from widgets.fit import keep_start

_PROMPT: Final = "/ "
_HINT: Final = "proc:curl  host:*.com  port:443 · a or b · !a · enter keeps · escape undoes"

Complete = Callable[[str], Sequence[str]]
"""What a line may become: whole lines that begin as it does, the likeliest first."""


class _Mark(Highlighter):
    """Underlines what is wrong with the line."""

    def __init__(self, bar: FilterBar) -> None:
        self._bar = bar

    def highlight(self, text: Text) -> None:
        """Mark the place, if there is one."""
        if self._bar.mistake is not None:
            style = self._bar.get_component_rich_style("filter-bar--mistake", partial=True)
            text.stylize(style, *self._bar.mistake)


class _Ghost(Suggester):
    """Shows the likeliest line behind what is typed."""

    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line."""
        return next(iter(self._complete(value)), None)


class FilterBar(Vertical):
    """Hidden until `open`; tells what is typed, completes it, and shows what is wrong with it.

    It does not judge a filter: on `Submitted` the application calls `show_error` or `close`.
    While a filter is in force and nothing is being typed, `show_active` has a line of its parts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"filter-bar--mistake"}
    DEFAULT_CSS = """
    FilterBar {
        height: auto;
        display: none;
        background: $background;
        &.-open, &.-active { display: block; }
        & > Horizontal { height: 1; display: none; }
        & > Static { text-wrap: nowrap; text-overflow: ellipsis; }
        & > .filter-bar--message { height: 1; width: 1fr; color: $foreground 55%; display: none; }
        & > .filter-bar--message.-error { color: $text-error; }
        & > .filter-bar--mistake { color: $text-error; text-style: underline; }
        & > .filter-bar--active { height: 1; width: 1fr; display: none; padding: 0 1; }
        &.-open > Horizontal, &.-open > .filter-bar--message { display: block; }
        &.-active > .filter-bar--active { display: block; }
        &.-open > .filter-bar--active { display: none; }
        .filter-bar--prompt { width: 3; color: $primary; text-style: bold; padding: 0 0 0 1; }
        Input, Input:focus { width: 1fr; background: $background; background-tint: transparent; }
    }
    """

    class Changed(Message):
        """`text` is what stands in the line after a key was pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Submitted(Message):
        """Enter was pressed with `text` in the line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """Escape was pressed; the line is closed."""

    def __init__(
        self, complete: Complete = lambda _: (), *, hint: str = _HINT, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._complete = complete
        self._hint = hint
        self.mistake: tuple[int, int] | None = None
        """Where the wrong characters of the line begin and end."""
        self._input = Input(
            compact=True,
            select_on_focus=False,
            suggester=_Ghost(complete),
            highlighter=_Mark(self),
        )
        self._input.cursor_blink = False
        self._keys_were_for: Widget | None = None
        self._message = Static(classes="filter-bar--message", markup=False)
        self._active = Static(classes="filter-bar--active", markup=False)

    def compose(self) -> ComposeResult:
        """Make the line of parts, the prompt with its input, and the hint or the error below."""
        yield self._active
        with Horizontal():
            yield Label(_PROMPT, classes="filter-bar--prompt", markup=False)
            yield self._input
        yield self._message

    @property
    def is_open(self) -> bool:
        """Whether a filter is being written."""
        return self.has_class("-open")

    @property
    def text(self) -> str:
        """What stands in the line."""
        return self._input.value

    def open(self, text: str = "") -> None:
        """Show the line with `text` in it and take the keys."""
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = len(text)
        self.clear_error()
        self.add_class("-open")
        # At once, and not when there is time for it: the next key is meant for it.
        if self.screen.focused is not self._input:
            self._keys_were_for = self.screen.focused
        self.screen.set_focus(self._input)

    def close(self) -> None:
        """Hide the line, and give the keys back to whom they were for before."""
        self.remove_class("-open")
        if self.screen.focused is self._input:
            self.screen.set_focus(self._keys_were_for)

    def show_error(
        self,
        message: str,
        position: int | None = None,
        end: int | None = None,
        *,
        unfinished: bool = False,
    ) -> None:
        """Say what is wrong; `position`, `end`: the indexes of the characters in the line that are.

        What is only `unfinished` is no mistake yet, and what it could become is of more use.
        """
        if unfinished and self._complete(self.text):
            return
        text = visible(message)
        width = (self.size.width or self.app.size.width) - 1  # no size yet where just opened
        if position is not None:
            before = cell_len(self.text[: max(0, position)])
            column = len(_PROMPT) + 1 + before - self._input.scroll_offset.x
            if 0 <= column <= width - 2 - cell_len(text):
                text = f"{' ' * column}^ {text}"
            elif cell_len(text) + 2 <= column <= width:
                text = f"{' ' * (column - 1 - cell_len(text))}{text} ^"
            if not unfinished:
                self._underline((position, position + 1 if end is None else end))
        if not text.startswith(" "):
            text = f" {text}"
        self._message.set_class(not unfinished, "-error")
        self._message.update(Content(keep_start(text, width)))

    def clear_error(self) -> None:
        """Show what the line may become, or else the hint, in place of an error."""
        self._underline(None)
        self._message.remove_class("-error")
        candidates = self._complete(self.text)
        hint = "tab  " + "  ".join(self._last_words(candidates)) if candidates else self._hint
        width = (self.size.width or self.app.size.width) - 1
        self._message.update(Content(keep_start(" " * (len(_PROMPT) + 1) + hint, width)))

    def _last_words(self, lines: Sequence[str]) -> list[str]:
        """Of each line the word, or the value, that is being typed."""
        start = max(map(self.text.rfind, " (:")) + 1
        return [visible(line[start:]) for line in lines]

    def _underline(self, mistake: tuple[int, int] | None) -> None:
        if self.mistake != mistake:
            self.mistake = mistake
            self._input.refresh()

    def show_active(self, parts: Sequence[str]) -> None:
        """Say which filter is in force, a part each; nothing where there are none."""
        self.set_class(bool(parts), "-active")
        line = Content.styled("filter ", "$foreground 55%")
        for part in parts:
            line = line.append(Content.styled(f" {visible(part)} ", "$foreground on $primary 30%"))
            line = line.append(" ")
        self._active.update(line.append(Content.styled(" escape clears", "$foreground 55%")))

    def action_complete(self) -> None:
        """Write the likeliest line."""
        candidates = self._complete(self.text)
        if candidates:
            self._input.value = candidates[0]
            self._input.cursor_position = len(candidates[0])

    def action_cancel(self) -> None:
        """Close the line and say so."""
        if self.is_open:
            self.close()
            self.post_message(self.Cancelled())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.clear_error()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(event.value))
