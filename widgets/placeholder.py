"""What stands in the table's place while there is no table to show."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from probes.text import visible


class Placeholder(Vertical):
    """A title and lines beneath it, centred: what is awaited, what to press, or what is wrong."""

    DEFAULT_CSS = """
    Placeholder {
        height: 1fr;
        width: 1fr;
        align: center middle;
        border: round $foreground 25%;
        background: $background;
        padding: 0 2;
        & > Static { width: 1fr; height: auto; text-align: center; }
        & > .placeholder--title { color: $foreground; text-style: bold; }
        & > .placeholder--hints { color: $foreground 60%; }
        &.-error { border: round $error; }
        &.-error > .placeholder--title { color: $text-error; }
    }
    """

    def __init__(
        self,
        title: str = "",
        *hints: str,
        error: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._title = Static(classes="placeholder--title", markup=False)
        self._hints = Static(classes="placeholder--hints", markup=False)
        self.show(title, *hints, error=error)

    def compose(self) -> ComposeResult:
        """Put the title above the hints."""
        yield self._title
        yield self._hints

    def show(self, title: str, *hints: str, error: bool = False) -> None:
        """Say `title`, and a line for each hint; in the error's colour where it is one."""
        self.set_class(error, "-error")
        self._title.update(Content(visible(title)))
        lines = "\n".join(visible(hint) for hint in hints)
        self._hints.update(Content(f"\n{lines}" if lines else ""))
