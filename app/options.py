"""The command line: what may be said, and what it means."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from app import values
from app.filters.matching import Mask, Test
from app.filters.query import Query
from app.session.store import MAX_ROWS
from probes.connections import Connections
from probes.record import HookKind
from probes.selection import EVERYTHING, Selection
from probes.text import visible

Wanted = Test
"""Says of each connection whether it was asked for."""

_DESCRIPTION: Final = "Show live which process on this machine connects where."
_EPILOG: Final = """\
filters:
  pid:1234 user:alice proc:curl host:github as:13335 port:443 and bare words; all must match

other commands:
  sock-tui open FILE      the dashboard on what --json once printed; needs no root
  sock-tui asn update     replace the table of autonomous systems by today's

examples:
  sudo sock-tui
  sudo sock-tui --filter proc:firefox
  sudo sock-tui --json | jq .host
  sudo sock-tui --export today.csv --duration 3600

Standard output that is not a terminal means --plain.
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """Show connections. `recording`: of that file instead of this machine's kernel.

    `selection`: what is asked of the kernel. `wanted`: what is kept of that; None keeps it all.
    `duration`: seconds. `speed`: times a recording's own pace, None for as fast as can be.
    `systems`: look up autonomous systems.
    """

    plain: bool
    json: bool
    everything: bool
    export: Path | None
    replace: bool
    selection: Selection
    wanted: Wanted | None
    hook: HookKind | None
    duration: float | None
    include_self: bool
    names: bool
    systems: bool
    max_rows: int
    recording: Path | None
    speed: float | None


@dataclass(frozen=True, slots=True)
class UpdateSystems:
    """Replace the table of autonomous systems. `origin`: a URL or file, None for the usual."""

    origin: str | None


def parse_options(arguments: Sequence[str]) -> Watch | UpdateSystems:
    """What `arguments`, without the program's name, ask for.

    Ends the process where they are wrong (status 2, a line on standard error) and after --help.
    """
    match list(arguments):
        case ["asn", *rest]:
            return _parse_asn(rest)
        case ["open", *rest]:
            return _parse_open(rest)
        case rest:
            return _parse_live(rest)


class _Parser(argparse.ArgumentParser):
    """argparse, with an error in one line that says where help is."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"sock-tui: {visible(message)}. See: {self.prog} --help\n")


def _parse_live(arguments: list[str]) -> Watch:
    parser = _Parser("sock-tui", _DESCRIPTION, _EPILOG)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    _add_output(parser)
    _add_filters(parser, pid=values.running_pid, user=values.known_user, port=values.port_number)
    group = parser.add_argument_group("capture")
    group.add_argument(
        "--hook",
        type=values.hook,
        default=None,
        metavar="auto|kprobe|tracepoint",
        help="how connect() is watched (auto: the kprobe, the tracepoint where there is none)",
    )
    group.add_argument(
        "--self", action="store_true", help="also show the connections of sock-tui itself"
    )
    group.add_argument("--no-names", action="store_true", help="do not watch getaddrinfo()")
    group.add_argument("--no-asn", action="store_true", help="do not look up autonomous systems")
    given = parser.parse_args(arguments)
    selection = Selection(
        frozenset(given.pid or ()), frozenset(given.user or ()), frozenset(given.port or ())
    )
    return _watch(given, selection, _wanted([_filter(given)]))


def _parse_open(arguments: list[str]) -> Watch:
    parser = _Parser("sock-tui open", "Show a recording that sock-tui --json printed.")
    parser.add_argument("recording", type=values.readable, metavar="FILE", help="the recording")
    parser.add_argument(
        "--speed",
        type=values.positive,
        metavar="N",
        help="replay at N times its own pace, not as fast as can be",
    )
    _add_output(parser)
    # It may be another machine's recording, and is of other processes than those that run now.
    _add_filters(parser, pid=values.pid, user=values.user, port=values.port)
    given = parser.parse_args(arguments)
    groups = [given.pid or [], given.user or [], given.port or [], _filter(given)]
    return _watch(given, EVERYTHING, _wanted(groups))


def _parse_asn(arguments: list[str]) -> UpdateSystems:
    parser = _Parser("sock-tui asn", "Keep the table of autonomous systems.")
    parser.add_argument("action", choices=["update"], help="replace it by the current one")
    parser.add_argument(
        "origin", nargs="?", help="a URL or a file in IPtoASN's form (default: IPtoASN's own)"
    )
    return UpdateSystems(parser.parse_args(arguments).origin)


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--plain", action="store_true", help="print a line for each connection")
    form.add_argument("--json", action="store_true", help="print a JSON object for each")
    group.add_argument(
        "-a", "--all", action="store_true", help="with --plain: arguments and AS-Info as well"
    )
    group.add_argument(
        "--export",
        type=values.writable,
        metavar="FILE",
        help="no screen: write the session to FILE as CSV when it ends",
    )
    group.add_argument(
        "--replace", action="store_true", help="with --export: replace FILE where it exists"
    )
    group.add_argument(
        "--duration", type=values.positive, metavar="SECONDS", help="end after so many seconds"
    )
    group.add_argument(
        "--max-rows",
        type=values.count,
        default=MAX_ROWS,
        metavar="N",
        help=f"keep the newest N connections (default {MAX_ROWS:,})",
    )


def _add_filters(
    parser: argparse.ArgumentParser,
    *,
    pid: Callable[[str], object],
    user: Callable[[str], object],
    port: Callable[[str], object],
) -> None:
    group = parser.add_argument_group("filters", "The first three may be given more than once.")
    group.add_argument("-p", "--pid", action="append", type=pid, help="only this process")
    group.add_argument("-u", "--user", action="append", type=user, help="only this user's")
    group.add_argument("-P", "--port", action="append", type=port, help="only to this port")
    group.add_argument("--filter", type=values.query, metavar="TEXT", help="only what matches TEXT")


def _filter(given: argparse.Namespace) -> Sequence[Query]:
    return [given.filter or Query.everything]


def _watch(given: argparse.Namespace, selection: Selection, wanted: Wanted | None) -> Watch:
    return Watch(
        plain=given.plain,
        json=given.json,
        everything=given.all,
        export=given.export,
        replace=given.replace,
        selection=selection,
        wanted=wanted,
        hook=getattr(given, "hook", None),
        duration=given.duration,
        include_self=getattr(given, "self", False),
        names=not getattr(given, "no_names", False),
        systems=not getattr(given, "no_asn", False),
        max_rows=given.max_rows,
        recording=getattr(given, "recording", None),
        speed=getattr(given, "speed", None),
    )


def _wanted(groups: Sequence[Sequence[Query]]) -> Wanted | None:
    """All of the groups, any query in each; None where that keeps everything."""
    limiting = [group for group in groups if group and Query.everything not in group]
    if not limiting:
        return None

    def wanted(rows: Connections) -> Mask:
        each_group = [
            list(map(any, zip(*(query.mask(rows) for query in group), strict=True)))
            for group in limiting
        ]
        return list(map(all, zip(*each_group, strict=True)))

    return wanted


class _Version(argparse.Action):
    """Looks the version up when it is asked for: that takes as long as all else here together."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"sock-tui {_version()}")
        parser.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sock-tui")
    except PackageNotFoundError:  # run from the source tree
        return "(not installed)"
