"""`sock-tui asn update`: the table of autonomous systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.commands.options import Parser


@dataclass(frozen=True, slots=True)
class UpdateSystems:
    """Replace the table of autonomous systems. `origin`: a URL or file, None for the usual."""

    origin: str | None


def run(arguments: Sequence[str]) -> int:
    """Do what `arguments` say; returns the exit status."""
    options = parse(arguments)
    from app.asn.update import run as update

    return update(options.origin)


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui asn", "Keep the table of autonomous systems.")
    made.add_argument("action", choices=["update"], help="replace it by the current one")
    made.add_argument(
        "origin", nargs="?", help="a URL or a file in IPtoASN's form (default: IPtoASN's own)"
    )
    return made


def parse(arguments: Sequence[str]) -> UpdateSystems:
    """What the `arguments` behind `asn` ask for; ends the process where they are wrong."""
    return UpdateSystems(parser().parse_args(arguments).origin)
