"""What is asked of sock-tui's capture, one by one, each under the load that it is asked for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Final

from kit.bench import BPFTRACE, DASHBOARD, EXPORT, LIMIT, PLAIN, Bench
from kit.capturing import Outcome, growth
from kit.command import Options
from kit.counting import EXPORTED, matches
from kit.figures import Figure, Rule
from kit.ladder import highest
from kit.running import Run, ToolError
from kit.storm import Load

COMPARED: Final = 100_000  # calls a second at which costs are compared
_FEW: Final = 200_000  # rows at most, beyond capacity: memory is to stop growing soon
_CSV_ROWS: Final = 150_000  # a second are to be written at least
_WAVES: Final = 32  # MB: what a full ring holds, on its way from the kernel to a row
_FILE_WRITTEN: Final = 300.0  # seconds, at most

Outcomes = Mapping[str, Sequence[Outcome]]


def at_rest(bench: Bench) -> list[Figure]:
    """Nothing happens: of a core."""
    return [
        Figure(f"{name}, at rest: of a core", 100 * bench.idle(name).each, "%", Rule.AT_MOST, 1)
        for name in (EXPORT, DASHBOARD)
    ]


def on_screen(bench: Bench, asked: Options) -> list[Figure]:
    """The dashboard, following, 100,000/s for a minute; its rows by its own export."""
    load = Load(100_000, 10 if asked.quick else 60)
    made = bench.capture(DASHBOARD, load, exported)
    what = f"dashboard, {load} for {load.seconds} s"
    return [
        Figure(f"{what}: lost", made.claimed, "", Rule.AT_MOST, 0),
        Figure(f"{what}: rows of the session", made.rows, "", Rule.EXACTLY, made.made.calls),
        Figure(f"{what}: behind at the end", made.behind_s, "s", Rule.AT_MOST, 1),
    ]


def exported(run: Run) -> int:
    """The generator's rows in the file that the dashboard writes on the key for it."""
    path = run.folder / "session.csv"
    for keys in ("e", "\x15", str(path), "\r"):  # control-u clears the name that is offered
        run.press(keys)
        time.sleep(1.0)
    deadline = time.monotonic() + _FILE_WRITTEN
    while not path.exists():
        if time.monotonic() > deadline:
            raise ToolError(f"the dashboard exported nothing within {_FILE_WRITTEN:.0f} s")
        time.sleep(0.1)
    return matches(path, EXPORTED)


def without_screen(bench: Bench, asked: Options) -> list[Figure]:
    """--export, 200,000/s for ten seconds; and 10,000/s."""
    fast, slow = Load(200_000, 10), Load(10_000, 5 if asked.quick else 10)
    made = bench.capture(EXPORT, fast)
    calm = bench.capture(EXPORT, slow)
    what = f"--export, {fast} for {fast.seconds} s"
    share = 100 * calm.core
    # A start's own processor time, which varies by half a second, counts little in so many rows.
    written, limit = made.whole_us, 4 + 1e6 / _CSV_ROWS
    return [
        Figure(f"{what}: lost", made.claimed, "", Rule.AT_MOST, 0),
        Figure(f"{what}: rows of the file", made.rows, "", Rule.EXACTLY, made.made.calls),
        Figure(f"{what}: an event, file written", written, "µs", Rule.AT_MOST, limit),
        Figure(f"--export, {slow}: of a core", share, "%", Rule.AT_MOST, 5),
    ]


def costs(bench: Bench, asked: Options) -> list[Figure]:
    """Processor time for an event, in turn."""
    load = Load(COMPARED, 3)
    found: dict[str, list[Outcome]] = {name: [] for name in bench.tools}
    for _ in range(asked.rounds):
        for name in (EXPORT, PLAIN, BPFTRACE, LIMIT):
            if name in bench.tools:
                found[name].append(bench.capture(name, load))
    taken = {
        name: statistics.median(each.taken_us for each in outcomes)
        for name, outcomes in found.items()
        if outcomes
    }
    what = f"at {load}: an event"
    figures = [
        Figure(f"--export {what}, stored", taken[EXPORT], "µs", Rule.AT_MOST, 4),
        Figure(f"--export {what}, stored", taken[EXPORT], "µs", Rule.BESIDE, taken[LIMIT], LIMIT),
    ]
    if BPFTRACE in taken:
        bound = taken[BPFTRACE]
        ours = Figure(f"--plain {what}", taken[PLAIN], "µs", Rule.AT_MOST, bound, BPFTRACE)
        figures.append(ours)
    return figures


def rates(outcomes: Outcomes) -> list[Figure]:
    """The highest rate of --plain beside bpftrace's."""
    if BPFTRACE not in outcomes:
        return []
    theirs = 1.2 * highest(outcomes[BPFTRACE])
    what = "--plain: highest rate without loss"
    ours = highest(outcomes[PLAIN])
    return [Figure(what, ours, "/s", Rule.AT_LEAST, theirs, f"1.2 times {BPFTRACE}")]


def beyond(bench: Bench, asked: Options) -> list[Figure]:
    """More than the machine can take: what is missing is said, memory stays bounded.

    What is unsaid is less than nothing where connections of others were lost too. A short load
    does not tell whether memory has stopped growing.
    """
    load = Load(None, 4 if asked.quick else 20)
    found = []
    for name, options in ((PLAIN, ()), (DASHBOARD, ("--max-rows", str(_FEW)))):
        made = bench.capture(name, load, None, *options)
        what = f"{name.removeprefix('sock-tui').strip(' ,')}, beyond capacity"
        rate = f"{made.made.rate:,.0f}/s made, {made.missing:,} missing"
        found += [
            Figure(f"{what} ({rate}): unsaid", made.unsaid, "", Rule.AT_MOST, 0),
            Figure(f"{what}: memory at most", made.peak / 1e6, "MB", Rule.AT_MOST, 600),
        ]
        if not asked.quick:
            grown = growth(made.samples) / 1e6
            figure = Figure(f"{what}: memory still grows by", grown, "MB", Rule.AT_MOST, _WAVES)
            found.append(figure)
    return found
