"""What a person finds at a start, and leaves at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.settings.config import Config
from app.settings.files import FileError
from app.settings.look import Look
from probes.text import visible

if TYPE_CHECKING:
    from app.settings.state import State


class Home:
    """Brings together what flags, the configuration and the last session say of the look.

    Each counts where the one before says nothing: what is written in config.toml holds at every
    start, and what it leaves out is as it was left.
    """

    def __init__(
        self, flags: Look | None = None, config: Config | None = None, state: State | None = None
    ) -> None:
        """`state` None: nothing is remembered."""
        self._config = config or Config()
        self._state = state
        remembered = state.load() if state is not None else Look()
        self.look = (flags or Look()).over(self._config.look).over(remembered)
        """How the dashboard is to look."""

    def leave(self, before: Look, after: Look) -> str | None:
        """Remember what was changed; returns what a person is to know of it.

        `before`: as the dashboard was once it was there; `after`: as it is left.
        """
        changes = after.since(before)
        if self._state is None or not changes.chosen():
            return None
        try:
            self._state.keep(changes)
        except FileError as error:
            return f"the look is not remembered: {error}"
        again = [name for name in changes.chosen() if name in self._config.values]
        if again:
            path = visible(str(self._config.path))
            return f"the next start has {' and '.join(again)} from {path} again"
        return None
