"""What stands behind a flag: text made into a value, or refused in a line."""

from __future__ import annotations

import argparse
import math
import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from app.output.target import ExportError, calling_user
from app.settings.themes import THEMES
from probes.record import HookKind

# The language of filters is loaded for whoever asks for something.
if TYPE_CHECKING:
    from app.filters.query import Query

_LARGEST_UID: Final = 0xFFFF_FFFE  # the one above it means none: chown(2)
_HOOKS: Final = (HookKind.KPROBE, HookKind.TRACEPOINT)


def _reject(message: str) -> NoReturn:
    raise argparse.ArgumentTypeError(message)


def _of(key: str, text: str) -> Query:
    from app.filters.query import Query, QueryError

    try:
        return Query.of(key, text)
    except QueryError as error:
        _reject(str(error))


def _one(key: str, text: str) -> Query:
    """One number, though a filter may name several at once."""
    query = _of(key, text)
    if not text.isdecimal():
        _reject(f"one {key} at a time, not '{text}': the flag may be given more than once")
    return query


def pid(text: str) -> Query:
    """A process id."""
    return _one("pid", text)


def running_pid(text: str) -> int:
    """The id of a process that runs now."""
    pid(text)
    if not Path("/proc", text).exists():
        _reject(f"no process {text} is running")
    return int(text)


def user(text: str) -> Query:
    """A user, by name or number."""
    return _of("user", text)


def known_user(text: str) -> int:
    """A user of this machine, or any number; the number."""
    if text.isascii() and text.isdecimal():
        if len(text) > 10 or int(text) > _LARGEST_UID:
            _reject(f"a user's number is at most {_LARGEST_UID}, not '{text[:20]}'")
        return int(text)
    user(text)
    try:
        return pwd.getpwnam(text).pw_uid
    except (KeyError, ValueError):
        _reject(f"no user '{text}' on this machine (a number serves for one unknown here)")


def port(text: str) -> Query:
    """A port, 1 to 65535."""
    return _one("port", text)


def port_number(text: str) -> int:
    """The same, as a number."""
    port(text)
    return int(text)


def query(text: str) -> Query:
    """A filter for what is captured, whose answer about a connection never changes."""
    from app.filters.query import QueryError, parse

    try:
        found = parse(text, _saved() if "@" in text else {})
    except QueryError as error:
        _reject(f"{error} (at character {error.position + 1} of '{text}')")
    if found.spans_ns:
        _reject(
            "since: with an age is for the filter line (/), where rows leave as time goes; "
            "here give it a time, such as since:14:30"
        )
    return found


def _saved() -> Mapping[str, str]:
    from app.settings.saved import SavedError, saved_filters

    try:
        return saved_filters(os.environ, calling_user(os.environ, os.geteuid())).load()
    except (SavedError, ExportError) as error:
        _reject(str(error))


def hook(text: str) -> HookKind | None:
    """How connect() is watched; None for "auto"."""
    if text == "auto":
        return None
    if text not in _HOOKS:
        _reject(f"'{text}' is none of auto, kprobe, tracepoint")
    return HookKind(text)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        _reject(f"'{text}' is not a number above 0")
    return value


def seconds(text: str) -> float:
    """A number, 0 or above."""
    return 0.0 if text.strip() == "0" else positive(text)


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) == 0:
        _reject(f"'{text}' is not a whole number above 0")
    return int(text)


def theme(text: str) -> str:
    """One of Textual's themes."""
    if text not in THEMES:
        _reject(f"'{text}' is none of {', '.join(THEMES)}")
    return text


def columns(text: str) -> tuple[str, ...]:
    """Columns of the table, with commas between them; none at all leaves them to the room."""
    from app.settings import config

    try:
        return config.columns([part.strip() for part in text.split(",")] if text.strip() else [])
    except ValueError as error:
        _reject(f"'{text}' is not {error}")


def order(text: str) -> str:
    """A column to sort by, with `-` in front from the highest value down."""
    from app.settings import config

    try:
        return config.order(text)
    except ValueError as error:
        _reject(f"'{text}' is not {error}")


def readable(text: str) -> Path:
    """A file that can be read."""
    path = Path(text)
    mode = _mode(path)
    if mode is None:
        _reject(f"'{text}' does not exist")
    if stat.S_ISDIR(mode):
        _reject(f"'{text}' is a directory")
    if not os.access(path, os.R_OK):
        _reject(f"'{text}' cannot be read: Permission denied")
    return path


def writable(text: str) -> Path:
    """A file that can be written: faults that need not wait for the end of a session."""
    path = Path(text)
    if stat.S_ISDIR(_mode(path) or 0):
        _reject(f"'{text}' is a directory")
    folder = _mode(path.parent)
    if folder is None or not stat.S_ISDIR(folder):
        _reject(f"the directory '{path.parent}' does not exist")
    if not os.access(path.parent, os.W_OK):
        _reject(f"the directory '{path.parent}' cannot be written to")
    return path


def _mode(path: Path) -> int | None:
    """What there is under this name, as in st_mode; None where there is nothing."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        _reject(f"'{path}' cannot be used: {error.strerror}")
