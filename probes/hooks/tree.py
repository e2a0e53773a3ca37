"""The programs that keep account of which threads belong to a command: bpf/tree_changes.c."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from probes.errors import explained
from probes.kernel import bpf_calls, perf_events, tracefs
from probes.kernel.loader import Loader

# Each program's tracepoint, and the field that it reads; None reads none.
_PROGRAMS: Final = (
    ("on_tree_fork", "sched:sched_process_fork", "child_pid"),
    ("on_tree_exec", "sched:sched_process_exec", "old_pid"),
    ("on_tree_exit", "sched:sched_process_exit", None),
)


def attach(loader: Loader) -> None:
    """Load and attach all of them.

    Raises:
        SourceError: the kernel refused, there is no tracefs, or a tracepoint lacks the field.
    """
    with explained(
        "the processes that a command starts cannot be told from others",
        "The kernel must have the scheduler's tracepoints (CONFIG_EVENT_TRACING) and tracefs.",
    ):
        tracefs.provide()
        for function, tracepoint, field in _PROGRAMS:
            constants = [field_offset(format_of(tracepoint), field)] if field else []
            program = loader.load_with(bpf_calls.TRACEPOINT_PROGRAM, function, constants)
            loader.keep(perf_events.attach_tracepoint(program, tracepoint))


def format_of(tracepoint: str) -> str:
    """What tracefs says of the fields of a tracepoint such as `sched:sched_process_fork`.

    Raises OSError.
    """
    return Path(tracefs.MOUNT_POINT, "events", *tracepoint.split(":"), "format").read_text()


def field_offset(text: str, field: str) -> int:
    r"""Where a field of 4 bytes lies in a tracepoint's record.

    `text`: the tracepoint's `format` file, with lines such as
    `field:pid_t child_pid;\toffset:20;\tsize:4;\tsigned:1;`.

    Raises:
        LookupError: there is no such field.
    """
    found = re.search(rf"\b{re.escape(field)};\s*offset:(\d+);\s*size:4;", text)
    if found is None:
        raise LookupError(f"the tracepoint has no field {field}")
    return int(found[1])
