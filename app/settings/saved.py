"""Filters that a person saved under names: filters.toml in their configuration folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.settings.files import FileError, read_text, write_text
from app.settings.folders import Base, Person
from app.settings.toml_text import TomlError, read_toml, string
from probes.text import visible

NAME: Final = re.compile(r"[\w.-]{1,40}")
"""What a filter may be saved as."""

_HEADER: Final = """\
# Filters of sock-tui, by name: `@name` in the filter line or in --filter stands for one.
# Type `@name = a filter` in the filter line to save it, `@name =` to remove it; or edit this.

"""


class SavedError(Exception):
    """Saved filters cannot be read or written; the message says why."""


class SavedFilters:
    """Texts of filters by their names, in a file or, without one, for this session alone."""

    def __init__(self, path: Path | None = None, owner: tuple[int, int] | None = None) -> None:
        """`owner`: the user and group id with whose rights the file is read and written."""
        self._path = path
        self._owner = owner
        self._texts: dict[str, str] = {}

    @property
    def texts(self) -> Mapping[str, str]:
        """What was read or saved last."""
        return self._texts

    def load(self) -> Mapping[str, str]:
        """Read the file; what is not there is empty. Raises SavedError, and has none then."""
        self._texts = {}
        if self._path is not None:
            self._texts = self._read(self._path)
        return self._texts

    def keep(self, name: str, text: str) -> str:
        """Save `text` as `name`, or remove `name` where it is empty; raises SavedError.

        Returns what was done, for a person.
        """
        if not NAME.fullmatch(name):
            raise SavedError("a name has 40 letters, digits, '.', '-' and '_' at most")
        there = self.load()
        if not text and name not in there:
            raise SavedError(f"no filter is saved as @{name}")
        texts = {key: there[key] for key in there if key != name} | ({name: text} if text else {})
        if self._path is not None:
            self._write(self._path, texts)
        self._texts = texts
        place = visible(str(self._path)) if self._path else "this session"
        return f"Saved as @{name} in {place}" if text else f"Removed @{name} from {place}"

    def _read(self, path: Path) -> dict[str, str]:
        try:
            text = read_text(path, self._owner)
            found = read_toml(text) if text is not None else {}
        except FileError as error:
            raise SavedError(str(error)) from None
        except TomlError as error:
            where = f"{visible(str(path))}:{error.line}:{error.column}"
            raise SavedError(f"{where}: {error}") from None
        for name, value in found.items():
            if not isinstance(value, str) or not NAME.fullmatch(name):
                said = 'each line is to be name = "a filter"'
                raise SavedError(f"{visible(str(path))}: {visible(name)}: {said}")
        return found

    def _write(self, path: Path, texts: Mapping[str, str]) -> None:
        lines = [f'"{name}" = {string(texts[name])}\n' for name in sorted(texts)]
        try:
            write_text(path, _HEADER + "".join(lines), self._owner)
        except FileError as error:
            raise SavedError(str(error)) from None


def saved_filters(environ: Mapping[str, str], owner: tuple[int, int] | None) -> SavedFilters:
    """Those of whoever started sock-tui. `owner`: the user and group who called sudo, else None."""
    return SavedFilters(Person(environ, owner).file(Base.CONFIG, "filters.toml"), owner)
