"""All that may be typed behind `sock-tui`, for what completes it and for the manual page."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from app.commands import asn, completions, diff, doctor, live, run
from app.commands import open as opening
from app.settings.config import column_keys
from app.settings.themes import THEMES


class Kind(Enum):
    """What a value is."""

    ANY = auto()
    FILE = auto()
    USER = auto()
    PROCESS = auto()
    COMMAND = auto()
    """A command with all of its own arguments."""
    WORD = auto()
    """One of some."""
    LIST = auto()
    """Several of some, with commas between them."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value: `name` for a person, as in `FILE`; `words`: what it may be, empty for anything."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag by all its names. `value` None: it takes none. `repeats`: may be given repeatedly."""

    names: tuple[str, ...]
    about: str
    value: Value | None
    repeats: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Flags that belong together."""

    title: str
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `name`: empty for `sock-tui` itself. `values`: what stands behind its flags."""

    name: str
    about: str
    groups: tuple[Group, ...]
    values: tuple[Value, ...]

    @property
    def flags(self) -> tuple[Flag, ...]:
        """All of them."""
        return tuple(flag for group in self.groups for flag in group.flags)


def commands() -> tuple[Command, ...]:
    """`sock-tui` itself, then what else it can do."""
    parsers = {
        "": live.parser(),
        "run": run.parser(),
        "open": opening.parser(),
        "diff": diff.parser(),
        "doctor": doctor.parser(),
        "asn": asn.parser(),
        "completions": completions.parser(),
    }
    return tuple(_command(name, parser) for name, parser in parsers.items())


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    groups, values = [], []
    for group in parser._action_groups:
        flags = []
        for action in group._group_actions:
            if action.help == argparse.SUPPRESS:
                continue
            if not action.option_strings:
                values.append(_value(action))
                continue
            value = None if action.nargs == 0 else _value(action)
            repeats = isinstance(action, argparse._AppendAction)
            flags.append(Flag(tuple(action.option_strings), action.help or "", value, repeats))
        if flags:
            groups.append(Group(group.title or "", tuple(flags)))
    about = (parser.description or "").partition("\n\n")[0]
    return Command(name, about, tuple(groups), tuple(values))


def _value(action: argparse.Action) -> Value:
    name = str(action.metavar or action.dest.upper())
    if action.choices is not None:
        return Value(action.dest.upper(), Kind.WORD, tuple(map(str, action.choices)))
    if "|" in name:
        return Value(action.dest.upper(), Kind.WORD, tuple(name.split("|")))
    match action.dest:
        case "theme":
            return Value(name, Kind.WORD, THEMES)
        case "sort":
            return Value(name, Kind.WORD, column_keys())
        case "columns":
            return Value(name, Kind.LIST, column_keys())
    return Value(name, _KINDS.get(name, Kind.ANY), is_optional=action.nargs == "?")


_KINDS: Final = {
    **dict.fromkeys(("FILE", "BEFORE", "AFTER", "ORIGIN"), Kind.FILE),
    **{"USER": Kind.USER, "PID": Kind.PROCESS, "COMMAND": Kind.COMMAND},
}
