"""Whether sock-tui stays as it is over a long time under mixed load: memory, descriptors, threads.

The dashboard runs with a short session, which is full before the first look, and so is what it
remembers of processes. Beside it: a steady rate of connections from many processes, programs that
are executed to connect once and end, the same in namespaces of their own as containers have, and
lookups of a name. What it takes is compared between the first and the last third of the time after
the warm-up.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.command import require_root, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.load import Loads
from kit.machine import description
from kit.running import Run, running
from kit.storm import PORT, Load, make
from kit.table import show
from kit.tools import dashboard

MINUTES: Final = 10.0
MAX_ROWS: Final = 50_000
RATE: Final = 2_000  # connections a second
SAMPLE: Final = 2.0  # seconds between two looks
WARM_UP: Final = 0.3  # of the time
GROWTH: Final = 1.02  # of memory, between the two thirds
# Of descriptors: a namespace that nobody is in any more is let go of within seconds, not at once.
FLUCTUATION: Final = 1.25
FILL: Final = 20_000  # programs that are executed first: so many are remembered, at the most
_LOST: Final = re.compile(rb"\blost (\d+)")
_CHUNK: Final = 10  # seconds of load at a time
_CONNECT: Final = f"echo > /dev/udp/127.64.0.1/{PORT}"
_STORM: Final = f"for i in {{1..50}}; do (exec bash -c '{_CONNECT}'); done"
_CONTAINER: Final = (
    "unshare",
    *("--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--propagation", "private"),
    *("bash", "-c", f"ip link set lo up; {_CONNECT}"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What it takes at one moment. `at`: seconds since the load began; `resident`: bytes."""

    at: float
    resident: int
    descriptors: int
    threads: int


def main() -> None:
    """Load, look, and print."""
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long ({MINUTES:g})")
    parser.add_argument("--figures", type=Path, help="also write the figures to FILE, as JSON")
    asked = parser.parse_args()
    require_root()
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        folder = Path(name)
        with running(dashboard("--max-rows", str(MAX_ROWS)), folder / "tool") as tool:
            _fill()
            looks, made = _soaked(tool, folder, asked.minutes * 60)
        # Its last word on the terminal.
        lost = int(_LOST.findall((folder / "tool" / "stdout").read_bytes())[-1])
    report(looks, made, lost, asked.figures)


def _soaked(tool: Run, folder: Path, seconds: float) -> tuple[list[Look], dict[str, int]]:
    """Keep the load up for so long. Returns what was seen, and how much of each load there was."""
    over, made = threading.Event(), dict.fromkeys(("connections", "programs", "containers"), 0)

    def connections() -> None:
        made["connections"] += make(Load(RATE, _CHUNK), folder).calls

    def programs() -> None:
        subprocess.run(["bash", "-c", _STORM], check=True)
        made["programs"] += 50
        over.wait(1)

    def containers() -> None:
        subprocess.run(_CONTAINER, check=True)
        made["containers"] += 1
        over.wait(0.5)

    def lookups() -> None:
        made["lookups"] = made.get("lookups", 0) + len(Loads(folder, 0).lookups(100))
        over.wait(1)

    failed: list[BaseException] = []

    def again(work: Callable[[], None]) -> None:
        try:
            while not over.is_set():
                work()
        except (subprocess.CalledProcessError, SystemExit, OSError) as error:
            failed.append(error)
            over.set()

    loads = [
        threading.Thread(target=again, args=(work,))
        for work in (connections, programs, containers, lookups)
    ]
    began, looks = time.monotonic(), list[Look]()
    for load in loads:
        load.start()
    try:
        while time.monotonic() - began < seconds and not over.wait(SAMPLE):
            looks.append(_look(tool, time.monotonic() - began))
    finally:
        over.set()
        for load in loads:
            load.join()
    if failed:
        raise failed[0]
    return looks, made


def _fill() -> None:
    """Have it remember as many processes as it does at the most, which is no growth later."""
    for _ in range(FILL // 50):
        subprocess.run(["bash", "-c", _STORM], check=True)


def _look(tool: Run, at: float) -> Look:
    descriptors = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in tool.pids)
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in tool.pids)
    return Look(at, tool.resident(), descriptors, threads)


def report(looks: Sequence[Look], made: dict[str, int], lost: int, path: Path | None) -> None:
    """Print what it took, minute by minute, and whether it grew."""
    each = max(1, len(looks) // 10)
    show(
        "what it takes",
        ("minute", "MB", "descriptors", "threads"),
        [
            (
                f"{look.at / 60:.1f}",
                f"{look.resident / 1e6:.1f}",
                *map(str, (look.descriptors, look.threads)),
            )
            for look in looks[::each]
        ],
    )
    print("\nmade: " + ", ".join(f"{count:,} {what}" for what, count in made.items()))
    warm = looks[int(len(looks) * WARM_UP) :]
    third = max(1, len(warm) // 3)
    first, last = warm[:third], warm[-third:]

    def figure(
        what: str, unit: str, of: Callable[[Look], int], scale: float, most: float
    ) -> Figure:
        before, after = (statistics.median(map(of, looks)) / scale for looks in (first, last))
        return Figure(what, after, unit, Rule.AT_MOST, before * most, "the first third")

    figures = [
        figure("memory, the last third", "MB", lambda look: look.resident, 1e6, GROWTH),
        figure("descriptors, the last third", "", lambda look: look.descriptors, 1, FLUCTUATION),
        figure("threads, the last third", "", lambda look: look.threads, 1, 1),
        Figure("events lost", lost, "", Rule.EXACTLY, 0),
    ]
    hand_over(Report(figures, [description()]), path)


if __name__ == "__main__":
    run(main)
