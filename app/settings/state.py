"""What is remembered from one session to the next: state.toml, which sock-tui writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.settings import config
from app.settings.files import FileError, read_text, write_text
from app.settings.look import PANELS, Look
from app.settings.toml_text import TomlError, read_toml, string

_HEADER: Final = """\
# How sock-tui's dashboard was left: it writes this file itself, and makes it anew where it is gone.
# What is to hold at every start belongs into config.toml: sock-tui(1).

"""


class State:
    """A file that remembers part of a `Look`: theme, columns, panels and timeline."""

    def __init__(self, path: Path, owner: tuple[int, int] | None) -> None:
        """`owner`: the user and group id with whose rights the file is read and written."""
        self._path = path
        self._owner = owner

    def load(self) -> Look:
        """What was remembered; what cannot be read was not."""
        try:
            text = read_text(self._path, self._owner)
            values = read_toml(text) if text is not None else {}
        except (FileError, TomlError):
            return Look()
        kept = {name: value for name, value in values.items() if name in _IS_RIGHT}
        right = {name: value for name, value in kept.items() if _IS_RIGHT[name](value)}
        lists = {name: tuple(value) for name, value in right.items() if isinstance(value, list)}
        return Look(**(right | lists))

    def keep(self, changes: Look) -> None:
        """Remember these as well; raises FileError."""
        kept = changes.over(self.load()).chosen()
        lines = [f"{name} = {_toml(kept[name])}\n" for name in _IS_RIGHT if name in kept]
        write_text(self._path, _HEADER + "".join(lines), self._owner)


def _is_theme(value: Any) -> bool:
    return isinstance(value, str)


def _are_columns(value: Any) -> bool:
    try:
        config.columns(value)
    except ValueError:  # of another version of sock-tui
        return False
    return True


def _are_panels(value: Any) -> bool:
    return isinstance(value, list) and all(each in PANELS for each in value)


_IS_RIGHT: Final[dict[str, Callable[[Any], bool]]] = {
    "theme": _is_theme,
    "columns": _are_columns,
    "panels": _are_panels,
    "panel": lambda value: value in (*PANELS, ""),
    "timeline": lambda value: isinstance(value, bool),
}


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return string(str(value))
