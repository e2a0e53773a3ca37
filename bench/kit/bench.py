"""The tools that capture is measured with, and one of them under one load."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kit.capturing import Idle, Outcome, capture, gone_after, rest
from kit.running import Run, Tool, running
from kit.storm import Load
from kit.tools import bpftrace, dashboard, mapped, printing_tool, sock_tui, strangers
from kit.tracers import tracing_processes

_ROOM: Final = ("--max-rows", "100000000")  # nothing is evicted
_STRANGERS_S: Final = 2  # seconds

EXPORT: Final = "sock-tui --export"
PLAIN: Final = "sock-tui --plain"
JSON: Final = "sock-tui --json"
DASHBOARD: Final = "sock-tui, the dashboard"
LIMIT: Final = "C, the same buffer, stored"
BPFTRACE: Final = "bpftrace, a line an event"


def all_tools(folder: Path) -> list[Tool]:
    """Those that are installed. `folder`: for what has to be compiled."""
    tools = [
        sock_tui("--export", *_ROOM),
        sock_tui("--plain"),
        sock_tui("--json"),
        dashboard(*_ROOM),
        bpftrace(),
        bpftrace("full"),
        printing_tool(),
        mapped("print", folder),
        mapped("store", folder),
    ]
    return [tool for tool in tools if tool is not None]


@dataclass(slots=True)
class Bench:
    """Runs tools in `folder`, one at a time.

    `others`: the largest share of a core that others took meanwhile.
    """

    folder: Path
    tools: Mapping[str, Tool]
    others: float = 0.0
    _idle: dict[str, Idle] = field(default_factory=dict)

    def capture(
        self, name: str, load: Load, rows: Callable[[Run], int] | None = None, *more: str
    ) -> Outcome:
        """One tool under one load. `rows`, `more`: see `capture`; options beyond its own.

        Raises ToolError.
        """
        tool = self.tools[name]
        if name not in self._idle:
            self._idle[name] = rest(tool, self.folder / "rest")
        command = tool.command
        tool = replace(tool, command=lambda folder: [*command(folder), *more])
        outcome = capture(tool, load, self._idle[name], self.folder / "run", rows)
        self.others = max(self.others, outcome.others)
        return outcome

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
