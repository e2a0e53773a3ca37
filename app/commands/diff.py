"""`sock-tui diff`: what one session has that another has not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.commands import values
from app.commands.options import Parser
from app.output.difference import Difference, Summary
from app.output.rights import give_up_root
from app.output.streams import fail
from app.output.target import calling_user
from probes.errors import SourceError

_EPILOG: Final = """\
A process is told by its executable, a host that has no name by its address.

exit status:
  0  AFTER has nothing that BEFORE has not
  1  it has a process, a host or a system that is new
  2  they could not be compared
"""


@dataclass(frozen=True, slots=True)
class Diff:
    """Compare two recordings."""

    before: Path
    after: Path
    json: bool


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; returns the exit status."""
    options = parse(arguments)
    # What others may have made is taken apart with no more rights than that takes.
    give_up_root(calling_user(os.environ, os.geteuid()), [options.before, options.after])
    try:
        found = Difference(Summary.of(options.before), Summary.of(options.after))
    except SourceError as error:
        return fail(error, status=2)
    if options.json:
        print(found.json())
    else:
        for line in found.lines():
            print(line)
    return 1 if found.has_new else 0


def parser() -> Parser:
    """What may be given."""
    about = "Say which process, host and system is new or gone from one recording to another."
    made = Parser("sock-tui diff", about, _EPILOG)
    made.add_argument("before", type=values.readable, metavar="BEFORE", help="a recording")
    made.add_argument("after", type=values.readable, metavar="AFTER", help="a later one")
    made.add_argument("--json", action="store_true", help="print a JSON object")
    return made


def parse(arguments: Sequence[str]) -> Diff:
    """What the `arguments` behind `diff` ask for; ends the process where they are wrong."""
    given = parser().parse_args(arguments)
    return Diff(given.before, given.after, given.json)
