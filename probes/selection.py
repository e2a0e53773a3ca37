"""Which connections are asked for at all, by what a program in the kernel can tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Selection:
    """Any of each, all of the four; an empty one does not limit.

    `pids`: process ids, as thread group ids. `users`: numbers. `ports`: 1 to 65535, which leaves
    out every family that has none. `trees`: process ids, and with them all processes that they
    and theirs make from then on, also those that outlive them.
    """

    pids: frozenset[int] = frozenset()
    users: frozenset[int] = frozenset()
    ports: frozenset[int] = frozenset()
    trees: frozenset[int] = frozenset()


EVERYTHING: Final = Selection()
