"""What the command palette offers: every key that does something, by what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.widgets import Input

from app.screens.help import key_text

_PALETTE: Final = "command_palette"


class Palette(CommandPalette):
    """Textual's, in which nothing blinks."""

    def on_mount(self) -> None:
        """Have the cursor stand still."""
        self.query_one(Input).cursor_blink = False


def palette_commands(app: App[None]) -> Iterator[SystemCommand]:
    """The application's bindings; the palette cannot be called where a screen lies above it."""
    for binding in app.BINDINGS:
        if isinstance(binding, Binding) and binding.action != _PALETTE:
            action = partial(app.run_action, binding.action)
            yield SystemCommand(binding.tooltip, f"the key {key_text(binding)}", action)
