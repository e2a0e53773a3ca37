"""The machines of the matrix: a release's user land on a release's kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.scenarios import SCENARIO_NAMES


@dataclass(frozen=True, slots=True)
class Machine:
    """`name`: how it is asked for. `userland`, `kernel`: Debian's releases that bring them."""

    name: str
    title: str
    userland: str
    kernel: str


MACHINES: Final = (
    # Its own user land has Python 3.9 and BCC 0.18, which are too old for us.
    Machine("5.10", "Debian 12, kernel of Debian 11", "bookworm", "bullseye"),
    Machine("bookworm", "Debian 12", "bookworm", "bookworm"),
    Machine("trixie", "Debian 13", "trixie", "trixie"),
    Machine("sid", "Debian sid", "sid", "sid"),
)

OF_HUNDREDS: Final = frozenset(("gone_at_once", "short_lived", "at_once", "two_threads"))
BRIEF: Final = [name for name in SCENARIO_NAMES if name not in OF_HUNDREDS]
"""The scenarios but those of hundreds of connections, which take minutes where all is emulated."""


def chosen(names: list[str]) -> list[Machine]:
    """Those of these names, in their own order; all where none is named.

    Raises:
        ValueError: there is none of that name.
    """
    known = [machine.name for machine in MACHINES]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no machine {', '.join(unknown)}; there are {', '.join(known)}")
    return [machine for machine in MACHINES if not names or machine.name in names]
