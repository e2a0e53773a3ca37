"""The probes in the kernel: load, attach, read, count what was lost."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from probes import bpf_calls, compiler, layout, perf_events, tracefs
from probes.bytecode import Bytecode
from probes.callback_ring import CallbackRing
from probes.errors import SourceError
from probes.name_probes import NameProbes
from probes.program_cache import ProgramCache
from probes.record import Hook, HookKind
from probes.requirements import check_kernel, check_privilege, libc_path
from probes.ring import RING_SIZE, MappedRing, Ring, can_map
from probes.task import Task

KPROBE: Final = "security_socket_connect"
TRACEPOINT: Final = "syscalls:sys_enter_connect"

_TRACEPOINT_BLIND_SPOTS: Final = ("io_uring", "32-bit programs")
# bpf/base.c: the elements of `counts`.
_LOST: Final = 0
_FILTERED: Final = 1
# include/uapi/linux/bpf.h: BPF_RB_*
_NO_WAKEUP: Final = 1
_FORCE_WAKEUP: Final = 2
_Result = TypeVar("_Result")


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
        self._maps: Mapping[str, int] = {}
        # In the order in which they were opened: maps, programs, attachments.
        self._descriptors: list[int] = []
        self._ring: Ring | None = None
        self._names: NameProbes | None = None

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
            with suppress(SourceError):  # then what is compiled now says why, or serves
                return run(kept)
        self._progress("Compiling the probes")
        bytecode = compiler.compiled()
        self._progress("Attaching the probes")
        hook = run(bytecode)
        self._cache.write(inputs, bytecode)
        return hook

    def drain(self) -> bytes:
        """The next whole records of the ring; see `probes.ring.Ring`."""
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

    def watch_libc(self, path: str) -> None:
        """Watch the lookups of one more libc; not without `Task.names`.

        Raises:
            OSError: the kernel refused, or the file cannot be read.
            ValueError: it is no libc.
        """
        if self._names:
            self._names.attach(path, self._opened)

    def lost(self) -> int:
        """How many events the programs could not write since they were attached."""
        return self._count(_LOST)

    def filtered(self) -> int:
        """How many connects the selection kept out since then.

        Who is not asked for is not looked at any further: these may have been of kinds that are
        never reported, such as AF_UNIX.
        """
        return self._count(_FILTERED)

    def close(self) -> None:
        """Detach everything. Safe to call twice."""
        if self._ring:
            self._ring.close()
            self._ring = None
        self._maps = {}
        self._names = None
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _submit_with(self, flag: int) -> None:
        bpf_calls.update(self._maps["wakeup"], _u32(0), _u64(flag))

    def _count(self, which: int) -> int:
        return sum(bpf_calls.lookup_per_cpu(self._maps["counts"], _u32(which)))

    def _run(self, bytecode: Bytecode, task: Task) -> Hook:
        _guard(
            lambda: self._make_maps(bytecode, task),
            "the kernel does not make the probes' maps",
            "It must have BPF (CONFIG_BPF_SYSCALL) and not be locked down for it; "
            "some 30 MB of memory are needed.",
        )
        self._ring = _guard(
            lambda: _open_ring(self._maps["events"]),
            "the probes' ring buffer cannot be mapped",
            "Free some memory: it takes 16 MB.",
        )
        own = [0 if task.include_self else os.getpid(), task.filters]

        def load(kind: int, function: str) -> int:
            def load_with(constants: Sequence[int]) -> int:
                code = bytecode.linked(function, list(self._maps.values()), [*own, *constants])
                return self._opened(bpf_calls.load_program(kind, function, code))

            # This kernel may not let programs read its structures by themselves.
            for constants in (bytecode.layout, layout.without_images(bytecode.layout)):
                with suppress(OSError):
                    return load_with(constants)
            return load_with(layout.UNKNOWN)

        if task.names:
            libc = libc_path()
            _guard(
                lambda: self._attach_names(NameProbes(load, returns=task.returns), libc),
                f"getaddrinfo() in {libc} cannot be watched",
                "The kernel must have uprobes (CONFIG_UPROBE_EVENTS); "
                "start with --no-names to go without hostnames.",
            )
        hook = self._attach_connect(load, task.hook)
        if task.names and not task.returns:
            _guard(
                lambda: self._attach_beside(load, hook),
                f"{hook.target} cannot be watched by a second program",
                "Start with --no-names to go without hostnames.",
            )
        return hook

    def _make_maps(self, bytecode: Bytecode, task: Task) -> None:
        limits = {
            "wanted_pids": task.selection.pids,
            "wanted_users": task.selection.users,
            "wanted_ports": task.selection.ports,
        }
        sizes = {name: max(1, len(numbers)) for name, numbers in limits.items()}
        if task.returns:
            sizes |= {"lookups_alone": 1, "last_lookups": 1}
        sized = [
            replace(shape, max_entries=sizes.get(shape.name, shape.max_entries))
            for shape in bytecode.maps
        ]
        self._maps = {shape.name: self._opened(bpf_calls.create_map(shape)) for shape in sized}
        self._submit_with(_NO_WAKEUP)
        for name, numbers in limits.items():
            for number in numbers:
                bpf_calls.update(self._maps[name], _u32(number), b"\x01")

    def _attach_names(self, probes: NameProbes, libc: str) -> None:
        probes.attach(libc, self._opened)
        self._names = probes

    def _attach_connect(self, load: Callable[[int, str], int], wanted: HookKind | None) -> Hook:
        if wanted is not HookKind.TRACEPOINT:
            try:
                return _guard(
                    lambda: self._attach_kprobe(load),
                    f"{KPROBE} cannot be watched by a kprobe",
                    "The kernel must have kprobes (CONFIG_KPROBES); start with --hook tracepoint.",
                )
            except SourceError:
                if wanted is HookKind.KPROBE:
                    raise
        return _guard(
            lambda: self._attach_tracepoint(load),
            f"the tracepoint {TRACEPOINT} cannot be watched",
            "The kernel must have kprobes (CONFIG_KPROBES) or system call tracepoints "
            "(CONFIG_FTRACE_SYSCALLS).",
        )

    def _attach_kprobe(self, load: Callable[[int, str], int]) -> Hook:
        program = load(bpf_calls.KPROBE_PROGRAM, "on_security_socket_connect")
        self._opened(perf_events.attach_kprobe(program, KPROBE))
        return Hook(HookKind.KPROBE, KPROBE)

    def _attach_tracepoint(self, load: Callable[[int, str], int]) -> Hook:
        tracefs.provide()
        program = load(bpf_calls.TRACEPOINT_PROGRAM, "on_sys_enter_connect")
        self._opened(perf_events.attach_tracepoint(program, TRACEPOINT))
        return Hook(HookKind.TRACEPOINT, TRACEPOINT, _TRACEPOINT_BLIND_SPOTS)

    def _attach_beside(self, load: Callable[[int, str], int], hook: Hook) -> None:
        """Where getaddrinfo()'s returns are not seen, a connect() tells of one."""
        if hook.kind is HookKind.KPROBE:
            program = load(bpf_calls.KPROBE_PROGRAM, "on_connect_alone")
            self._opened(perf_events.attach_kprobe(program, KPROBE))
        else:
            program = load(bpf_calls.TRACEPOINT_PROGRAM, "on_connect_alone")
            self._opened(perf_events.attach_tracepoint(program, TRACEPOINT))

    def _opened(self, descriptor: int) -> int:
        self._descriptors.append(descriptor)
        return descriptor


def _u32(number: int) -> bytes:
    return number.to_bytes(4, sys.byteorder)


def _u64(number: int) -> bytes:
    return number.to_bytes(8, sys.byteorder)


def _open_ring(descriptor: int) -> Ring:
    return MappedRing(descriptor, RING_SIZE) if can_map() else CallbackRing(descriptor)


def _guard(action: Callable[[], _Result], what: str, remedy: str) -> _Result:
    try:
        return action()
    except SourceError:
        raise
    # Anything else than an OSError is bytecode that holds together no more.
    except (OSError, LookupError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{what}: {reason}. {remedy}") from error
