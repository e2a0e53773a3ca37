"""The program that tells who makes processes, or else what they execute: bpf/lineage.c."""

from __future__ import annotations

from typing import Final

from probes.kernel import bpf_calls, perf_events, tracefs
from probes.kernel.loader import Loader

_FORK: Final = "sched_process_fork"
_EXEC: Final = "sched:sched_process_exec"


def attach(loader: Loader) -> None:
    """Be told who makes processes; where images cannot be told, what processes execute.

    Raises:
        OSError: the kernel refused, or there is no tracefs.
        LookupError: the bytecode lacks a program.
        ValueError: the bytecode names what there is not.
    """
    program = loader.load(bpf_calls.RAW_TRACEPOINT_PROGRAM, "on_sched_process_fork")
    if loader.tells_images:
        loader.keep(bpf_calls.attach_raw_tracepoint(program, _FORK))
        return
    tracefs.provide()
    program = loader.load(bpf_calls.TRACEPOINT_PROGRAM, "on_sched_process_exec")
    loader.keep(perf_events.attach_tracepoint(program, _EXEC))
