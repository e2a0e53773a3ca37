"""Asks where to write a session, and shows how far that is, over the dashboard."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, ProgressBar, Static

from app.output.exporting import Exporting
from probes.text import visible

_EVERY: Final = 0.1  # seconds between looks at how far it is


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What was agreed to: where to, whether only what the filter keeps, whether to replace."""

    path: Path
    only_shown: bool
    replace: bool


class ExportScreen(ModalScreen[ExportRequest | None]):
    """Enter writes, escape leaves. A file that is there is replaced only after a second enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, name: str, stored: int, shown: int | None) -> None:
        """`name`: offered. `stored`: rows there are; `shown`: by the filter, None without one."""
        super().__init__()
        self._name = name
        self._stored = stored
        self._shown = shown
        self._asked: str | None = None  # the name for which a replacement was asked

    def compose(self) -> ComposeResult:
        """A name, a choice where there is a filter, and what enter does."""
        with Vertical(id="export") as box:
            box.border_title = "Export as CSV"
            box.border_subtitle = "enter writes · escape cancels"
            yield Input(self._name, select_on_focus=False, compact=True, id="export-name")
            if self._shown is not None:
                yield Checkbox(
                    f"Only the {self._shown:,} of {self._stored:,} rows that the filter keeps",
                    value=True,
                    compact=True,
                    id="export-shown",
                )
            yield Static(f"In {visible(str(Path.cwd()))}", id="export-note", markup=False)

    @on(Input.Changed)
    def _another_name(self) -> None:
        if self._asked is not None:
            self._asked = None
            self._note(f"In {visible(str(Path.cwd()))}")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        path = Path(os.path.expanduser(name))
        if not name:
            self._note("A file name is needed.", wrong=True)
        elif os.path.isdir(path):
            self._note(f"{visible(name)} is a directory: add a file name.", wrong=True)
        elif not os.path.isdir(path.parent):
            self._note(f"There is no directory {visible(str(path.parent))}.", wrong=True)
        elif os.path.exists(path) and self._asked != name:
            self._asked = name
            self._note(f"{visible(name)} exists: enter again replaces it.", wrong=True)
        else:
            only_shown = self._shown is not None and self.query_one(Checkbox).value
            self.dismiss(ExportRequest(path, only_shown, replace=self._asked == name))

    def action_leave(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    def _note(self, text: str, *, wrong: bool = False) -> None:
        note = self.query_one("#export-note", Static)
        note.update(text)
        note.set_class(wrong, "-wrong")


class ExportingScreen(ModalScreen[None]):
    """How far an export is. It leaves by itself at the end; escape cancels the export."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("q,ctrl+c", "app.quit", "Quit"),
    ]

    def __init__(self, exporting: Exporting) -> None:
        super().__init__()
        self._exporting = exporting

    def compose(self) -> ComposeResult:
        """A bar, and the same in numbers."""
        with Vertical(id="exporting") as box:
            box.border_title = "Export as CSV"
            box.border_subtitle = "escape cancels"
            yield ProgressBar(self._exporting.total, show_eta=False)
            yield Static(id="exporting-rows", markup=False)

    def on_mount(self) -> None:
        """Look how far it is."""
        self._look()
        self.set_interval(_EVERY, self._look)

    def _look(self) -> None:
        exporting = self._exporting
        self.query_one(ProgressBar).update(progress=exporting.written)
        text = f"{exporting.written:,} of {exporting.total:,} rows"
        self.query_one("#exporting-rows", Static).update(text)
        if exporting.ended and self.is_current:
            self.dismiss()

    def action_cancel(self) -> None:
        """Write no further, and leave everything as it was."""
        self._exporting.cancel()
