"""Where a person's files are: the XDG base directories of whoever started sock-tui."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Base(Enum):
    """A base directory: the variable that names it, and where it is in a home without that."""

    CONFIG = ("XDG_CONFIG_HOME", ".config")
    STATE = ("XDG_STATE_HOME", ".local/state")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose files they are. `owner`: the user and group who called sudo; None: who this is.

    `environ`: the environment of this process, which counts where nobody called sudo: sudo's own
    variables may be root's.
    """

    environ: Mapping[str, str]
    owner: tuple[int, int] | None

    def file(self, base: Base, name: str) -> Path | None:
        """The file of that name in sock-tui's folder; None for who has no home."""
        variable, within = base.value
        folder = self.environ.get(variable, "") if self.owner is None else ""
        if Path(folder).is_absolute():
            return Path(folder) / "sock-tui" / name
        home = self._home()
        return home / within / "sock-tui" / name if home is not None else None

    def _home(self) -> Path | None:
        if self.owner is None:
            home = self.environ.get("HOME", "")
        else:
            try:
                home = pwd.getpwuid(self.owner[0]).pw_dir
            except KeyError:
                return None
        return Path(home) if Path(home).is_absolute() else None
