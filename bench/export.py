"""How fast a session is written: CSV of a million rows, and the lines of --plain and --json.

The rows are made up (bench/kit/session.py); everything that writes them is the program's own. CSV
goes to a file, with what it takes until the disk has it; lines are written to a file as --plain and
--json write them, of pieces as large as a busy capture hands them over.
"""

from __future__ import annotations

import gc
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kit.command import options, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.machine import description
from kit.session import Sessions
from kit.table import show

from app.commands.watch import COLLECT_EVERY
from app.output.export import write_csv
from app.output.lines import plain_writer
from probes.connections import Connections
from probes.recordings.jsonl import json_writer
from probes.recordings.writer import Writer

ROWS: Final = 1_000_000
PIECE: Final = 3_000  # rows: 150,000 a second, looked at every 20 ms
CSV: Final = "CSV"
LINE_US: Final = 1.0  # of processor time, for a plain line
MEMORY: Final = 64  # MB


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=5, quick=2)
    gc.set_threshold(*COLLECT_EVERY)
    rows = ROWS // 5 if asked.quick else ROWS
    sessions = Sessions()
    stored = sessions.pieces(rows)
    handed = [sessions.rows(PIECE) for _ in range(rows // PIECE // 4)]
    lines: dict[str, Writer] = {
        "--plain": plain_writer(full=False),
        "--plain -a": plain_writer(full=True),
        "--json": json_writer(),
    }
    before = _peak_mb()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in (CSV, *lines)}
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as folder:
        path = Path(folder, "out")
        for _ in range(asked.rounds):
            took[CSV].append(_per_row(lambda: write_csv(path, stored, replace=True), stored))
        more_mb = _peak_mb() - before
        for _ in range(asked.rounds):
            for name, writer in lines.items():
                took[name].append(_per_row(lambda w=writer: _print(path, w, handed), handed))
    report(took, more_mb, asked.rounds, rows, asked.figures)


def _print(path: Path, writer: Writer, pieces: Sequence[Connections]) -> None:
    """As app/output/headless.py does."""
    with path.open("w") as output:
        for piece in pieces:
            for text, _ in writer.blocks(piece):
                output.write(text)
            output.flush()


def _per_row(write: Callable[[], object], pieces: Sequence[Connections]) -> tuple[float, float]:
    """Microseconds a row: of the clock, and of the processor."""
    began, cpu = time.perf_counter(), time.process_time()
    write()
    scale = 1e6 / sum(map(len, pieces))
    return (time.perf_counter() - began) * scale, (time.process_time() - cpu) * scale


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(
    took: dict[str, list[tuple[float, float]]],
    more_mb: float,
    rounds: int,
    rows: int,
    path: Path | None,
) -> None:
    """Print the tables."""
    shown = []
    rates, cpus = {}, {}
    for name, runs in took.items():
        walls = [1e6 / wall for wall, _ in runs]
        rates[name] = statistics.median(walls)
        cpus[name] = min(cpu for _, cpu in runs)  # what others do makes it dearer, never cheaper
        spread = [f"{rate:,.0f}" for rate in (min(walls), rates[name], max(walls))]
        shown.append([name, *spread, f"{cpus[name]:.2f}"])
    show("rows a second", ["", "min", "median", "max", "least µs CPU a row"], shown)
    figures = [
        Figure(f"CSV, {rows:,} rows", rates[CSV], "rows/s", Rule.AT_LEAST, 150_000),
        Figure("CSV: memory beyond the session's", more_mb, "MB", Rule.AT_MOST, MEMORY),
        Figure("--plain: a line", cpus["--plain"], "µs CPU", Rule.AT_MOST, LINE_US),
        Figure("--json: a line", cpus["--json"], "µs CPU", Rule.BESIDE, cpus["--plain"], "--plain"),
    ]
    remarks = [
        f"rates are the median of {rounds} rounds, processor time is the least",
        "written to a file in the folder for temporary ones",
    ]
    hand_over(Report(figures, remarks), path)
    print(description())


if __name__ == "__main__":
    run(main)
