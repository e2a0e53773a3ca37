"""A measurement as a command: what may be said to it, and how it gives up."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


def run(measure: Callable[[], None]) -> None:
    """Measure; ctrl+c, or a reader of the output that leaves, ends it without a traceback."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        measure()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def rounds(description: str | None, default: int) -> int:
    """How often to measure, from the command line; ends the process where that is wrong."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument(
        "--rounds", type=int, default=default, metavar="N", help=f"measure N times ({default})"
    )
    wanted: int = parser.parse_args().rounds
    if wanted < 1:
        parser.error("--rounds takes a whole number above 0")
    return wanted


def give_up(message: str) -> NoReturn:
    """End the measurement with one line that says why."""
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def require_root() -> None:
    """Ends the measurement where probes cannot be attached."""
    if os.geteuid() != 0:
        give_up("attaching probes takes root. Run: sudo make bench")
