"""One tool under one load: what it kept, what it cost, how far behind it was."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.machine import busy_s
from kit.running import Run, Tool, running
from kit.storm import Load, Made, make

_EVERY: Final = 0.05  # seconds between two samples
_SETTLED: Final = 1.5  # seconds after it is attached: sock-tui loads its table of systems then
_QUIET: Final = 0.4  # seconds without work, after which it has gone through all that it had
_WORK: Final = 0.1  # of a core: more than that is work
_PATIENCE: Final = 60.0  # seconds to go through it
_IDLE: Final = 3  # seconds
_CALM_FOR: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment: seconds of the monotonic clock, processor seconds so far, bytes in memory."""

    at: float
    cpu: float
    resident: int


@dataclass(frozen=True, slots=True)
class Idle:
    """What a tool costs with nothing to do: seconds to start and end, and for each second."""

    start: float
    each: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tool under a load.

    `rows`: connections of the generator that the tool has in the end. `claimed`: those that it
    says itself are missing. `taken_s`: processor seconds that the load took until the tool had
    gone through it, beyond those of a tool at rest; `whole_s`: to its end, so with the writing of a
    file. `core`: share of a core while it worked, with what it takes at rest. `behind_s`: seconds
    from the last call until the tool had gone through all. `peak`: bytes in memory, at most.
    `others`: share of a core that neither the tool nor the load took meanwhile.
    """

    load: Load
    made: Made
    rows: int
    claimed: int
    taken_s: float
    whole_s: float
    core: float
    behind_s: float
    peak: int
    others: float
    samples: Sequence[Sample]

    @property
    def missing(self) -> int:
        """Calls that are no rows."""
        return self.made.calls - self.rows

    @property
    def unsaid(self) -> int:
        """Calls that are no rows and of which the tool says nothing."""
        return self.missing - self.claimed

    @property
    def taken_us(self) -> float:
        """Microseconds of processor time for a row, until it is there."""
        return self.taken_s / self.rows * 1e6 if self.rows else float("nan")

    @property
    def whole_us(self) -> float:
        """Microseconds of processor time for a row, to the tool's end."""
        return self.whole_s / self.rows * 1e6 if self.rows else float("nan")

    @property
    def kept_up(self) -> bool:
        """Whether nothing is missing, and not because it waited in some buffer meanwhile."""
        return self.missing <= 0 and self.behind_s <= 0.25 + self.load.seconds / 20


def rest(tool: Tool, folder: Path) -> Idle:
    """What `tool` costs without a load. Raises ToolError."""
    with gone_after(folder):
        with running(tool, folder) as run:
            time.sleep(_SETTLED)
            before = run.cpu()
            time.sleep(_IDLE)
            spent = run.cpu() - before
        return Idle(run.cpu_s - spent, spent / _IDLE)


def capture(
    tool: Tool,
    load: Load,
    idle: Idle,
    folder: Path,
    rows: Callable[[Run], int] | None = None,
) -> Outcome:
    """`tool` under `load`. `rows`: counts its rows otherwise, before its end. Raises ToolError.

    `folder` is its own, made and removed; the generator is kept beside it.
    """
    with gone_after(folder):
        with running(tool, folder) as run:
            time.sleep(_SETTLED)
            with _sampled(run) as samples:
                began = time.monotonic()
                work = busy_s() - run.cpu()
                made = make(load, folder.parent)
                ended = time.monotonic()
                work = busy_s() - run.cpu() - work
                _await_quiet(samples, idle)
            peak = run.peak()
            if tool.on_screen:
                run.redraw(more=1)
                time.sleep(1.0)
            counted = rows(run) if rows is not None else None
            lived = time.monotonic() - began
        behind_s = max(0.0, busy_until(samples, idle.each) - ended)
        at_rest = idle.each * (samples[-1].at - samples[0].at)
        taken_s = samples[-1].cpu - samples[0].cpu - at_rest
        return Outcome(
            load,
            made,
            tool.rows(folder) if counted is None else counted,
            run.lost,
            taken_s=taken_s,
            whole_s=run.cpu_s - idle.start - idle.each * lived,
            core=taken_s / (made.elapsed + behind_s) + idle.each,
            behind_s=behind_s,
            peak=peak,
            others=max(0.0, (work - made.whole_s) / (ended - began)),
            samples=samples,
        )


def busy_until(samples: Sequence[Sample], idle: float) -> float:
    """The time of the last sample that follows on work; the first one's where there was none.

    `idle`: of a core, what is no work.
    """
    for before, after in zip(samples[-2::-1], samples[:0:-1], strict=True):
        if after.cpu - before.cpu > (idle + _WORK) * (after.at - before.at):
            return after.at
    return samples[0].at


def growth(samples: Sequence[Sample]) -> int:
    """How many more bytes it held at most in the last third of the time than in the middle one."""
    third = len(samples) // 3
    middle = max(sample.resident for sample in samples[third : 2 * third])
    last = max(sample.resident for sample in samples[2 * third :])
    return last - middle


@contextmanager
def _sampled(run: Run) -> Iterator[list[Sample]]:
    """A list to which a thread appends samples."""

    def sample() -> Sample:
        return Sample(time.monotonic(), run.cpu(), run.resident())

    def work() -> None:
        while not stopped.wait(_EVERY):
            samples.append(sample())

    samples = [sample()]
    stopped = threading.Event()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        stopped.set()
        thread.join()


def _await_quiet(samples: Sequence[Sample], idle: Idle) -> None:
    began = time.monotonic()
    while time.monotonic() < began + _PATIENCE:
        time.sleep(_EVERY)
        quiet_since = max(began, busy_until(samples, idle.each))
        if samples[-1].at - quiet_since >= _QUIET:
            return


def await_calm(patience: float) -> float:
    """Wait until the machine does little else, but no longer: `Outcome.others` tells.

    Returns the seconds that it waited in vain.
    """
    began = time.monotonic()
    waited = 0.0
    while waited < patience:
        before = busy_s()
        time.sleep(_CALM_FOR)
        if busy_s() - before < _WORK * _CALM_FOR:
            break
        waited = time.monotonic() - began
    return waited


@contextmanager
def gone_after(folder: Path) -> Iterator[None]:
    """Remove `folder` in the end: it may hold gigabytes."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
