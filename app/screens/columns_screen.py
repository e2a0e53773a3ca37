"""Which columns the table has, and in which order: chosen over the dashboard, shown at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from widgets.column import ALL, BY_KEY, COLUMNS

_NAME: Final = 14  # cells
_NO_ROOM: Final = "no room"


class ColumnsScreen(ModalScreen[None]):
    """Space shows or hides a column, shift and an arrow move it.

    What is chosen shows at once. As long as nothing is, the table has those of its ten columns that
    there is room for, and a choice sets out from them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "switch", "Show or hide the column"),
        Binding("shift+up,K,ctrl+up", "move(-1)", "Move the column to the left"),
        Binding("shift+down,J,ctrl+down", "move(1)", "Move the column to the right"),
        Binding("r", "reset", "Have as many of the usual ones as there is room for"),
        Binding("j", "cursor(1)", "Down"),
        Binding("k", "cursor(-1)", "Up"),
        Binding("escape,q,c", "dismiss", "Close"),
        Binding("ctrl+c", "app.quit", "Quit"),
    ]

    def __init__(
        self,
        chosen: Sequence[str],
        choose: Callable[[Sequence[str]], None],
        shown: Callable[[], Sequence[str]],
    ) -> None:
        """`chosen`: the keys of the columns, from the left; empty leaves them to the room there is.

        `choose`: is given the same whenever it changes. `shown`: tells which have a place.
        """
        super().__init__()
        self._choose = choose
        self._shown = shown
        self._is_automatic = not chosen
        self._wanted: set[str] = set()
        self._order: list[str] = []
        self._arrange(chosen)

    def compose(self) -> ComposeResult:
        """A line for each column, and below what became of the choice."""
        with Vertical(id="columns") as self._box:
            self._box.border_title = "Columns"
            self._box.border_subtitle = "space shows · shift+↑↓ moves · r resets · escape closes"
            self._list = OptionList(*(Option("") for _ in ALL), compact=True, id="columns-list")
            yield self._list
            self._note = Static(id="columns-note", markup=False)
            yield self._note

    def on_mount(self) -> None:
        """Show what there is."""
        self._list.highlighted = 0
        self._show()

    def on_resize(self) -> None:
        """There may be room for others, once the table below knows it."""
        self.call_after_refresh(self._show)

    @on(OptionList.OptionSelected)
    def _toggle_chosen(self, event: OptionList.OptionSelected) -> None:
        self._toggle(event.option_index)

    def action_switch(self) -> None:
        """Show or hide the column."""
        if self._list.highlighted is not None:
            self._toggle(self._list.highlighted)

    def action_move(self, by: int) -> None:
        """Move the column by a place."""
        at = self._list.highlighted
        if at is not None and 0 <= at + by < len(self._order):
            self._order.insert(at + by, self._order.pop(at))
            self._list.highlighted = at + by
            self._change()

    def action_cursor(self, by: int) -> None:
        """Go to another column."""
        if by < 0:
            self._list.action_cursor_up()
        else:
            self._list.action_cursor_down()

    def action_reset(self) -> None:
        """Leave the columns to the room there is."""
        self._is_automatic = True
        self._arrange(())
        self._choose(())
        self._show()

    def _toggle(self, index: int) -> None:
        key = self._order[index]
        if self._wanted == {key}:
            self.notify("One column has to stay", severity="warning")
            return
        self._wanted ^= {key}
        self._change()

    def _change(self) -> None:
        self._is_automatic = False
        self._choose(self._chosen())
        self._show()

    def _chosen(self) -> tuple[str, ...]:
        return tuple(key for key in self._order if key in self._wanted)

    def _arrange(self, chosen: Sequence[str]) -> None:
        """Those that were chosen, in their order, then all others."""
        self._wanted = set(chosen)
        first = list(chosen) or [column.key for column in COLUMNS]
        self._order = first + [column.key for column in ALL if column.key not in first]

    def _show(self) -> None:
        shown = self._shown()
        if self._is_automatic:
            self._wanted = set(shown)  # what a choice sets out from
        for index, key in enumerate(self._order):
            self._list.replace_option_prompt_at_index(index, self._line(key, shown))
        left = [BY_KEY[key].title for key in self._chosen() if key not in shown]
        if self._is_automatic:
            said = "Automatic: those of the first ten that there is room for."
        else:
            said = "Chosen by you; r leaves them to the room there is."
        if left:
            said += f" No room for {', '.join(left)}."
        self._note.update(said)

    def _line(self, key: str, shown: Sequence[str]) -> Text:
        column = BY_KEY[key]
        wanted = key in self._wanted
        mark = "[x]" if wanted else "[ ]"
        what = f"{_NO_ROOM} · {column.about}" if wanted and key not in shown else column.about
        return Text.assemble(
            (f"{mark} {column.title:{_NAME}}", "bold" if wanted else ""),
            (what, "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
