from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from probes.enrichment.enrich import Enricher
from probes.enrichment.held import HELD_NS
from probes.errors import SourceError
from probes.event import EVENT, FLAG_IN_LOOKUP
from probes.kernel.ring import frame
from probes.live import feed
from probes.naming.names import Names
from probes.processes.procfs import Processes
from probes.record import Connection, Watching
from probes.source import Item
from tests.ring_recording import recorded
from tests.rows import rows_of

RECORDED = list(recorded())


class Played:
    """Gives the recorded rings one by one, then nothing; `at_end` is called with each nothing."""

    def __init__(
        self,
        rings: Sequence[bytes],
        lost: int,
        at_end: Callable[[], object],
        outcomes_lost: int = 0,
    ) -> None:
        self._rings = list(rings)
        self._lost = lost
        self._at_end = at_end
        self.rests = 0
        self._outcomes_lost = outcomes_lost

    def drain(self) -> bytes:
        if self._rings:
            return self._rings.pop(0)
        self._at_end()
        return b""

    def wait(self, seconds: float) -> None:
        self.rests += 1

    def lost(self) -> int:
        return self._lost

    def names_lost(self) -> int:
        return 0

    def outcomes_lost(self) -> int:
        return self._outcomes_lost

    def filtered(self) -> int:
        return 10 * self._lost


@dataclass
class Told:
    """A sink that keeps what it was told."""

    items: list[Item] = field(default_factory=list)
    losses: list[int] = field(default_factory=list)
    names_losses: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    outcome_losses: list[int] = field(default_factory=list)
    folds: list[int] = field(default_factory=list)

    def progress(self, stage: str) -> None:
        raise AssertionError("the probes are attached already")

    def attached(self, watching: Watching) -> None:
        raise AssertionError("the probes are attached already")

    def take(self, items: Sequence[Item]) -> None:
        self.items.extend(items)

    def lost(self, total: int) -> None:
        self.losses.append(total)

    def names_lost(self, total: int) -> None:
        self.names_losses.append(total)

    def outcomes_lost(self, total: int) -> None:
        self.outcome_losses.append(total)

    def filtered(self, total: int) -> None:
        self.left_out.append(total)

    def folded(self, total: int) -> None:
        self.folds.append(total)

    @property
    def connections(self) -> list[Connection]:
        return [row for row in rows_of(self.items) if isinstance(row, Connection)]


@pytest.fixture
def enricher(tmp_path: Path) -> Enricher:
    return Enricher(Processes(tmp_path), Names(), None)


def test_everything_is_handed_over_until_it_is_stopped(enricher: Enricher) -> None:
    stopped = threading.Event()
    told = Told()
    reader = Played([case.ring for case in RECORDED], 0, at_end=stopped.set)
    feed(reader, enricher, told, stopped)
    scenarios = {pid: case.scenario for case in RECORDED for pid in case.pids}
    seen = [scenarios[row.process.pid] for row in told.connections]
    assert seen == [case.scenario for case in RECORDED for _ in case.rows]
    assert told.losses[-1] == 0


def test_what_is_left_when_it_is_stopped_is_handed_over(enricher: Enricher) -> None:
    stopped = threading.Event()
    stopped.set()
    told = Told()
    feed(Played([case.ring for case in RECORDED], 0, lambda: None), enricher, told, stopped)
    assert len(told.connections) == sum(len(case.rows) for case in RECORDED)


def test_a_stop_while_nothing_happens_ends_it(enricher: Enricher) -> None:
    stopped, quiet = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=feed, args=(Played([], 0, quiet.set), enricher, Told(), stopped)
    )
    thread.start()
    assert quiet.wait(20)
    assert thread.is_alive()
    stopped.set()
    thread.join(20)
    assert not thread.is_alive()


def test_losses_and_what_could_not_be_read_are_counted_together(enricher: Enricher) -> None:
    stopped = threading.Event()
    told = Told()
    feed(
        Played([RECORDED[0].ring + frame(b"?"), frame(b"?"), RECORDED[1].ring], 40, stopped.set),
        enricher,
        told,
        stopped,
    )
    assert told.losses[-1] == 42
    assert told.left_out[-1] == 400
    assert len(told.connections) == 2


def test_lost_outcomes_are_counted_apart_and_nothing_is_guessed(tmp_path: Path) -> None:
    ring = next(case.ring for case in RECORDED if case.scenario == "udp")
    for lost in (0, 3):
        stopped, told = threading.Event(), Told()
        reader = Played([ring], 0, stopped.set, outcomes_lost=lost)
        # The recording was made by a machine that may have been up for longer than this one.
        enricher = Enricher(Processes(tmp_path), Names(), None, now=lambda: 1 << 62, outcomes=True)
        feed(reader, enricher, told, stopped)
        assert told.losses[-1] == 0
        assert told.outcome_losses[-1] == lost
        assert [row.outcome is None for row in told.connections] == [bool(lost)]


def test_losses_are_told_while_it_runs(enricher: Enricher) -> None:
    stopped = threading.Event()
    told = Told()

    def end_once_told() -> None:
        if len(told.losses) > 2:
            stopped.set()

    feed(Played([], 7, end_once_told), enricher, told, stopped)
    assert told.losses[:3] == [7, 7, 7]
    assert told.left_out[:3] == [70, 70, 70]


def test_it_rests_when_nothing_has_happened_for_a_while_and_no_sooner(enricher: Enricher) -> None:
    stopped = threading.Event()
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1
        if reader.rests >= 3:
            stopped.set()
        else:
            assert not reader.rests or looks > 10

    reader = Played([RECORDED[0].ring], 0, count)
    feed(reader, enricher, Told(), stopped)
    assert reader.rests >= 3


class Paced(threading.Event):
    """Keeps how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(
    ("connects", "least", "most"), [(1, 0, 0.005), (20, 0, 0.005), (50, 0.02, 0.05)]
)
def test_few_connects_are_looked_for_soon_and_many_seldom(
    enricher: Enricher, connects: int, least: float, most: float
) -> None:
    stopped = Paced()
    event = frame(EVENT.pack(5, 1, 0, 1, 1, 0, b"curl", 0, bytes(16), 2, 6, 0, 1, 443))
    reader = Played([event * connects] * 10, 0, stopped.set)
    feed(reader, enricher, Told(), stopped)
    assert all(least <= seconds <= most for seconds in stopped.waited[:10])


def test_it_does_not_rest_while_a_connection_waits_for_its_name(tmp_path: Path) -> None:
    stopped = threading.Event()
    now = [0]
    enricher = Enricher(Processes(tmp_path), Names(), None, now=lambda: now[0])
    told = Told()
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1
        if looks == 50:
            assert reader.rests == 0
            now[0] = HELD_NS + 10
        if reader.rests:
            stopped.set()

    event = EVENT.pack(5, 1, FLAG_IN_LOOKUP, 1, 1, 0, b"curl", 0, bytes(16), 2, 6, 0, 1, 443)
    reader = Played([frame(event)], 0, count)
    feed(reader, enricher, told, stopped)
    assert len(told.connections) == 1


class Damaged:
    """A table of which a part turns out unreadable."""

    date = date(2026, 1, 31)

    def __init__(self) -> None:
        self.damage: SourceError | None = None

    def lookup(self, address: str) -> None:
        self.damage = SourceError("a part of the table cannot be read")


def test_a_table_that_turns_out_damaged_is_said_when_all_was_handed_over(tmp_path: Path) -> None:
    stopped = threading.Event()
    told = Told()
    enricher = Enricher(Processes(tmp_path), Names(), Damaged())
    reader = Played([case.ring for case in RECORDED], 0, at_end=stopped.set)
    with pytest.raises(SourceError, match="a part of the table cannot be read"):
        feed(reader, enricher, told, stopped)
    assert len(told.connections) == sum(len(case.rows) for case in RECORDED)
