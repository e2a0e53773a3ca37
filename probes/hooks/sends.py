"""The programs where something is sent without connect(): bpf/send_calls.c."""

from __future__ import annotations

import sys
from typing import Final

from probes.errors import explained
from probes.kernel import bpf_calls, perf_events
from probes.kernel.loader import Loader
from probes.record import Hook, HookKind

_KPROBE: Final = "security_socket_sendmsg"
_TRACEPOINTS: Final = ("sys_enter_sendto", "sys_enter_sendmsg", "sys_enter_sendmmsg")
# The one that goes on where it stopped: bpf_tail_call() takes it from this map.
_GOES_ON: Final = "sys_enter_sendmmsg"
_FURTHER_RUNS: Final = "more_messages"

PROGRAMS: Final = tuple(f"on_{place}" for place in (_KPROBE, *_TRACEPOINTS))
"""The programs that tell of sends: the first, or the others."""


def attach(loader: Loader, hook: Hook) -> None:
    """Watch sends in the way in which connect() is watched, which is attached ahead of them.

    Raises:
        SourceError: they cannot be watched.
    """
    with explained(
        "what is sent without connect() cannot be watched",
        "Start with --no-sends to go without it.",
    ):
        if hook.kind is HookKind.KPROBE:
            program = loader.load(bpf_calls.KPROBE_PROGRAM, f"on_{_KPROBE}")
            loader.keep(perf_events.attach_kprobe(program, _KPROBE))
        else:
            _attach_to_calls(loader)


def _attach_to_calls(loader: Loader) -> None:
    for tracepoint in _TRACEPOINTS:
        program = loader.load(bpf_calls.TRACEPOINT_PROGRAM, f"on_{tracepoint}")
        if tracepoint == _GOES_ON:
            value = program.to_bytes(4, sys.byteorder)
            bpf_calls.update(loader.maps[_FURTHER_RUNS], bytes(4), value)
        loader.keep(perf_events.attach_tracepoint(program, f"syscalls:{tracepoint}"))
