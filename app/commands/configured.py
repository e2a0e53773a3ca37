"""Flags that a person may set for good, and where that is read."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from app.commands import values
from app.output.target import ExportError, calling_user
from app.settings.config import Config, ConfigError, read_config
from app.settings.folders import Base, Person
from app.settings.home import Home
from app.settings.look import Look

_FLAGS: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("max-rows", "names", "sends", "fold", "ptr", "asn"), lambda value: value),
    "filter": values.query,
    "hook": values.hook,
}
"""By the key in the configuration, which is the flag's name, what reads its value."""


def add_look(parser: argparse.ArgumentParser) -> None:
    """Add what says how the dashboard looks, and where that is set for good."""
    group = parser.add_argument_group("dashboard")
    group.add_argument(
        "--theme", type=values.theme, metavar="NAME", help="the colours; C lists them"
    )
    group.add_argument(
        "--columns",
        type=values.columns,
        metavar="LIST",
        help="the columns from the left, with commas between them; c lists them",
    )
    group.add_argument(
        "--sort",
        type=values.order,
        metavar="COLUMN",
        help="by which column; --sort=-COLUMN turns it round",
    )
    add_config(group)


def add_config(parser: argparse._ActionsContainer) -> None:
    """Add where the configuration is."""
    parser.add_argument(
        "--config", metavar="FILE", help="another configuration than ~/.config/sock-tui/config.toml"
    )
    parser.add_argument(
        "--no-config",
        action="store_true",
        help="neither a configuration nor what was remembered; remember nothing",
    )


def look_of(given: argparse.Namespace) -> Look:
    """What the flags of `add_look` say."""
    return Look(theme=given.theme, columns=given.columns, sort=given.sort)


def parse_configured(
    parser: argparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[argparse.Namespace, Config | None]:
    """What `arguments` say, and where they say nothing the configuration; it is None for none.

    `parser`: one with the flags of `add_config`. Ends the process with status 2 where either is
    wrong.
    """
    given = parser.parse_args(arguments)
    try:
        config = _config(given)
        if config is None:
            return given, None
        defaults = {
            name.replace("-", "_"): _read(config, name)
            for name in _FLAGS
            if name in config.values and hasattr(given, name.replace("-", "_"))
        }
    except ConfigError as error:
        parser.exit(2, f"sock-tui: {error}\n")
    if defaults:
        parser.set_defaults(**defaults)
        given = parser.parse_args(arguments)
    return given, config


def home_of(look: Look, config: Config | None) -> Home:
    """What was said of the look, set for good, and remembered.

    `config` None: the first alone.
    """
    person = _person()
    path = person.file(Base.STATE, "state.toml") if person is not None else None
    if config is None or person is None or path is None:
        return Home(look, config)
    from app.settings.state import State

    return Home(look, config, State(path, person.owner))


def _config(given: argparse.Namespace) -> Config | None:
    """Raises ConfigError."""
    if given.no_config and given.config is None:
        return None
    person = _person()
    owner = person.owner if person is not None else None
    if given.config is not None:
        return read_config(Path(given.config), owner, must_exist=True)
    path = person.file(Base.CONFIG, "config.toml") if person is not None else None
    return Config() if path is None else read_config(path, owner, must_exist=False)


def _read(config: Config, name: str) -> Any:
    try:
        return _FLAGS[name](config.values[name])
    except argparse.ArgumentTypeError as error:
        config.reject(name, f"'{name}': {error}")


def _person() -> Person | None:
    """Whoever started this process; None where SUDO_UID and SUDO_GID name nobody."""
    try:
        return Person(os.environ, calling_user(os.environ, os.geteuid()))
    except ExportError:
        return None
