"""What the programs in the kernel are to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from probes.record import HookKind
from probes.selection import EVERYTHING, Selection

# bpf/base.c: the bits of FILTERS.
_FILTER_PID: Final = 1
_FILTER_USER: Final = 2
_FILTER_PORT: Final = 4
_WITHOUT_RETURNS: Final = 8


@dataclass(frozen=True, slots=True)
class Task:
    """What the programs are to do.

    `hook`: None takes the kprobe, and the tracepoint where there are no kprobes. `names`: also
    watch getaddrinfo(). `returns`: put probes on its returns; see
    `probes.requirements.return_probe_hazard`. `include_self`: report this process's own connections
    too. `selection`: connections beyond it are counted, and cost the programs that make them next
    to nothing.
    """

    hook: HookKind | None = None
    names: bool = True
    include_self: bool = False
    selection: Selection = EVERYTHING
    returns: bool = True

    @property
    def filters(self) -> int:
        """The programs' constant FILTERS."""
        bits = (
            (self.selection.pids, _FILTER_PID),
            (self.selection.users, _FILTER_USER),
            (self.selection.ports, _FILTER_PORT),
            (not self.returns, _WITHOUT_RETURNS),
        )
        return sum(bit for is_set, bit in bits if is_set)
