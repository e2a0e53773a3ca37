"""What watching costs the programs that are watched: a connect(), a getaddrinfo(), a send.

A C program on a core of its own makes the calls and takes their time, untraced and traced in turn
(A B A C A D A ...), since a shared machine's speed changes by the second: what a tool adds is the
median while it watched, less the mean of the medians right before and right after it. The table
gives the median of all rounds, the lowest and the highest; and, as "quiet", the same of each
measurement's 5th percentile instead of its median: what other programs on the machine disturb
least.

sock-tui watches everything, and then another process's and another port's connections alone: what
the load does is then left out by the programs in the kernel. Counters at the same places in
bpftrace show the least that watching costs there, whatever is done with what is seen.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kit.command import give_up, options, require_root, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.load import Loads
from kit.machine import description, two_cores
from kit.running import Tool, ToolError, running
from kit.table import ratio, show
from kit.tools import NO_BPFTRACE, bpftrace, counting_bpftrace, printing_tool, sock_tui
from kit.tracers import tracing_processes

BATCHES, CALLS = 4_000, 50  # in all less than the ring holds: every event is recorded
RATE, PACED_CALLS = 5_000, 2_500  # half a second
LOOKUPS = 3_000
# Of the first process, which connects to nothing, and to a port that the load does not use.
FILTERED_OUT: Final = (("--pid", "1"), ("--port", "1"))
DRAINED: Final = 0.3  # seconds for a tool to go through what it has


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of load. `limit`: nanoseconds that sock-tui may add to a call, if that is asked."""

    what: str
    limit: float | None = None


FULL: Final = Load("one connect(), at full load", 600)
PACED: Final = Load(f"one connect(), at {RATE:,}/s", 500)
LOOKUP: Final = Load("one getaddrinfo()", 2_500)
# Which only sock-tui watches.
SEND: Final = Load("one send(), on a connected socket")
SEND_TO: Final = Load("one sendto(), with an address")
LOADS: Final = (FULL, PACED, LOOKUP, SEND, SEND_TO)


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds a call: the median, and the 5th percentile."""

    median: float
    quiet: float

    def beyond(self, before: Cost, after: Cost) -> Cost:
        """What this is more than the mean of two others."""
        return Cost(
            self.median - (before.median + after.median) / 2,
            self.quiet - (before.quiet + after.quiet) / 2,
        )


Costs = dict[Load, Cost]


@dataclass(slots=True)
class Watched:
    """What a tool added in each round, and what it lost in all."""

    tool: Tool
    added: dict[Load, list[Cost]] = field(default_factory=lambda: {load: [] for load in LOADS})
    lost: int = 0


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=5, quick=2)
    wanted = asked.rounds
    require_root()
    reader, maker = two_cores()
    os.sched_setaffinity(0, {reader})
    filtering = [
        replace(sock_tui("--export", *option), name=f"sock-tui {' '.join(option)}")
        for option in FILTERED_OUT
    ]
    tools = [sock_tui("--export"), *filtering, printing_tool(), bpftrace(), counting_bpftrace()]
    watched = [Watched(tool) for tool in tools if tool is not None]
    untraced: list[Costs] = []
    others: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        loads = Loads(Path(name), maker)
        try:
            before = measure_untraced(loads, others)
            untraced.append(before)
            for number in range(wanted):
                for each in watched:
                    folder = Path(name, f"{number}-{each.tool.name.replace(' ', '-')}")
                    traced = measure_watched(loads, each, folder, reader)
                    after = measure_untraced(loads, others)
                    untraced.append(after)
                    for load in LOADS:
                        added = traced[load].beyond(before[load], after[load])
                        each.added[load].append(added)
                    before = after
        except ToolError as error:
            give_up(str(error))
    report(watched, untraced)
    remarks = [f"hook: tracepoint; {wanted} rounds, interleaved with untraced ones"]
    if len(watched) < len(tools):
        remarks.append(NO_BPFTRACE)
    if others:
        names = ", ".join(sorted(others))
        remarks.append(f"NOT RELIABLE: 'untraced' was traced by others meanwhile: {names}")
    hand_over(Report(figures(watched, untraced, wanted), remarks), asked.figures)
    print(description())


def measure(loads: Loads) -> Costs:
    """The cost of a call in each load."""
    measured = {
        FULL: loads.full(BATCHES, CALLS),
        PACED: loads.paced(RATE, PACED_CALLS),
        LOOKUP: loads.lookups(LOOKUPS),
        SEND: loads.sends("connected", BATCHES // 4, CALLS),
        SEND_TO: loads.sends("addressed", BATCHES // 4, CALLS),
    }
    return {
        load: Cost(statistics.median(calls), calls[len(calls) // 20])
        for load, calls in measured.items()
    }


def measure_untraced(loads: Loads, others: set[str]) -> Costs:
    """The same while no tool watches; adds to `others` whoever traces nevertheless."""
    others |= tracing_processes()
    costs = measure(loads)
    others |= tracing_processes()
    return costs


def measure_watched(loads: Loads, watched: Watched, folder: Path, core: int) -> Costs:
    """The same while the tool watches."""
    with running(watched.tool, folder, core) as run:
        time.sleep(DRAINED)
        costs = measure(loads)
        time.sleep(DRAINED)
    watched.lost += run.lost
    return costs


def report(watched: Sequence[Watched], untraced: Sequence[Costs]) -> None:
    """Print the tables."""
    for load in LOADS:
        calls = [costs[load] for costs in untraced]
        rows = [["untraced, a call", *_spread(calls), "", "", ""]]
        ours = _median(watched[0].added[load])
        for each in watched:
            is_ours = each is watched[0]
            limits = ["", ""]
            if is_ours and load.limit is not None:
                limits = [f"{load.limit:,.0f}", ratio(ours, load.limit)]
            added = each.added[load]
            rows.append(
                [f"{each.tool.name} adds", *_spread(added), *limits, ratio(_median(added), ours)]
            )
        header = ["", "median", "lowest", "highest", "quiet", "limit", "of limit", "to sock-tui"]
        show(f"{load.what}: nanoseconds", header, rows)


def figures(watched: Sequence[Watched], untraced: Sequence[Costs], count: int) -> list[Figure]:
    """What sock-tui adds, beside its limits and what the others add."""
    ours, *peers = watched
    found = []
    for load in LOADS:
        added = _median(ours.added[load])
        what = f"added to {load.what}"
        if load.limit is None:
            call = statistics.median(costs[load].median for costs in untraced)
            found.append(Figure(what, added, "ns", Rule.BESIDE, call, "the call itself"))
            continue
        found.append(Figure(what, added, "ns", Rule.AT_MOST, load.limit))
        for peer in peers:
            # No more than with the equivalent few lines of bpftrace: that is asked.
            rule = Rule.AT_MOST if peer.tool.name.startswith("bpftrace") else Rule.BESIDE
            its = _median(peer.added[load])
            found.append(Figure(what, added, "ns", rule, its, peer.tool.name))
    events = count * (BATCHES * CALLS + PACED_CALLS + LOOKUPS)
    what = f"events lost, of some {events:,}"
    found.append(Figure(what, ours.lost, "", Rule.AT_MOST, 0))
    found += [Figure(what, ours.lost, "", Rule.BESIDE, peer.lost, peer.tool.name) for peer in peers]
    return found


def _median(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.median for cost in costs)


def _spread(costs: Sequence[Cost]) -> list[str]:
    medians = [cost.median for cost in costs]
    quiet = statistics.median(cost.quiet for cost in costs)
    return [f"{value:,.0f}" for value in (_median(costs), min(medians), max(medians), quiet)]


if __name__ == "__main__":
    run(main)
