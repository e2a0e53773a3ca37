"""`sock-tui`: connections as they happen on this machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from app.commands import values
from app.commands.configured import add_look, parse_configured
from app.commands.options import (
    Parser,
    Switch,
    add_asn,
    add_filters,
    add_hook,
    add_keep_root,
    add_names,
    add_output,
    wanted,
)
from app.commands.watch import Watch, watch
from app.output.rights import becoming
from probes.kernel.requirements import check_kernel, check_privilege
from probes.live import LiveSource
from probes.record import HookKind
from probes.rights.privileges import Privileges
from probes.selection import Selection
from probes.source import Source

_DESCRIPTION: Final = "Show live which process on this machine connects where."
_EPILOG: Final = """\
filters:
  proc:curl host:*.github.com port:80,443 net:10.0.0.0/8 as:13335 user:alice tree:1234 and bare
  words; side by side all must match; or, !, brackets, quotes, /regex/; all fields: ? on the screen

other commands:
  sock-tui run -- COMMAND run a command, and say where it and all that it starts connects
  sock-tui open FILE      the dashboard on what was recorded; needs no root
  sock-tui diff A B       which process, host and system is new or gone
  sock-tui doctor         whether capture works here, and what to do where it does not
  sock-tui asn update     replace the table of autonomous systems by today's
  sock-tui completions    what bash, zsh or fish need to complete all this

examples:
  sudo sock-tui
  sudo sock-tui --filter proc:firefox
  sudo sock-tui --json | jq .host
  sudo sock-tui --export today.csv --duration 3600

Standard output that is not a terminal means --plain.
"""


@dataclass(frozen=True, slots=True)
class Live:
    """Capture on this machine; fields as those of `probes.live.LiveSource`.

    `systems`: look up autonomous systems. `folds`: leave resolvers' own questions out. `reverse`:
    look up the names of addresses that have none. `keep_root`: give up none of root's rights.
    """

    watch: Watch
    selection: Selection
    hook: HookKind | None
    include_self: bool
    names: bool
    sends: bool
    systems: bool
    folds: bool
    reverse: bool
    keep_root: bool


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; returns the exit status."""
    options = parse(arguments)
    kept = options.keep_root
    identity = None if kept else becoming(os.environ, os.geteuid())
    privileges = Privileges(identity, kept=kept)
    return watch(options.watch, lambda: _source(options, privileges), privileges=privileges)


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui", _DESCRIPTION, _EPILOG)
    made.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    add_output(made)
    add_filters(made, pid=values.running_pid, user=values.known_user, port=values.port_number)
    group = made.add_argument_group("capture")
    add_hook(group)
    group.add_argument(
        "--self", action="store_true", help="also show the connections of sock-tui itself"
    )
    group.add_argument(
        "--wait",
        type=values.seconds,
        default=1.0,
        metavar="SECONDS",
        help="with --json: hold a line so long for what becomes of its connection (default 1)",
    )
    add_names(group)
    group.add_argument(
        "--sends",
        action=Switch,
        default=True,
        help="watch what is sent without connect(), as by default, or do not",
    )
    group.add_argument(
        "--fold",
        action=Switch,
        default=True,
        help="leave out what resolvers ask for other programs, as by default, or do not",
    )
    group.add_argument(
        "--ptr",
        action=Switch,
        default=False,
        help="look up the addresses' own names where there is none, or do not",
    )
    add_asn(group)
    add_keep_root(group)
    add_look(made)
    return made


def parse(arguments: Sequence[str]) -> Live:
    """What `arguments`, without the program's name, ask for.

    Ends the process where they are wrong (status 2, a line on standard error) and after --help.
    """
    made = parser()
    given, config = parse_configured(made, arguments)
    if given.ptr and not given.names and {"--ptr", "--no-names"} <= set(arguments):
        made.error("--ptr looks names up and --no-names does without: give one of them")
    selection = Selection(
        frozenset(given.pid or ()), frozenset(given.user or ()), frozenset(given.port or ())
    )
    return Live(
        watch=Watch.of(given, wanted([[given.filter] if given.filter else []]), config),
        selection=selection,
        hook=given.hook,
        include_self=given.self,
        names=given.names,
        sends=given.sends,
        systems=given.asn,
        folds=given.fold,
        reverse=given.ptr and given.names,
        keep_root=given.keep_root,
    )


def _source(options: Live, privileges: Privileges) -> Source:
    # Told at once, and not from behind a screen that has just opened.
    check_kernel()
    check_privilege()
    privileges.prepare(names=options.names)
    from probes.asn.table import AsnTable

    return LiveSource(
        hook=options.hook,
        names=options.names,
        sends=options.sends,
        include_self=options.include_self,
        selection=options.selection,
        systems=AsnTable.load if options.systems else None,
        folds=options.folds,
        reverse=options.reverse,
        privileges=privileges,
    )


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
