"""A session of a million rows in the dashboard: what it costs, and how fast it answers.

The dashboard is the real one, with Textual's own driver, on a terminal of 140 by 40 that is read as
fast as it draws: without a terminal, Textual leaves out a part of drawing. The rows are made up
(bench/kit/session.py) and come from a source like any other. A key is answered when the cursor has
been drawn at its new place and given to the terminal, counted from when the key was typed there.
"""

from __future__ import annotations

import json
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from kit.command import give_up, options, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.machine import REPOSITORY, description
from kit.screen import start
from kit.table import show

ROWS: Final = 1_000_000
PATIENCE: Final = 600.0  # seconds

Found = dict[str, Any]


def main() -> None:
    """Measure and print."""
    asked = options(__doc__, rounds=1, quick=1)
    rows = ROWS // 5 if asked.quick else ROWS
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        played = [play(Path(name), rows, 2.0 if asked.quick else 5.0) for _ in range(asked.rounds)]
    hand_over(report(played[-1], rows), asked.figures)
    print(description())


def play(folder: Path, rows: int, seconds: float) -> Found:
    """What one dashboard found out about itself."""
    for file in folder.iterdir():
        file.unlink()
    environment = f"{REPOSITORY}:{REPOSITORY / 'bench'}"
    command = ["env", f"PYTHONPATH={environment}", sys.executable, "-m", "kit.played"]
    process, terminal = start([*command, str(folder), str(rows), str(seconds)], REPOSITORY)
    ended = threading.Event()
    typist = threading.Thread(target=type_keys, args=(folder, terminal, ended))
    typist.start()
    drawn = b""
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    drawn = (drawn + os.read(terminal, 1 << 16))[-4000:]
                except OSError:  # EIO: it has ended
                    break
    finally:
        ended.set()
        typist.join()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(terminal)
    found = folder / "found"
    if not found.exists():
        give_up(f"the dashboard failed: {drawn.decode(errors='replace')[-2000:]}")
    result: Found = json.loads(found.read_text())
    return result


def type_keys(folder: Path, terminal: int, ended: threading.Event) -> None:
    """Type whenever the dashboard asks for it: down and up, at a person's highest pace."""
    pace = random.Random(1)
    while not ended.wait(0.02):
        try:
            count = int((folder / "typing").read_text())
            (folder / "typing").unlink()
        except (FileNotFoundError, ValueError):
            continue
        typed = []
        for number in range(count):
            time.sleep(pace.uniform(0.03, 0.05))
            typed.append(time.monotonic())
            os.write(terminal, b"jk"[number % 2 :][:1])
        (folder / "typed.new").write_text(json.dumps(typed))
        (folder / "typed.new").rename(folder / "typed")


def report(found: Found, rows: int) -> Report:
    """The figures, and tables of what lies behind them."""
    ms = 1e3
    steps = {name: took for name, took in found.items() if name.startswith(("filter", "sort"))}
    show(
        "in steps, milliseconds",
        ["", "first screen", "done", "longest without a look at the keys"],
        [
            [n, *(f"{t[k] * ms:.0f}" for k in ("first", "done", "longest"))]
            for n, t in steps.items()
        ],
    )
    keys = {name: took for name, took in found.items() if name.startswith("keys")}
    show(
        "keys while 5,000 rows a second arrive, milliseconds",
        ["", "typed", "answered", "p50", "p95", "longest without a look at the keys"],
        [
            [n, str(t["typed"]), str(t["answered"])]
            + [f"{t[k] * ms:.1f}" for k in ("p50", "p95", "longest")]
            for n, t in keys.items()
        ],
    )
    pauses = [took for _, took in found["collections"]]
    shown = [[t for g, t in found["collections"] if g == generation] for generation in range(3)]
    show(
        "collections of garbage, milliseconds",
        ["generation", "times", "median", "longest"],
        [
            [str(n), str(len(t)), f"{statistics.median(t) * ms:.1f}", f"{max(t) * ms:.1f}"]
            for n, t in enumerate(shown)
            if t
        ],
    )
    filters = [took for name, took in found.items() if name.startswith("filter")]
    sorts = [took for name, took in found.items() if name.startswith("sort")]
    slowest = [max(took["done"] for took in some) for some in (filters, sorts)]
    longest = [max(took["longest"] for took in some) * ms for some in (filters, sorts)]
    idle, export = found["idle, nothing seen"], found["export"]
    at_most, beside = Rule.AT_MOST, Rule.BESIDE
    figures = [
        Figure("memory", found["bytes a row"], "bytes a row", at_most, 160),
        Figure("refresh, 200 new rows", found["refresh, all"] * ms, "ms CPU", at_most, 40),
        Figure("the same, 1,000 rows", found["refresh, few"] * ms, "ms CPU", at_most, 40),
        *(Figure(f"{n}, p95", t["p95"] * ms, "ms", at_most, 50) for n, t in keys.items()),
        Figure("filter: first screen", max(t["first"] for t in filters) * ms, "ms", at_most, 150),
        Figure("filter: complete", slowest[0], "s", at_most, 1),
        Figure("filter: keys wait", longest[0], "ms", at_most, 50),
        Figure("sort by any column", slowest[1], "s", at_most, 2),
        Figure("sort: keys wait", longest[1], "ms", at_most, 50),
        Figure("a collection of garbage", max(pauses, default=0.0) * ms, "ms", at_most, 50),
        Figure("jump to an end", found["jump"] * ms, "ms", at_most, 50),
        Figure(
            *("panels", found["panels, all"] * ms, "ms CPU"),
            *(beside, found["panels, few"] * ms, "1,000 rows"),
        ),
        Figure("export from the dashboard", export["rate"], "rows/s", Rule.AT_LEAST, 150_000),
        Figure("idle", 100 * idle["core"], "% of a core", at_most, 1),
        Figure("idle: repaints", idle["repaints"], "", Rule.EXACTLY, 0),
        Figure("idle, all rows", 100 * found["idle, all rows"]["core"], "% of a core", at_most, 1),
    ]
    return Report(figures, [f"{rows:,} rows; 140 by 40, Textual's own driver on a pty"])


if __name__ == "__main__":
    run(main)
