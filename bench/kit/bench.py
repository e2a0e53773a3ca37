"""The tools that capture is measured with, and one of them under one load."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kit.capturing import Idle, Outcome, await_calm, capture, gone_after, rest
from kit.running import Run, Tool, running
from kit.storm import Load
from kit.tools import bpftrace, dashboard, mapped, printing_tool, sock_tui, strangers
from kit.tracers import tracing_processes

_ROOM: Final = ("--max-rows", "100000000")  # nothing is evicted
_STRANGERS_S: Final = 2  # seconds
# Seconds to wait for a machine that others keep busy: in all, so that it ends; and at once.
_PATIENCE, _QUICK_PATIENCE, _PATIENCE_AT_ONCE = 120.0, 10.0, 10.0

EXPORT: Final = "sock-tui --export"
PLAIN: Final = "sock-tui --plain"
JSON: Final = "sock-tui --json"
DASHBOARD: Final = "sock-tui, the dashboard"
LIMIT: Final = "C, the same buffer, stored"
BPFTRACE: Final = "bpftrace, a line an event"


def tools(folder: Path, *, quick: bool) -> list[Tool]:
    """Those that are installed; the less telling ones only where it is not to be `quick`.

    `folder`: for what has to be compiled.
    """
    found = [
        sock_tui("--export", *_ROOM),
        sock_tui("--plain"),
        None if quick else sock_tui("--json"),
        dashboard(*_ROOM),
        bpftrace(),
        None if quick else bpftrace("full"),
        printing_tool(),
        None if quick else mapped("print", folder),
        mapped("store", folder),
    ]
    return [tool for tool in found if tool is not None]


@dataclass(slots=True)
class Bench:
    """Runs tools in `folder`, one at a time. `quick`: waits less for a calm machine.

    `others`: the largest share of a core that others took meanwhile.
    """

    folder: Path
    tools: Mapping[str, Tool]
    quick: bool
    others: float = 0.0
    _idle: dict[str, Idle] = field(default_factory=dict)
    _patience: float = field(init=False)

    def __post_init__(self) -> None:
        self._patience = _QUICK_PATIENCE if self.quick else _PATIENCE

    def idle(self, name: str) -> Idle:
        """What a tool costs with nothing to do, measured once. Raises ToolError."""
        if name not in self._idle:
            self._await_calm()
            self._idle[name] = rest(self.tools[name], self.folder / "rest")
        return self._idle[name]

    def capture(
        self, name: str, load: Load, rows: Callable[[Run], int] | None = None, *more: str
    ) -> Outcome:
        """One tool under one load. `rows`, `more`: see `capture`; options beyond its own.

        Raises ToolError.
        """
        tool = self.tools[name]
        idle = self.idle(name)
        command = tool.command
        tool = replace(tool, command=lambda folder: [*command(folder), *more])
        self._await_calm()
        outcome = capture(tool, load, idle, self.folder / "run", rows)
        self.others = max(self.others, outcome.others)
        return outcome

    def _await_calm(self) -> None:
        self._patience -= await_calm(min(self._patience, _PATIENCE_AT_ONCE))

    def disturbance(self) -> str:
        """Who else traces, and how often others connect, for a person; empty where none does.

        Raises ToolError.
        """
        tracing = tracing_processes()
        folder = self.folder / "strangers"
        with gone_after(folder):
            with running(self.tools[LIMIT], folder):
                time.sleep(_STRANGERS_S)
            rate = strangers(folder) / _STRANGERS_S
        told = [f"{rate:,.0f} connections/s of others"] if rate >= 1 else []
        told += [f"probes of {', '.join(sorted(tracing))}"] if tracing else []
        return "; ".join(told)
