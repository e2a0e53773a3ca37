"""The line in which a filter is written, and the line that says which one is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from probes.text import visible
from widgets.fit import keep_start

_PROMPT: Final = "/ "
_HINT: Final = "pid: proc: user: host: as: port: or a word · enter keeps · escape cancels"


class FilterBar(Vertical):
    """Hidden until `open`; tells what is typed, and shows what is wrong with it.

    It does not judge a filter: on `Submitted` the application calls `show_error` or `close`.
    While a filter is in force and nothing is being typed, `show_active` has a line of its parts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
    ]
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

    def __init__(self, *, hint: str = _HINT, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hint = hint
        self._input = Input(compact=True, select_on_focus=False)
        self._input.cursor_blink = False
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
        self._input.focus()

    def close(self) -> None:
        """Hide the line. Where the keys go then is for the application to say."""
        self.remove_class("-open")

    def show_error(self, message: str, position: int | None = None) -> None:
        """Say what is wrong; `position` is the index of the character in the line that is."""
        text = visible(message)
        width = (self.size.width or self.app.size.width) - 1  # no size yet where just opened
        if position is not None:
            before = cell_len(self._input.value[: max(0, position)])
            column = len(_PROMPT) + 1 + before - self._input.scroll_offset.x
            if 0 <= column <= width - 2 - cell_len(text):
                text = f"{' ' * column}^ {text}"
            elif cell_len(text) + 2 <= column <= width:
                text = f"{' ' * (column - 1 - cell_len(text))}{text} ^"
        if not text.startswith(" "):
            text = f" {text}"
        self._message.add_class("-error")
        self._message.update(Content(keep_start(text, width)))

    def clear_error(self) -> None:
        """Show the hint again in place of an error."""
        self._message.remove_class("-error")
        self._message.update(Content(" " * (len(_PROMPT) + 1) + self._hint))

    def show_active(self, parts: Sequence[str]) -> None:
        """Say which filter is in force, a part each; nothing where there are none."""
        self.set_class(bool(parts), "-active")
        line = Content.styled("filter ", "$foreground 55%")
        for part in parts:
            line = line.append(Content.styled(f" {visible(part)} ", "$foreground on $primary 30%"))
            line = line.append(" ")
        self._active.update(line.append(Content.styled(" escape clears", "$foreground 55%")))

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
