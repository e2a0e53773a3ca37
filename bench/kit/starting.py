"""A start of sock-tui: how soon its probes were attached, and what memory it then takes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.machine import REPOSITORY
from kit.running import PATIENCE, ToolError
from probes.kernel.program_cache import FOLDER, NAME

# connect(), and five functions of libc with their returns: each is a perf event. Those of further
# libcs come later.
_PROBES: Final = 11
_SETTLED: Final = 1.0  # seconds from the attachment to the look at the memory
_SPAN: Final = 0.002  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Start:
    """`attached_s`: seconds from execution until all probes were there. `resident`: bytes."""

    attached_s: float
    resident: int


def forget_programs() -> None:
    """Make the next start a first one: what it then compiles is kept again."""
    (FOLDER / NAME).unlink(missing_ok=True)


def start_of(*options: str, on_screen: bool) -> Start:
    """Start sock-tui, on a terminal or with lines that nobody reads, and end it.

    Whether it is attached is seen from outside, by the descriptors that it holds. Raises ToolError.
    """
    outside, inside = os.openpty()
    command = ["setsid", "--ctty", sys.executable, "-m", "app.cli", "--hook", "tracepoint"]
    form = [] if on_screen else ["--json"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, *form, *options],
        cwd=REPOSITORY,
        stdin=inside,
        stdout=inside if on_screen else subprocess.DEVNULL,
        stderr=inside,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )
    said = b""
    try:
        while _perf_events(process.pid) < _PROBES:
            if process.poll() is not None or time.monotonic() > began + PATIENCE:
                raise ToolError(
                    f"sock-tui was not attached: {said[-500:].decode(errors='replace')}"
                )
            said += _read(outside, _SPAN)
        attached = time.monotonic()
        while time.monotonic() < attached + _SETTLED:
            _read(outside, _SPAN)
        found = Start(attached - began, _resident(process.pid))
        process.send_signal(signal.SIGTERM)
        while process.poll() is None and time.monotonic() < attached + PATIENCE:
            _read(outside, _SPAN)
        return found
    finally:
        process.kill()
        process.wait()
        os.close(outside)
        os.close(inside)


def _read(terminal: int, seconds: float) -> bytes:
    """What it drew: a terminal that nobody reads stops whoever writes to it."""
    return os.read(terminal, 1 << 16) if select.select([terminal], [], [], seconds)[0] else b""


def _perf_events(pid: int) -> int:
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(entry) == "anon_inode:[perf_event]"
        except FileNotFoundError:  # closed meanwhile
            continue
    return count


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * sum(map(int, re.findall(r"VmRSS:\s*(\d+) kB", status)))
