"""The configuration: config.toml, which a person writes and sock-tui only reads."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from app.settings.files import FileError, read_text
from app.settings.look import PANELS, Look
from app.settings.themes import THEMES
from app.settings.toml_text import TomlError, place, read_toml
from probes.text import visible


class ConfigError(Exception):
    """The configuration cannot be used; the text says which, where and what is expected."""


@dataclass(frozen=True, slots=True)
class Key:
    """What may be set. `read`: makes the value, or raises ValueError with what is expected.

    `example`: in TOML. `about`: for a person.
    """

    name: str
    example: str
    about: str
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration sets: `values` by the names of `KEYS`. `path` None: there is none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    text: str = ""

    @property
    def look(self) -> Look:
        """How the dashboard is to look."""
        names = Look.__dataclass_fields__
        return Look(**{name: value for name, value in self.values.items() if name in names})

    def reject(self, key: str, message: str) -> NoReturn:
        """Raise ConfigError: the value of that key is wrong."""
        line, column = place(self.text, key)
        raise ConfigError(f"{visible(str(self.path))}:{line}:{column}: {message}")


def read_config(path: Path, owner: tuple[int, int] | None, *, must_exist: bool) -> Config:
    """Read a configuration, with the rights of `owner`: a user and group id.

    Where it need not exist, one that the owner may not even look for does not.

    Raises:
        ConfigError: it cannot be read, or says what is not expected; with line and column.
    """
    try:
        text = read_text(path, owner)
    except FileError as error:
        if must_exist or error.code != errno.EACCES:
            raise ConfigError(str(error)) from None
        text = None
    if text is None:
        if must_exist:
            raise ConfigError(f"{visible(str(path))} does not exist")
        return Config()
    try:
        return Config(_values(text), path, text)
    except TomlError as error:
        where = f"{visible(str(path))}:{error.line}:{error.column}"
        raise ConfigError(f"{where}: {error}") from None


def _values(text: str) -> dict[str, Any]:
    known = {key.name: key for key in KEYS}
    values: dict[str, Any] = {}
    for name, value in read_toml(text).items():
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            expected = f"'{near[0]}'" if near else f"one of {', '.join(known)}"
            message = f"'{visible(name)}' is not known here; {expected} is expected"
            raise TomlError(message, *place(text, name))
        try:
            values[name] = known[name].read(value)
        except ValueError as error:
            raise TomlError(f"'{name}' expects {error}", *place(text, name)) from None
    return values


def column_keys() -> tuple[str, ...]:
    """What a column may be called. Loaded when it is asked for: whoever prints has none."""
    from widgets.column import BY_KEY

    return tuple(BY_KEY)


def columns(value: Any) -> tuple[str, ...]:
    """Columns, each once; raises ValueError."""
    known = column_keys()
    expected = f"a list of any of {', '.join(known)}, each once"
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(expected)
    for each in value:
        if each not in known:
            raise ValueError(f"{expected}, and not '{visible(each)}'")
    if len(set(value)) < len(value):
        raise ValueError(expected)
    return tuple(value)


def order(value: Any) -> str:
    """A column, with `-` in front from the highest value down; raises ValueError."""
    known = column_keys()
    if not isinstance(value, str) or value.removeprefix("-") not in known:
        raise ValueError(f"one of {', '.join(known)}, with - in front from the highest value down")
    return value


def _theme(value: Any) -> str:
    if value not in THEMES:
        raise ValueError(f"one of {', '.join(THEMES)}")
    return str(value)


def _panels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(each in PANELS for each in value):
        raise ValueError(f"a list of any of {_quoted(PANELS)}")
    return tuple(panel for panel in PANELS if panel in value)


def _panel(value: Any) -> str:
    if value not in (*PANELS, "none"):
        raise ValueError(f"one of {_quoted((*PANELS, 'none'))}")
    return "" if value == "none" else str(value)


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as all of them
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text in quotes")  # noqa: TRY004 - as all of them
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("a whole number above 0")
    return value


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


KEYS: Final = (
    Key("theme", '"nord"', "the colours; C on the dashboard lists them", _theme),
    Key(
        "columns", '["time", "process", "host", "latency"]', "from the left; c lists them", columns
    ),
    Key("panels", '["hosts", "systems"]', "what stands beside the table on 120 columns", _panels),
    Key("panel", '"hosts"', 'what stands below it on fewer: this, "systems" or "none"', _panel),
    Key("timeline", "true", "whether there is a timeline", _yes),
    Key("sort", '"-time"', "by which column; - from the highest value down", order),
    Key("follow", "false", "whether the newest connection is followed at first", _yes),
    Key("filter", '"!proc:chronyd"', "only what matches, as --filter", _text),
    Key("max-rows", "200000", "how many connections are kept, as --max-rows", _count),
    Key("names", "false", "whether hostnames are watched for, as --names", _yes),
    Key("sends", "false", "whether sends without connect() are, as --sends", _yes),
    Key("fold", "false", "whether resolvers' own questions are left out, as --fold", _yes),
    Key("ptr", "true", "whether addresses without a name are asked for theirs, as --ptr", _yes),
    Key("asn", "false", "whether autonomous systems are looked up, as --asn", _yes),
    Key("hook", '"tracepoint"', "how connect() is watched, as --hook", _text),
)
"""Everything that may be set."""
