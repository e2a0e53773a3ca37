"""How long sock-tui takes to start, and its memory then: on the first start and on later ones.

To its first whole screen; until it misses nothing, which is seen from outside, by the probes that
it holds; and until the screen says so. The first start is one without the compiled programs in
/var/cache/sock-tui: they are removed for it.

Beside it: a bare BCC tool that compiles and attaches the same programs and does nothing else,
whose phases show where the time goes; and bpftrace's few lines for the same two hooks. One after
the other in each round, so that all meet the same machine.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kit.command import give_up, options, require_root, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.machine import REPOSITORY, description
from kit.running import PATIENCE, Tool, ToolError, running
from kit.screen import seconds_until
from kit.starting import forget_programs, start_of
from kit.table import ratio, show
from kit.tools import NO_BPFTRACE, PEERS, bpftrace

FIRST: Final = "first start"
LATER: Final = "later ones"
SCREEN: Final = "dashboard: first whole screen"
SAID: Final = "dashboard: says that it is attached"
DASHBOARD: Final = "dashboard: attached"
JSON: Final = "--json: attached"
BARE: Final = "bare BCC, the same programs"
BPFTRACE: Final = "bpftrace, the same hooks"
LIMITS: Final = {
    f"{SCREEN}, {FIRST}": 1.0,
    f"{DASHBOARD}, {FIRST}": 1.8,
    f"{JSON}, {FIRST}": 1.8,
    f"{SCREEN}, {LATER}": 1.0,
    f"{DASHBOARD}, {LATER}": 0.5,
    f"{JSON}, {LATER}": 0.5,
}
# Resident megabytes, by the options; each with and without a screen.
MEMORY: Final = {"with AS data": ((), 230), "--no-asn": (("--no-asn",), 80)}

# The last line of a whole screen is the one with the keys; the hook is named once it is attached.
MARKS: Final = {
    SCREEN: re.compile(rb"Quit"),
    SAID: re.compile(rb"sys_enter_connect"),
}
# Each is imported by the one before it, or right after it.
IMPORTS: Final = ("app.commands.live", "textual.app", "app.screens.dashboard", "probes.asn.table")

Times = defaultdict[str, list[float]]


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=7, quick=3)
    wanted = asked.rounds
    require_root()
    starts: Times = defaultdict(list)
    phases: Times = defaultdict(list)
    imports: Times = defaultdict(list)
    memory: Times = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        try:
            for number in range(-1, wanted):
                folder = Path(name, str(number))
                folder.mkdir()
                one_round(folder, starts, phases, imports, memory)
                if number < 0:  # the first one fills the file cache
                    for times in (starts, phases, imports, memory):
                        times.clear()
        except ToolError as error:
            give_up(str(error))
    report(starts, phases, imports, memory)
    remarks = [f"hook: tracepoint; {wanted} rounds after one that is not counted"]
    if BPFTRACE not in starts:
        remarks.append(NO_BPFTRACE)
    hand_over(Report(figures(starts, memory), remarks), asked.figures)
    print(description())


def one_round(folder: Path, starts: Times, phases: Times, imports: Times, memory: Times) -> None:
    """Start everything once; sock-tui in each way, first without and then with its cache."""
    command = [sys.executable, "-m", "app.cli", "--hook", "tracepoint"]
    for which in (FIRST, LATER):

        def begin() -> None:
            if which == FIRST:  # noqa: B023 - called within the turn
                forget_programs()

        begin()
        found = seconds_until(command, MARKS, REPOSITORY, PATIENCE)
        for mark in MARKS:
            if mark not in found:
                raise ToolError(f"'{mark}' was not seen within {PATIENCE:.0f} s")
            starts[f"{mark}, {which}"].append(found[mark])
        for data, (given, _) in MEMORY.items():
            for on_screen, what in ((True, DASHBOARD), (False, JSON)):
                begin()
                start = start_of(*given, on_screen=on_screen)
                form = what.partition(":")[0]
                memory[f"{form}, {data}, {which}"].append(start.resident / 1e6)
                if not given:
                    starts[f"{what}, {which}"].append(start.attached_s)
    for phase, took in bare().items():
        (starts if phase == BARE else phases)[phase].append(took)
    if (tool := bpftrace()) is not None:
        starts[BPFTRACE].append(attached(tool, folder / "bpftrace"))
    for module, took in import_times().items():
        imports[module].append(took)


def attached(tool: Tool, folder: Path) -> float:
    """Seconds from execution until the tool is attached."""
    with running(tool, folder) as run:
        return run.attached_s


def bare() -> dict[str, float]:
    """The bare tool's phases in seconds, and the whole as `BARE`. Raises ToolError."""
    command = [sys.executable, str(PEERS / "bare.py"), str(time.monotonic())]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"{BARE} failed: {done.stderr.strip()[-500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    found[BARE] = found.pop("attached")
    return found


def import_times() -> dict[str, float]:
    """Seconds for each of `IMPORTS`, one after the other in a fresh interpreter."""
    program = (
        "import json, sys, time\n"
        "took = {}\n"
        "for name in sys.argv[1:]:\n"
        "    began = time.monotonic()\n"
        "    __import__(name)\n"
        "    took[name] = time.monotonic() - began\n"
        "print(json.dumps(took))\n"
    )
    command = [sys.executable, "-c", program, *IMPORTS]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report(starts: Times, phases: Times, imports: Times, memory: Times) -> None:
    """Print the tables."""
    usual = statistics.median(starts[BARE])
    rows = []
    ours = [
        f"{what}, {which}" for which in (FIRST, LATER) for what in (SCREEN, DASHBOARD, SAID, JSON)
    ]
    for what in (*ours, BARE, BPFTRACE):
        if what not in starts:
            continue
        median = statistics.median(starts[what])
        limit = LIMITS.get(what)
        limits = [f"{limit:.1f}", ratio(median, limit)] if limit else ["", ""]
        rows.append([what, *_spread(starts[what]), *limits, ratio(median, usual)])
    header = ["", "min", "median", "max", "limit", "of limit", "to bare BCC"]
    show("from exec, seconds", header, rows)
    rows = []
    for what, sizes in memory.items():
        most = most_memory(what)
        median = statistics.median(sizes)
        spread = [f"{size:.0f}" for size in (min(sizes), median, max(sizes))]
        rows.append([what, *spread, str(most), ratio(median, most)])
    header = ["", "min", "median", "max", "limit", "of limit"]
    show("resident memory a second after it is attached, MB", header, rows)
    print("on a first start BCC compiles in two processes, 130 MB each, which have ended by then")
    header = ["", "min", "median", "max"]
    show(f"where it goes: {BARE}", header, [[name, *_spread(t)] for name, t in phases.items()])
    show(
        "where it goes: imports, in this order; the compiler can work beside all but the first",
        header,
        [[name, *_spread(times)] for name, times in imports.items()],
    )


def figures(starts: Times, memory: Times) -> list[Figure]:
    """The medians beside their limits, and beside those who attach the same."""
    medians = {what: statistics.median(times) for what, times in starts.items()}
    limited = [
        Figure(what, medians[what], "s", Rule.AT_MOST, limit) for what, limit in LIMITS.items()
    ]
    beside = [
        Figure(what, medians[what], "s", Rule.BESIDE, medians[peer], peer)
        for what in (f"{JSON}, {FIRST}", f"{JSON}, {LATER}")
        for peer in (BARE, BPFTRACE)
        if peer in medians
    ]
    held = [
        Figure(f"memory, {what}", statistics.median(sizes), "MB", Rule.AT_MOST, most_memory(what))
        for what, sizes in memory.items()
    ]
    return limited + beside + held


def most_memory(what: str) -> int:
    """The limit in megabytes for one of those that `one_round` looks at."""
    return next(limit for data, (_, limit) in MEMORY.items() if f", {data}," in what)


def _spread(values: Sequence[float]) -> list[str]:
    return [f"{value:.3f}" for value in (min(values), statistics.median(values), max(values))]


if __name__ == "__main__":
    run(main)
