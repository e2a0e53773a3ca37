"""The flags that several commands share, and how a command line is read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, NoReturn

from app.commands import values
from app.filters.mask import Mask, Test, both, either
from app.session.store import MAX_ROWS
from probes.connections import Connections
from probes.text import visible

if TYPE_CHECKING:
    from app.filters.query import Query

Wanted = Test
"""Says of each connection whether it was asked for."""


class Parser(argparse.ArgumentParser):
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
        """End the process with status 2."""
        self.exit(2, f"sock-tui: {visible(message)}. See: {self.prog} --help\n")


class Switch(argparse.BooleanOptionalAction):
    """`--this` and `--no-this`; argparse's own adds its default to the help, in some versions."""

    def __init__(self, option_strings: Sequence[str], dest: str, **given: Any) -> None:
        told = given.pop("help")
        super().__init__(option_strings, dest, **given)
        self.help = told


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what says where connections go, and how many and for how long."""
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
        "--record",
        type=values.writable,
        metavar="FILE",
        help="keep the session in FILE as it happens; sock-tui open shows it again",
    )
    group.add_argument(
        "--replace",
        action="store_true",
        help="with --export and --record: replace FILE where it exists",
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


def add_hook(parser: argparse._ActionsContainer) -> None:
    """Add what says how connect() is watched."""
    parser.add_argument(
        "--hook",
        type=values.hook,
        default=None,
        metavar="auto|kprobe|tracepoint",
        help="how connect() is watched (auto: the kprobe, the tracepoint where there is none)",
    )


def add_keep_root(parser: argparse._ActionsContainer) -> None:
    """Add what says that root's rights are not given up."""
    parser.add_argument(
        "--keep-root",
        action="store_true",
        help="stay root, instead of becoming who called sudo (or nobody) once the probes are there",
    )


def add_names(parser: argparse._ActionsContainer) -> None:
    """Add whether hostnames are watched for."""
    parser.add_argument(
        "--names",
        action=Switch,
        default=True,
        help="watch for hostnames, as by default, or do not",
    )


def add_asn(parser: argparse._ActionsContainer) -> None:
    """Add whether autonomous systems are looked up."""
    parser.add_argument(
        "--asn",
        action=Switch,
        default=True,
        help="look up autonomous systems, as by default, or do not",
    )


def add_filters(
    parser: argparse.ArgumentParser,
    *,
    pid: Callable[[str], object],
    user: Callable[[str], object],
    port: Callable[[str], object],
) -> None:
    """Add what says which connections are wanted; each argument reads the value of its flag."""
    group = parser.add_argument_group("filters", "The first three may be given more than once.")
    group.add_argument("-p", "--pid", action="append", type=pid, help="only this process")
    group.add_argument("-u", "--user", action="append", type=user, help="only this user's")
    group.add_argument("-P", "--port", action="append", type=port, help="only to this port")
    group.add_argument("--filter", type=values.query, metavar="TEXT", help="only what matches TEXT")


def wanted(groups: Sequence[Sequence[Query]]) -> Wanted | None:
    """All of the groups, any query in each; None where that keeps everything."""
    limiting = [group for group in groups if group and all(query.terms for query in group)]
    if not limiting:
        return None

    def test(rows: Connections) -> Mask:
        each_group = (reduce(either, (query.mask(rows) for query in group)) for group in limiting)
        return reduce(both, each_group)

    return test
