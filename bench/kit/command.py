"""A measurement as a command: what may be said to it, and how it gives up."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


def run(measure: Callable[[], None]) -> None:
    """Measure; ctrl+c, or a reader of the output that leaves, ends it without a traceback."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # As control-c does: what was started is ended, and what it wrote removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        measure()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure. `figures`: the file to hand figures over in, or None."""

    rounds: int
    quick: bool
    figures: Path | None


def options(description: str | None, *, rounds: int, quick: int) -> Options:
    """What the command line asks for; ends the process where that is wrong.

    `rounds`, `quick`: how often to measure where it does not say, and where it says --quick.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, metavar="N", help=f"measure N times ({rounds})")
    parser.add_argument(
        "--quick", action="store_true", help=f"{quick} rounds, and less of what takes long"
    )
    parser.add_argument(
        "--figures", type=Path, metavar="FILE", help="also write the figures to FILE, as JSON"
    )
    given = parser.parse_args()
    wanted = given.rounds if given.rounds is not None else quick if given.quick else rounds
    if wanted < 1:
        parser.error("--rounds takes a whole number above 0")
    return Options(wanted, given.quick, given.figures)


def give_up(message: str) -> NoReturn:
    """End the measurement with one line that says why."""
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def require_root() -> None:
    """Ends the measurement where probes cannot be attached."""
    if os.geteuid() != 0:
        give_up("attaching probes takes root. Run: sudo make bench")
