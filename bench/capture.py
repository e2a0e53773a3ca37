"""How fast connections may come, what is missing then, and what each costs whoever watches.

One load for all, 200 processes that go through 5,000 addresses at one rate, on the cores that they
share with the tool: sock-tui in each of its forms; what BCC's own tools do, a line an event; a few
lines of bpftrace; and, as the limit, C on sock-tui's own ring buffer. The generator counts its
calls, and a tool's rows are counted where it puts them: what is missing is known without the tool.

A tool keeps up with a rate where no row is missing and it is through soon after the load. Its
processor time is that beyond what it takes at rest.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from kit import claims
from kit.bench import BPFTRACE, EXPORT, LIMIT, Bench, tools
from kit.capturing import Outcome
from kit.command import Options, give_up, options, require_root, run
from kit.figures import Report, hand_over
from kit.ladder import has_topped, highest, narrowed
from kit.machine import description
from kit.running import ToolError
from kit.storm import ADDRESSES, PROCESSES, Load
from kit.table import ratio, show
from kit.tools import NO_BPFTRACE

RUNGS: Final = (2_000, 10_000, 50_000, 100_000, 200_000, 400_000, 800_000)
QUICK_RUNGS: Final = (10_000, 100_000)
TELLING: Final = 200_000  # rows, from which on a start's own processor time hides no more
SECONDS, QUICK_SECONDS = 3, 2  # of load, on each rung
NO_PAUSE_SECONDS: Final = 4
OTHERS: Final = 0.3  # of a core; reading the tools' output and keeping watch takes a tenth


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=3, quick=1)
    require_root()
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        folder = Path(name)
        measured = tools(folder, quick=asked.quick)
        bench = Bench(folder, {tool.name: tool for tool in measured}, asked.quick)
        try:
            before = bench.disturbance()
            outcomes = climb(bench, asked)
            show_highest(outcomes)
            figures = [
                *claims.at_rest(bench),
                *claims.on_screen(bench, asked),
                *claims.without_screen(bench, asked),
                *claims.rates(outcomes),
                *claims.costs(bench, asked),
                *claims.beyond(bench, asked),
            ]
            after = bench.disturbance()
        except ToolError as error:
            give_up(str(error))
    hand_over(Report(figures, remarks(bench, before, after)), asked.figures)
    print(description())


def remarks(bench: Bench, before: str, after: str) -> list[str]:
    """What must be known of the figures. `before`, `after`: what disturbed the machine then."""
    told = [f"hook: tracepoint; {PROCESSES} processes, each going through {ADDRESSES:,} addresses"]
    if BPFTRACE not in bench.tools:
        told.append(NO_BPFTRACE)
    if bench.others > OTHERS:
        told.append(f"NOT RELIABLE: others took up to {bench.others:.0%} of a core during a load")
    for when, who in (("before", before), ("after", after)):
        if who:
            told.append(f"NOT RELIABLE: {when} the measurement there were {who}")
    return told


def climb(bench: Bench, asked: Options) -> dict[str, list[Outcome]]:
    """Each tool up to where it does not keep up, side by side; prints a table for each rung."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    climbing = list(bench.tools)
    seconds = QUICK_SECONDS if asked.quick else SECONDS
    for rate in QUICK_RUNGS if asked.quick else RUNGS:
        found = {name: bench.capture(name, Load(rate, seconds)) for name in climbing}
        for name, outcome in found.items():
            # A shared machine stalls now and then: who fails may try again, once.
            again = not outcome.kept_up and not asked.quick
            found[name] = bench.capture(name, Load(rate, seconds)) if again else outcome
            outcomes[name].append(found[name])
        show_rung(Load(rate, seconds), found)
        climbing = [name for name in climbing if not has_topped(outcomes[name])]
    if not asked.quick:
        for name, tried in outcomes.items():

            def attempt(rate: int, name: str = name) -> Outcome:
                return bench.capture(name, Load(rate, seconds))

            tried.extend(narrowed(tried, attempt))
    load = Load(None, QUICK_SECONDS if asked.quick else NO_PAUSE_SECONDS)
    show_rung(load, {name: bench.capture(name, load) for name in bench.tools})
    return outcomes


def show_rung(load: Load, found: Mapping[str, Outcome]) -> None:
    """Print what came of one load."""
    limit = found.get(LIMIT)
    header = (
        *("", "made/s", "rows", "missing", "says", "unsaid", "behind", "µs/row", "to its end"),
        *("of a core", "to C", "MB", "others"),
    )
    rows = []
    for name, each in found.items():
        row = [
            *(name, f"{each.made.rate:,.0f}", f"{each.rows:,}", f"{each.missing:,}"),
            *(f"{each.claimed:,}", f"{each.unsaid:,}", f"{each.behind_s:.2f} s"),
            f"{each.taken_us:.2f}",
            *(f"{each.whole_us:.2f}" if each.rows >= TELLING else "", f"{each.core:.0%}"),
            ratio(each.taken_us, limit.taken_us) if limit and limit.taken_us > 0 else "",
            *(f"{each.peak / 1e6:,.0f}", f"{each.others:.0%}"),
        ]
        rows.append(row)
    late = max(each.made.late_ms for each in found.values())
    used = max(each.made.cpu / each.made.elapsed for each in found.values())
    load_took = f"the load: {used:.0%} of a core, {late:.0f} ms late at worst"
    show(f"{load} for {load.seconds} s ({load_took})", header, rows)


def show_highest(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Print the highest rate that each kept up with."""
    ours = highest(outcomes[EXPORT])
    rows = []
    for name, tried in outcomes.items():
        best = highest(tried)
        rest = [each for each in tried if not each.kept_up]
        if not rest:
            why = "no faster load" if has_topped(tried) else "not tried faster"
        else:
            why = "missing rows" if any(each.missing > 0 for each in rest) else "fell behind"
        rows.append([name, f"{best:,.0f}", ratio(best, ours) if ours else "", why])
    show("highest rate without loss", ("", "connects/s", f"to {EXPORT}", "then"), rows)


if __name__ == "__main__":
    run(main)
