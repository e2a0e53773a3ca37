"""The files of a run: they are whoever called sudo's, and opened with that user's rights."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from app.output.target import ExportError, whole_file
from app.run.caller import Caller
from app.run.patterns import resolvers
from app.run.reading import parse
from app.run.rules import Rule, RuleError, Rules
from app.settings import files
from app.settings.files import FileError
from probes.text import visible

_LARGEST: Final = 4 << 20  # bytes; a real one has some thousand


class RuleFileError(Exception):
    """A file of rules cannot be used; the text says which, where and why."""


def read_text(path: Path, caller: Caller) -> str | None:
    """What a file of rules holds; None where there is no such file.

    Raises:
        RuleFileError: it cannot be read.
    """
    try:
        with caller.acting():
            return files.read_text(path, None, _LARGEST)
    except FileError as error:
        raise RuleFileError(str(error)) from None
    except OSError as error:
        raise RuleFileError(f"{_shown(path)} cannot be read: {error.strerror}") from None


def read_rules(paths: list[Path], caller: Caller) -> Rules:
    """The rules of all files, which must be there.

    Raises:
        RuleFileError: one is not, or says what is not a rule; with line and column.
    """
    rules: list[Rule] = []
    for path in paths:
        text = read_text(path, caller)
        if text is None:
            raise RuleFileError(f"{_shown(path)} does not exist; --learn makes it")
        rules += parsed(path, text)
    return Rules(tuple(rules), resolvers())


def parsed(path: Path, text: str) -> tuple[Rule, ...]:
    """The rules in the text of that file; raises RuleFileError."""
    try:
        return parse(text)
    except RuleError as error:
        where = f"{_shown(path)}:{error.line}:{error.column}"
        raise RuleFileError(f"{where}: {error}") from None


def check_writable(path: Path, caller: Caller) -> str | None:
    """Why the caller cannot make or replace that file; None where nothing is known against it."""
    try:
        with caller.acting():
            if path.is_symlink():
                return f"'{_shown(path)}' is a symbolic link; name the file that it leads to"
            if path.is_dir():
                return f"'{_shown(path)}' is a directory"
            if not path.parent.is_dir():
                return f"the directory '{_shown(path.parent)}' does not exist"
            if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
                return f"{caller.name} may not write in the directory '{_shown(path.parent)}'"
    except OSError as error:
        return f"'{_shown(path)}' cannot be written: {error.strerror}"
    return None


def write_text(path: Path, text: str, caller: Caller, *, private: bool) -> None:
    """Write a file, whole or not at all. `private`: for nobody else to read.

    Otherwise it is as readable as the one that was there, or as the caller's umask says.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        with caller.acting():
            mode = 0o600 if private else _mode(path)
            with whole_file(path, replace=True, owner=None) as write:
                write(text)
            path.chmod(mode)
    except OSError as error:
        raise ExportError(f"cannot write {_shown(path)}: {error.strerror}") from error


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o777
    except FileNotFoundError:
        umask = os.umask(0o077)
        os.umask(umask)
        return 0o666 & ~umask


def _shown(path: Path) -> str:
    return visible(str(path))
