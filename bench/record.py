"""How fast a session is kept in a file as it happens, and read back, beside a CSV of the same rows.

The rows are made up (bench/kit/session.py), and come in pieces as large as a busy capture hands
them over; everything that writes and reads them is the program's own. The file is committed as
always, each time with what it takes until the disk has it.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.command import options, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.machine import description
from kit.session import Sessions
from kit.table import show

from app.commands.watch import COLLECT_EVERY
from app.output.difference import Summary
from app.output.export import write_csv
from app.output.recorder import Recorder
from app.session.capture import Progress
from probes.connections import Connections
from probes.recordings.replay import ReplaySource

ROWS: Final = 1_000_000
PIECE: Final = 3_000  # rows
AHEAD: Final = 300_000  # rows that may wait: they are given as fast as they are written
RATE: Final = 100_000  # rows a second that are to be kept up with


@dataclass(frozen=True, slots=True)
class Took:
    """What a round took for each row: microseconds of the clock and of the processor."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=5, quick=2)
    gc.set_threshold(*COLLECT_EVERY)
    rows = ROWS // 5 if asked.quick else ROWS
    sessions = Sessions()
    pieces = [sessions.rows(PIECE) for _ in range(rows // PIECE)]
    took: dict[str, list[Took]] = {"recorded": [], "CSV": [], "opened": [], "opened, CSV": []}
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as folder:
        kept, csv = Path(folder, "kept.db"), Path(folder, "out.csv")
        for _ in range(asked.rounds):
            took["recorded"].append(_timed(lambda: _record(kept, pieces), pieces))
            took["CSV"].append(_timed(lambda: write_csv(csv, pieces, replace=True), pieces))
            took["opened"].append(_timed(lambda: _open(kept), pieces))
        took["opened, CSV"].append(_timed(lambda: _open(csv), pieces))
        sizes = [path.stat().st_size / (PIECE * len(pieces)) for path in (kept, csv)]
    report(took, sizes, asked.rounds, asked.figures)


def _record(path: Path, pieces: Sequence[Connections]) -> None:
    recorder = Recorder(path, replace=True, owner=None)
    recorder.start(Progress)
    given = 0
    for piece in pieces:
        recorder.take([piece])
        given += len(piece)
        while given - recorder.written - recorder.missing > AHEAD:
            time.sleep(0.001)
    recorder.stop()
    if recorder.written != given:
        raise RuntimeError(f"not all was recorded: {recorder}")


def _open(path: Path) -> None:
    """Read all of it, and do no more with it than to count."""
    ReplaySource(path).run(_Counting(), threading.Event())


class _Counting(Summary):
    def _count(self, rows: Connections) -> None:
        self.connections += len(rows)


def _timed(work: object, pieces: Sequence[Connections]) -> Took:
    assert callable(work)
    began, cpu = time.perf_counter(), time.process_time()
    work()
    scale = 1e6 / sum(map(len, pieces))
    return Took((time.perf_counter() - began) * scale, (time.process_time() - cpu) * scale)


def report(
    took: dict[str, list[Took]], sizes: Sequence[float], rounds: int, path: Path | None
) -> None:
    """Print the tables."""
    rates = {name: [1e6 / each.wall for each in runs] for name, runs in took.items()}
    cpus = {name: min(each.cpu for each in runs) for name, runs in took.items()}
    rows = [
        [
            name,
            *(f"{rate:,.0f}" for rate in (min(each), statistics.median(each), max(each))),
            f"{cpus[name]:.2f}",
        ]
        for name, each in rates.items()
    ]
    show("rows a second", ["", "min", "median", "max", "least µs CPU a row"], rows)
    recorded = statistics.median(rates["recorded"])
    opened = statistics.median(rates["opened"])
    by_csv = statistics.median(rates["opened, CSV"])
    figures = [
        Figure("--record: rows", recorded, "rows/s", Rule.AT_LEAST, RATE),
        Figure("--record: a row", cpus["recorded"], "µs CPU", Rule.BESIDE, cpus["CSV"], "CSV"),
        Figure("--record: size of a row", sizes[0], "bytes", Rule.BESIDE, sizes[1], "CSV"),
        Figure("open, recorded", opened, "rows/s", Rule.BESIDE, by_csv, "CSV"),
    ]
    remarks = [
        f"rates are the median of {rounds} rounds, processor time is the least",
        "written to a file in the folder for temporary ones",
    ]
    hand_over(Report(figures, remarks), path)
    print(description())


if __name__ == "__main__":
    run(main)
