"""The program at connect(): at the kprobe, or where there are none at the system call."""

from __future__ import annotations

from typing import Final

from probes.errors import SourceError, explained
from probes.kernel import bpf_calls, perf_events, tracefs
from probes.kernel.capabilities import Capability
from probes.kernel.loader import Loader
from probes.record import Hook, HookKind

KPROBE: Final = "security_socket_connect"
TRACEPOINT: Final = "syscalls:sys_enter_connect"

_BLIND_SPOTS: Final = {
    HookKind.KPROBE: (),
    HookKind.TRACEPOINT: ("io_uring", "32-bit programs"),
}

_ON_KPROBE: Final = "on_security_socket_connect"
_ON_TRACEPOINT: Final = "on_sys_enter_connect"

# To mount tracefs, and to look into it: it is root's alone.
_TRACEPOINT_TAKES: Final = (Capability.CAP_SYS_ADMIN, Capability.CAP_DAC_READ_SEARCH)

PROGRAMS: Final = (_ON_KPROBE, _ON_TRACEPOINT)
"""The programs that tell of connects: one of these is attached."""


def attach(loader: Loader, wanted: HookKind | None) -> Hook:
    """Watch connect(). `wanted`: see `probes.kernel.task.Task.hook`.

    Raises:
        SourceError: it cannot be watched, or not in the way that is wanted.
    """
    if wanted is not HookKind.TRACEPOINT:
        try:
            with explained(
                f"{KPROBE} cannot be watched by a kprobe",
                "The kernel must have kprobes (CONFIG_KPROBES); start with --hook tracepoint.",
            ):
                return _attach(loader, HookKind.KPROBE, _ON_KPROBE)
        except SourceError:
            if wanted is HookKind.KPROBE:
                raise
    with explained(
        f"the tracepoint {TRACEPOINT} cannot be watched",
        "The kernel must have kprobes (CONFIG_KPROBES) or system call tracepoints "
        "(CONFIG_FTRACE_SYSCALLS).",
        _TRACEPOINT_TAKES,
    ):
        return _attach(loader, HookKind.TRACEPOINT, _ON_TRACEPOINT)


def attach_beside(loader: Loader, hook: Hook) -> None:
    """Where getaddrinfo()'s returns are not seen, a connect() tells of one.

    `hook`: what `attach` gave.

    Raises:
        SourceError: a second program cannot be attached there.
    """
    with explained(
        f"{hook.target} cannot be watched by a second program",
        "Start with --no-names to go without hostnames.",
    ):
        _attach(loader, hook.kind, "on_connect_alone")


def _attach(loader: Loader, kind: HookKind, function: str) -> Hook:
    if kind is HookKind.KPROBE:
        target = KPROBE
        program = loader.load(bpf_calls.KPROBE_PROGRAM, function)
        loader.keep(perf_events.attach_kprobe(program, target))
    else:
        target = TRACEPOINT
        tracefs.provide()
        program = loader.load(bpf_calls.TRACEPOINT_PROGRAM, function)
        loader.keep(perf_events.attach_tracepoint(program, target))
    return Hook(kind, target, _BLIND_SPOTS[kind])
