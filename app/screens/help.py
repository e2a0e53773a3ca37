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

from app.filters.fields import FIELDS

_KEYS: Final = {"slash": "/", "question_mark": "?", "plus": "+", "minus": "-"}
TABLE_KEYS: Final = (
    ("↑ ↓  j k", "Move; the table stands still then"),
    ("enter", "All about the connection: who, why, where to"),
    ("page up/down", "Move by a page"),
    ("home", "To the oldest"),
    ("end", "To the last; in the order of arrival, follow it"),
    (
        "→ ←  enter",
        "Open, close a group; ! leaves it out; in the tree enter keeps all from there",
    ),
    ("a click", "On a column's title sorts by it, a second one turns it, a third one ends it"),
    ("tab", "To the next panel; there enter keeps what is selected, ! leaves it out, y copies it"),
)
IN_DETAIL: Final = (
    ("↑ ↓ ← →  tab", "From value to value, also with h j k l; a click, too"),
    ("enter  /", "Keep only this value, and go back; so does a second click"),
    ("!", "Leave this value out, and go back"),
    ("y  Y", "Copy the value, the whole row"),
    ("n  N  ] [", "The next connection, the one before"),
    ("page up/down", "Scroll"),
)
_FILTERS: Final = (
    *((f"{field.name}:{field.example}", field.help) for field in FIELDS),
    ("word", "part of anything that a row shows; quotes keep spaces and signs"),
)
JOINED: Final = (
    ("a b", "both"),
    ("a or b", "one of them; brackets hold them together: port:80 (a or b)"),
    ("!a", "not that"),
    ("*.com", "the whole text, in which a star stands for anything"),
    ("host:=a.com", "this text and no other"),
    ("/a.?b/", "a regular expression (RE2's)"),
    ("@name", "a filter that was saved: by @name = a filter"),
)
_MARKS: Final = (
    ("[curl]", "ended before its path could be read: the name the kernel knows"),
    ("ok 12 ms", "connected after so long; ok alone, where nobody had to answer (UDP)"),
    ("…", "in progress"),
    ("gave up", "the program closed the socket before an answer came"),
    ("udp send, →", "sent there without connect(): shown once a minute for each program and place"),
    ("tcp fast", "TCP Fast Open: data went with the first packet"),
    ("~name", "a guess: another process, or a DNS answer to anybody, gave this address for it"),
    ("?name", "nobody asked for it: the address's own name, with --ptr"),
)
_ABOUT: Final = (
    ("sock-tui", "Apache-2.0; the probes GPL-2.0"),
    ("AS data", "the bundled table: RouteViews, DB-IP, NRO, by ip-location-db, CC BY 4.0"),
)


def key_text(binding: Binding) -> str:
    """The key of a binding, the first of several, as a person knows it."""
    key = binding.key.partition(",")[0]
    return _KEYS.get(key, key)


class HelpScreen(ModalScreen[None]):
    """Any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close"),
    ]

    def __init__(self, bindings: Sequence[BindingType]) -> None:
        """`bindings`: the dashboard's own, whose tooltips say what they do."""
        super().__init__()
        self._keys = [
            (key_text(binding), binding.tooltip)
            for binding in bindings
            if isinstance(binding, Binding)
        ]

    def compose(self) -> ComposeResult:
        """A box that scrolls where the screen is low."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "escape closes"
            yield Static(_table("Keys", self._keys))
            yield Static(_table("In the table", TABLE_KEYS))
            yield Static(_table("In the details of a connection", IN_DETAIL))
            yield Static(_table("Filters", _FILTERS))
            yield Static(_table("Filters joined", JOINED))
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
    grid.add_column(width=17, no_wrap=True)
    grid.add_column(ratio=1)
    for keys, what in rows:
        grid.add_row(keys, what)
    grid.add_row("", "")
    return grid
