"""All keys and the filters' form, over the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

_KEYS: Final = {"slash": "/", "question_mark": "?"}
_TABLE_KEYS: Final = (
    ("↑ ↓  j k", "Move; the table stands still then"),
    ("page up/down", "Move by a page"),
    ("home  g", "To the oldest"),
    ("end  G", "To the last; in the order of arrival, follow it"),
    ("a click", "On a column's title sorts by it, a second one turns it, a third one ends it"),
    ("tab", "To the next panel; enter there keeps what is selected"),
)
_FILTERS: Final = (
    ("pid:1234", "this process"),
    ("user:alice", "this user, by name or number"),
    ("proc:curl", "part of the program's path or name"),
    ("host:github", "part of the hostname"),
    ("as:13335", "this autonomous system, or part of its name"),
    ("port:443", "this port"),
    ("word", "part of anything that a row shows; quotes keep spaces"),
)
_MARKS: Final = (
    ("[curl]", "ended before its path could be read: the name the kernel knows"),
    ("~name", "a guess: another process looked that name up and got this address"),
)
_ABOUT: Final = (
    ("sock-tui", "Apache-2.0; the probes GPL-2.0"),
    ("AS data", "the bundled table: RouteViews, DB-IP, NRO, by ip-location-db, CC BY 4.0"),
)


class HelpScreen(ModalScreen[None]):
    """Any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close"),
    ]

    def __init__(self, bindings: Sequence[BindingType]) -> None:
        """`bindings`: the dashboard's own, whose tooltips say what they do."""
        super().__init__()
        self._keys = [
            (_KEYS.get(binding.key, binding.key.partition(",")[0]), binding.tooltip)
            for binding in bindings
            if isinstance(binding, Binding)
        ]

    def compose(self) -> ComposeResult:
        """A box that scrolls where the screen is low."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "escape closes"
            yield Static(_table("Keys", self._keys))
            yield Static(_table("In the table", _TABLE_KEYS))
            yield Static(_table("Filters: all terms must match", _FILTERS))
            yield Static(_table("Marks", _MARKS))
            yield Static(_table("About", _ABOUT))


def _table(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    grid = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
        expand=True,
    )
    grid.add_column(width=14, no_wrap=True)
    grid.add_column(ratio=1)
    for keys, what in rows:
        grid.add_row(keys, what)
    grid.add_row("", "")
    return grid
