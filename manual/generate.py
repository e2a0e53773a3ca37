"""Writes sock-tui(1) and an example configuration, from the program's own flags, keys and settings.

    make manual

A test compares both with what is kept: manual/sock-tui.1 and manual/config.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from textual.binding import Binding

from app.commands.grammar import Command, Flag, Kind, commands
from app.filters.fields import FIELDS
from app.screens.help import JOINED, TABLE_KEYS, key_text
from app.screens.keys import KEYS
from app.settings.config import KEYS as SETTINGS
from widgets.column import ALL

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "manual" / "sock-tui.1"
EXAMPLE = ROOT / "manual" / "config.toml"

_DESCRIPTION = """\
Shows which process on this machine connects where: time, address family, process, user,
destination, result, hostname and autonomous system. It watches in the kernel, so it sees the
connection that lasts a millisecond too. It needs root, but to look at what was recorded.

On a terminal it is a dashboard, else a line for each connection (--plain)."""
_FILES = (
    ("~/.config/sock-tui/config.toml", "The configuration: see above."),
    ("~/.config/sock-tui/filters.toml", "Filters that were saved by @name = a filter."),
    (
        "~/.local/state/sock-tui/state.toml",
        "How the dashboard was left: theme, columns, panels and timeline. Written by sock-tui, "
        "which does without it where it cannot.",
    ),
    ("/var/cache/sock-tui", "The compiled probes; root's own."),
)
_EXAMPLE = "An example is installed as PREFIX/share/doc/sock-tui/config.toml."
_HOMES = """\
These are files of whoever called sudo, and are read and written with that user's rights. \
XDG_CONFIG_HOME and XDG_STATE_HOME count where nobody did."""
_ENVIRONMENT = (
    ("NO_COLOR", "Where it is set, there are no colours; nothing is said by colour alone."),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME",
        "Where the files above are, instead of ~/.config and so on.",
    ),
    ("SUDO_UID, SUDO_GID", "Who called sudo, and so whose files these are: sudo(8)."),
)
_STATUS = (
    ("0", "Done. Of diff: nothing is new. Of doctor: capture works here."),
    ("1", "It could not be done. Of diff: something is new."),
    ("2", "Wrong use, or a wrong configuration. Of diff: the two could not be compared."),
    ("3", "Of run --check: something was not allowed, or could not be seen."),
    ("other", "Of run: the command's own, 128 and its signal's number, 126 or 127."),
)
_EXAMPLES = (
    ("sudo sock-tui --filter proc:firefox", "Does this application phone home?"),
    ("sudo sock-tui --json -u builder | jq .host", "What does the build talk to?"),
    ("sudo sock-tui run --check allow.toml -- make test", "And was all of it allowed?"),
    ("sudo sock-tui --record today.db", "Keep all of it, to look at it later:"),
    ("sock-tui open today.db", "On any machine, without root."),
    ("sock-tui --columns time,process,host,latency", "These columns, from the left."),
)


def page() -> str:
    """The page in the macros of man(7)."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    lines = [
        r".\" Made by manual/generate.py (make manual): change that, or the flags themselves.",
        f'.TH SOCK\\-TUI 1 "" "sock\\-tui {version}" "User Commands"',
        *_section("Name", [r"sock\-tui \- which process connects where, live"]),
        *_section("Synopsis", _synopsis(commands())),
        *_section("Description", _paragraphs(_DESCRIPTION)),
    ]
    for command in commands():
        title = f"sock-tui {command.name}" if command.name else "Options"
        lines += [f".SH {_quoted(title.upper() if not command.name else title)}"]
        lines += _paragraphs(command.about) if command.name else []
        for group in command.groups:
            shown = group.title.capitalize()
            lines += [f".SS {_quoted(shown if shown != 'Options' else 'General')}"]
            lines += _entries((_flag(flag), flag.about) for flag in group.flags)
    keys = [(key_text(each), each.tooltip) for each in KEYS if isinstance(each, Binding)]
    lines += _section("Keys", [*_entries(keys, bold=True), *_entries(TABLE_KEYS, bold=True)])
    fields = [(f"{field.name}:{field.example}", field.help) for field in FIELDS]
    lines += _section("Filters", [*_entries(fields, bold=True), *_entries(JOINED, bold=True)])
    lines += _section("Columns", _columns())
    lines += _section("Configuration", _configuration())
    lines += _section("Files", [*_entries(_FILES, bold=True), ".PP", _text(_HOMES)])
    lines += _section("Environment", _entries(_ENVIRONMENT, bold=True))
    lines += _section("Exit status", _entries(_STATUS, bold=True))
    lines += _section("Examples", _entries(_EXAMPLES, bold=True))
    also = ", ".join(
        f"\\fB{name}\\fR({part})" for name, part in (("ss", 8), ("tcpconnect-bpfcc", 8))
    )
    return "\n".join([*lines, *_section("See also", [also.replace("-bpfcc", r"\-bpfcc")])]) + "\n"


def example() -> str:
    """A configuration in which everything is said and nothing set."""
    lines = [
        "# What sock-tui is to do at every start: ~/.config/sock-tui/config.toml. See sock-tui(1).",
        "# Take the # in front of a line away, and write your own behind the =.",
    ]
    for key in SETTINGS:
        lines += ["", f"# {key.about[:1].upper()}{key.about[1:]}.", f"#{key.name} = {key.example}"]
    return "\n".join(lines) + "\n"


def _synopsis(all_commands: Iterable[Command]) -> Iterator[str]:
    for command in all_commands:
        yield ".br" if command.name else ".B sock\\-tui"
        if command.name:
            yield f".B {_text(f'sock-tui {command.name}')}"
        yield "[\\fIOPTION\\fR ...]"
        for value in command.values:
            if value.kind is Kind.COMMAND:
                yield rf"[\-\-] \fI{value.name}\fR [\fIARGUMENT\fR ...]"
            else:
                shown = "|".join(value.words) or rf"\fI{value.name}\fR"
                yield f"[{shown}]" if value.is_optional else shown


def _columns() -> Iterator[str]:
    yield _text("The first ten are shown by themselves, as far as there is room for them:")
    yield from _entries(((column.key, column.about) for column in ALL), bold=True)


def _configuration() -> Iterator[str]:
    yield from _paragraphs(
        "A flag counts first. Where there is none, config.toml does, and holds at every start; "
        "theme, columns, panels and timeline are as they were left where that says nothing. It is "
        "TOML, and anything but the following in it is an error. A key that is named after a flag "
        "counts for every command that has this flag; --no-config does without all of it."
    )
    entries = ((f"{key.name} = {key.example}", key.about) for key in SETTINGS)
    yield from _entries(entries, bold=True)
    yield from [".PP", _text(_EXAMPLE)]


def _flag(flag: Flag) -> str:
    value = rf" \fI{_text(flag.value.name)}\fR" if flag.value else ""
    text = ", ".join(rf"\fB{_text(name)}\fR" for name in flag.names) + value
    if flag.value and flag.value.kind is Kind.WORD and len(flag.value.words) < 5:
        text += f" ({_text('|'.join(flag.value.words))})"
    return text


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f".SH {_quoted(title.upper())}", *lines]


def _entries(entries: Iterable[tuple[str, str]], *, bold: bool = False) -> list[str]:
    """Terms, each with what is said of it below. `bold`: they are plain text so far."""
    lines = []
    for term, about in entries:
        lines += [".TP", rf"\fB{_text(term)}\fR" if bold else term, _text(about)]
    return lines


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += [".PP", _text(" ".join(paragraph.split()))]
    return lines[1:]


def _quoted(text: str) -> str:
    return f'"{_text(text)}"'


def _text(text: str) -> str:
    r"""Plain text in roff: `\` and `-` mean something, and so do `.` and `'` at a line's start."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti")
    for sign, name in {"…": r"\&...", "↑": r"\(ua", "↓": r"\(da", "→": r"\(->"}.items():
        escaped = escaped.replace(sign, name)
    return rf"\&{escaped}" if escaped[:1] in {".", "'"} else escaped


if __name__ == "__main__":
    PAGE.write_text(page())
    EXAMPLE.write_text(example())
