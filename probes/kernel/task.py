"""What the programs in the kernel are to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from probes.record import HookKind
from probes.selection import EVERYTHING, Selection

# bpf/base.c: the bits of FILTERS.
FILTER_PID: Final = 1
FILTER_USER: Final = 2
FILTER_PORT: Final = 4
WITHOUT_RETURNS: Final = 8
FILTER_TREE: Final = 16
OUTCOMES: Final = 64
"""What becomes of a connect() is watched; not a thing of the task, but of what could be."""
WITHOUT_CAST: Final = 128
"""The kernel does not take one way of reading its structures; it is tried with each program."""
BY_HELPERS: Final = 256
"""It takes none but by helpers, as before Linux 5.11; tried likewise."""

TREE: Final = "tree"
"""The map of the threads that live of the trees that were selected: see bpf/tree.c."""
TREE_MAX: Final = 65_536
"""How many may be in it at a time; what further ones do is not seen, and counted as lost."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the programs are to do.

    `hook`: None takes the kprobe, and the tracepoint where there are no kprobes. `names`: also
    watch getaddrinfo(). `returns`: put probes on its returns; see
    `probes.kernel.requirements.return_probe_hazard`. `include_self`: report this process's own
    connections too. `sends`: report what is sent without connect(), to one place once in
    `send_period_ns`. `selection`: connections beyond it are counted, and cost the programs that
    make them next to nothing.
    """

    hook: HookKind | None = None
    names: bool = True
    include_self: bool = False
    selection: Selection = EVERYTHING
    returns: bool = True
    sends: bool = True
    send_period_ns: int = 60 * 10**9

    @property
    def filters(self) -> int:
        """The programs' constant FILTERS, as far as the task decides it."""
        bits = (
            (self.selection.pids, FILTER_PID),
            (self.selection.users, FILTER_USER),
            (self.selection.ports, FILTER_PORT),
            (not self.returns, WITHOUT_RETURNS),
            (self.selection.trees, FILTER_TREE),
        )
        return sum(bit for is_set, bit in bits if is_set)

    @property
    def wanted(self) -> Mapping[str, frozenset[int]]:
        """By the names of the maps that limit what is reported: the numbers in them at first."""
        return {
            "wanted_pids": self.selection.pids,
            "wanted_users": self.selection.users,
            "wanted_ports": self.selection.ports,
            TREE: self.selection.trees,
        }

    @property
    def map_sizes(self) -> Mapping[str, int]:
        """How many entries maps have, where it is not what the programs say; no map has none."""
        sizes = {name: max(1, len(numbers)) for name, numbers in self.wanted.items()}
        sizes[TREE] = TREE_MAX if self.selection.trees else 1
        if self.returns:
            sizes |= {"lookups_alone": 1, "last_lookups": 1}
        return sizes
