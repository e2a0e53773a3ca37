"""Who else traces this machine: their probes would be a part of what is called untraced."""

from __future__ import annotations

import os
from pathlib import Path

from probes.text import visible


def tracing_processes() -> set[str]:
    """Processes that hold perf events, which is what probes hang on: `python3 (1234)`."""
    return {
        f"{_comm(process)} ({process.name})"
        for process in Path("/proc").iterdir()
        if process.name.isdecimal() and _holds_perf_events(process)
    }


def _holds_perf_events(process: Path) -> bool:
    try:
        return any(
            os.readlink(entry) == "anon_inode:[perf_event]" for entry in (process / "fd").iterdir()
        )
    except OSError:  # it ended, or closed a descriptor, meanwhile
        return False


def _comm(process: Path) -> str:
    try:
        return visible((process / "comm").read_text(errors="replace").strip())
    except OSError:
        return "gone"
