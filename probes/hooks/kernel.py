"""The probes in the kernel: load, attach, read, count what was lost."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from probes.errors import SourceError, explained, is_scarcity
from probes.hooks import connect as connect_probes
from probes.hooks import lineage as lineage_probes
from probes.hooks import names as name_probes
from probes.hooks import outcomes as outcome_probes
from probes.hooks import sends as send_probes
from probes.hooks import tree as tree_probes
from probes.hooks.names import NameProbes, OpenUprobe
from probes.kernel import bpf_calls, compiler
from probes.kernel.bytecode import Bytecode
from probes.kernel.callback_ring import CallbackRing
from probes.kernel.loader import Loader
from probes.kernel.mapped import Mapped, possible_processors
from probes.kernel.program_cache import ProgramCache
from probes.kernel.requirements import check_kernel, check_privilege, libc_path
from probes.kernel.ring import RING_SIZE, MappedRing, Ring, can_map
from probes.kernel.task import TREE, Task
from probes.record import Hook

# bpf/base.c: the places in an element of `counts`, and how many it has.
_LOST: Final = 0
_FILTERED: Final = 1
_OUTCOMES_LOST: Final = 2
_NAMES_LOST: Final = 3
_COUNTS: Final = 8
# Of calls; names and process images have other sources besides.
_CALLS: Final = (*connect_probes.PROGRAMS, *send_probes.PROGRAMS)
# include/uapi/linux/bpf.h: BPF_RB_*
_NO_WAKEUP: Final = 1
_FORCE_WAKEUP: Final = 2


class Kernel:
    """The programs, attached to the running kernel, and the ring they write to.

    Attached and used in one thread, since a private tracefs belongs to a thread.
    """

    def __init__(
        self,
        progress: Callable[[str], object] = lambda _stage: None,
        cache: ProgramCache | None = None,
    ) -> None:
        """`progress`: told what is being done, where that takes long. `cache`: None, the usual one.

        Raises:
            SourceError: not enough privilege, or a kernel that cannot run the programs.
        """
        check_kernel()
        check_privilege()
        self._progress = progress
        self._cache = cache or ProgramCache()
        self._loader: Loader | None = None
        self._maps: Mapping[str, int] = {}  # the loader's
        self._ring: Ring | None = None
        self._counts: Mapped | None = None
        self._wakeup: Mapped | None = None
        self._names: NameProbes | None = None
        self._without_outcomes = ""
        self._unseen_returns: Callable[[], int] = int

    def attach(self, task: Task) -> Hook:
        """Load and attach the programs, and open the ring; once.

        Takes a second where the programs were not kept from an earlier start.

        Raises:
            SourceError: there is no usable BCC, or what was asked for cannot be attached here.
        """

        def run(bytecode: Bytecode) -> Hook:
            try:
                return self._run(bytecode, task)
            except SourceError:
                self.close()
                raise

        inputs = compiler.inputs()
        if (kept := self._cache.read(inputs)) is not None:
            try:
                return run(kept)
            except SourceError as error:  # then what is compiled now says why, or serves
                if is_scarcity(error):
                    raise
        self._progress("Compiling the probes")
        bytecode = compiler.compiled()
        self._progress("Attaching the probes")
        hook = run(bytecode)
        self._cache.write(inputs, bytecode)
        return hook

    def drain(self) -> bytes:
        """The next whole records of the ring; see `probes.kernel.ring.Ring`."""
        return self._ring.drain() if self._ring else b""

    def wait(self, seconds: float) -> None:
        """Rest until something is in the ring, or for so long."""
        ring = select.poll()
        ring.register(self._maps["events"], select.POLLIN)
        self._submit_with(_FORCE_WAKEUP)
        try:
            ring.poll(seconds * 1000)  # which looks into the ring first
        finally:
            self._submit_with(_NO_WAKEUP)

    def watch_libc(self, path: str, open_at: OpenUprobe | None = None) -> None:
        """Watch the lookups of one more libc; not without `Task.names`.

        `open_at`: see `probes.hooks.names.NameProbes.attach`.

        Raises:
            OSError: the kernel refused, or the file cannot be read.
            ValueError: it is no libc.
        """
        if self._names:
            self._names.attach(path, open_at)

    def lost(self) -> int:
        """How many calls of connect() and its relatives could not be told since they were attached.

        Or did not see: a program is left out while the kernel is in the midst of another on the
        same processor, or of a map that another process looks into, where it can be interrupted.
        """
        return self._count(_LOST) + self._skipped(_CALLS)

    def names_lost(self) -> int:
        """How many lookups could not be told, or not all of their addresses, since then."""
        return self._count(_NAMES_LOST)

    def filtered(self) -> int:
        """How many connects the selection kept out since then.

        Who is not asked for is not looked at any further: these may have been of kinds that are
        never reported, such as AF_UNIX.
        """
        return self._count(_FILTERED)

    def outcomes_lost(self) -> int:
        """How many outcomes of connects could not be told since then, of whichever they were.

        To be asked every so often: see `probes.hooks.outcomes.Returns`.
        Changes of sockets' states that were not seen are none of them: interrupts of the network
        bring such about, mostly of connections that nobody asks for, and what connect() returns
        stands in for the others. One that went on after it had returned stays in progress.
        """
        return self._count(_OUTCOMES_LOST) + self._unseen_returns()

    @property
    def without_outcomes(self) -> str:
        """Why nothing is told of what became of a connect(), for a person; "" where it is."""
        return self._without_outcomes

    def tree(self) -> frozenset[int]:
        """The threads that live, at about this moment, of the trees that were selected."""
        if not self._maps:
            return frozenset()
        keys = bpf_calls.keys(self._maps[TREE], 4)
        return frozenset(int.from_bytes(key, sys.byteorder) for key in keys)

    def close(self) -> None:
        """Detach everything. Safe to call twice."""
        for mapped in (self._ring, self._counts, self._wakeup):
            if mapped:
                mapped.close()
        self._ring = self._counts = self._wakeup = None
        self._maps = {}
        self._names = None
        if self._loader:
            self._loader.close()
            self._loader = None

    def _submit_with(self, flag: int) -> None:
        assert self._wakeup
        self._wakeup.numbers[0] = flag

    def _count(self, which: int) -> int:
        return sum(self._counts.numbers[which::_COUNTS]) if self._counts else 0

    def _skipped(self, functions: Sequence[str]) -> int:
        return self._loader.skipped(functions) if self._loader else 0

    def _run(self, bytecode: Bytecode, task: Task) -> Hook:
        self._loader = loader = Loader(bytecode, task)
        with explained(
            "the kernel does not make the probes' maps",
            "It must have BPF (CONFIG_BPF_SYSCALL) and not be locked down for it; "
            "some 30 MB of memory are needed.",
        ):
            loader.make_maps()
            self._maps = loader.maps
            self._counts = Mapped(self._maps["counts"], possible_processors() * _COUNTS)
            self._wakeup = Mapped(self._maps["wakeup"], 1)
            self._submit_with(_NO_WAKEUP)
        with explained(
            "the probes' ring buffer cannot be mapped", "Free some memory: it takes 16 MB."
        ):
            self._ring = _open_ring(self._maps["events"])
        return self._attach(loader, task)

    def _attach(self, loader: Loader, task: Task) -> Hook:
        """What tells of a connect(), or of whoever makes one, goes ahead of what sees it."""
        if task.selection.trees:
            tree_probes.attach(loader)
        if task.names:
            self._names = name_probes.attach(loader, libc_path(), returns=task.returns)
        try:
            self._unseen_returns = outcome_probes.attach(loader)
        except OSError as error:
            self._without_outcomes = error.strerror or str(error)
        # Ahead of what it is asked for. Where it cannot be, /proc says who made whom; and where the
        # bytecode is at fault, what comes next is too, and says so.
        with suppress(OSError, LookupError, ValueError):
            lineage_probes.attach(loader)
        hook = connect_probes.attach(loader, task.hook)
        if task.sends:
            send_probes.attach(loader, hook)
        if task.names and not task.returns:
            connect_probes.attach_beside(loader, hook)
        return hook


def _open_ring(descriptor: int) -> Ring:
    return MappedRing(descriptor, RING_SIZE) if can_map() else CallbackRing(descriptor)
