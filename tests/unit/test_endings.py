"""Which row an outcome is of, and when it reaches it."""

from __future__ import annotations

import errno
import socket
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from probes.enrichment import endings
from probes.enrichment.endings import RECENT_NS
from probes.enrichment.enrich import Enricher
from probes.enrichment.held import HELD_NS
from probes.event import RESULT_ABANDONED, RESULT_BEGUN, RESULT_UNKNOWN, WHERE, Connects, Ends
from probes.kernel.decode import Event
from probes.naming.names import Names
from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.processes.procfs import Processes
from probes.record import Connection
from probes.source import Item
from tests.events import NOBODY, connect, named, packed, run, where_of
from tests.rows import rows_of

OK = Outcome(OutcomeKind.CONNECTED)
WAITING = Outcome(OutcomeKind.IN_PROGRESS)
REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")
GAVE_UP = Outcome(OutcomeKind.ABANDONED)
NOWHERE = bytes(WHERE.size)


def end(
    ts_ns: int,
    result: int = 0,
    tid: int = NOBODY,
    latency_ns: int = 1_500_000,
    local: str | None = None,
    port: int = 0,
) -> Ends:
    """What became of the connect() of that time and thread."""
    family = socket.AF_INET6 if local and ":" in local else socket.AF_INET
    where = where_of(packed(local), family, 0, 0, 0) if local else NOWHERE
    return Ends(
        array("Q", [ts_ns]),
        array("I", [tid]),
        array("I", [result]),
        array("Q", [0 if result == RESULT_BEGUN else latency_ns]),
        [where],
        array("H", [port]),
    )


def begun(ts_ns: int, tid: int = NOBODY) -> Ends:
    return end(ts_ns, RESULT_BEGUN, tid)


@dataclass
class Told:
    """An enricher, and all that it gave."""

    enricher: Enricher
    items: list[Item] = field(default_factory=list)
    now: int = 0

    def tell(self, *events: Event) -> list[Item]:
        new = self.enricher.items(events)
        self.items += new
        return new

    @property
    def rows(self) -> list[Connection]:
        return [row for row in rows_of(self.items) if isinstance(row, Connection)]

    @property
    def outcomes(self) -> list[Outcome | None]:
        return [row.outcome for row in self.rows]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return made(tmp_path, watched=True)


def made(folder: Path, *, watched: bool) -> Told:
    told: Told
    enricher = Enricher(
        Processes(folder), Names(), None, lambda: 0, lambda: told.now, outcomes=watched
    )
    told = Told(enricher)
    return told


def test_a_connect_of_which_nothing_is_told_succeeded_at_once(told: Told) -> None:
    assert len(told.tell(connect())) == 1
    [row] = told.rows
    assert (row.outcome, row.latency_us, row.local_address) == (OK, None, None)


def test_nothing_is_said_where_outcomes_are_not_watched(tmp_path: Path) -> None:
    told = made(tmp_path, watched=False)
    told.tell(connect())
    assert told.outcomes == [None]


def test_what_is_told_in_the_same_turn_is_in_the_row_at_once(told: Told) -> None:
    items = told.tell(connect(ts_ns=5), begun(5), end(5, 0, local="10.0.0.7", port=5123))
    assert len(items) == 1
    [row] = told.rows
    assert (row.outcome, row.latency_us) == (OK, 1500)
    assert (row.local_address, row.local_port) == ("10.0.0.7", 5123)


def test_the_local_address_of_a_mapped_one_is_ipv4(told: Told) -> None:
    told.tell(connect(ts_ns=5), begun(5), end(5, 0, local="::ffff:10.0.0.7", port=1))
    assert told.rows[0].local_address == "10.0.0.7"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (errno.ECONNREFUSED, REFUSED),
        (errno.ETIMEDOUT, Outcome(OutcomeKind.TIMED_OUT, "ETIMEDOUT")),
        (RESULT_ABANDONED, GAVE_UP),
        (RESULT_UNKNOWN, None),
        (512, WAITING),
    ],
)
def test_what_is_told_later_reaches_the_row(
    told: Told, result: int, outcome: Outcome | None
) -> None:
    told.tell(connect(ts_ns=5), begun(5))
    assert told.outcomes == [WAITING]
    told.tell(connect(ts_ns=6))
    told.tell(end(5, result))
    assert told.outcomes == [outcome, OK]


def test_minutes_later_as_well(told: Told) -> None:
    told.tell(connect(ts_ns=5), begun(5))
    for turn in range(1, 10):
        told.tell(connect(ts_ns=turn * RECENT_NS))
    told.tell(end(5, errno.ETIMEDOUT, latency_ns=130 * 10**9))
    row = told.rows[0]
    assert row.outcome == Outcome(OutcomeKind.TIMED_OUT, "ETIMEDOUT")
    assert row.latency_us == 130_000_000


def test_a_failure_that_needs_no_waiting_is_found_among_the_newest(told: Told) -> None:
    told.tell(connect(ts_ns=5), connect(ts_ns=6))
    told.tell(end(5, errno.ENETUNREACH, latency_ns=4_000))
    assert told.outcomes == [Outcome(OutcomeKind.UNREACHABLE, "ENETUNREACH"), OK]
    assert told.rows[0].latency_us is None


def test_threads_that_call_at_the_same_moment_are_told_apart(told: Told) -> None:
    told.tell(run(connect(ts_ns=5, pid=7), connect(ts_ns=5, pid=8), connect(ts_ns=6, pid=7)))
    told.tell(end(5, errno.ECONNREFUSED, tid=8), end(6, errno.EACCES, tid=7), end(9, 1, tid=9))
    assert told.outcomes == [OK, REFUSED, Outcome(OutcomeKind.DENIED, "EACCES")]


def test_one_that_waits_for_its_name_has_its_outcome_by_then(told: Told) -> None:
    items = told.tell(connect(ts_ns=5, in_lookup=True), end(5, errno.ENETUNREACH))
    assert items == []
    told.tell(connect(ts_ns=6), named(b"a.example"))
    assert told.outcomes[-1] == Outcome(OutcomeKind.UNREACHABLE, "ENETUNREACH")
    assert told.rows[-1].time_ns == 5


def test_or_gets_it_afterwards(told: Told) -> None:
    told.tell(connect(ts_ns=5, in_lookup=True))
    told.now = 5 + HELD_NS
    told.tell()
    told.tell(end(5, errno.EPERM))
    assert told.outcomes == [Outcome(OutcomeKind.DENIED, "EPERM")]


def test_every_row_of_many_turns_gets_its_own(told: Told) -> None:
    results = [errno.ECONNREFUSED, 0, errno.ETIMEDOUT, RESULT_ABANDONED]
    for turn in range(20):
        first = turn * 50
        told.tell(run(*(connect(ts_ns=n) for n in range(first, first + 50))))
        told.tell(*(begun(n) for n in range(first, first + 50)))
    for n in reversed(range(1000)):
        told.tell(end(n, results[n % 4]))
    wanted = [REFUSED, OK, Outcome(OutcomeKind.TIMED_OUT, "ETIMEDOUT"), GAVE_UP]
    assert told.outcomes == wanted * 250


def test_where_outcomes_were_lost_nothing_is_guessed(told: Told) -> None:
    told.tell(connect(ts_ns=1), connect(ts_ns=2), begun(2))
    told.now = 10
    told.enricher.doubt()
    told.tell(connect(ts_ns=9), connect(ts_ns=10, pid=3), end(10, errno.ECONNREFUSED, tid=3))
    told.tell(connect(ts_ns=11))
    assert told.outcomes == [OK, None, None, REFUSED, OK]
    told.tell(end(2, 0))
    assert told.outcomes[1] == OK, "it was not lost"


def test_those_that_are_never_told_do_not_pile_up(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "AWAITED", 3)
    for n in range(5):
        told.tell(connect(ts_ns=n), begun(n))
    assert told.outcomes == [None, None, WAITING, WAITING, WAITING]


def test_all_outcomes_can_be_told(told: Told) -> None:
    for n in range(1, 250):
        told.tell(connect(ts_ns=n), end(n, n))
    assert told.outcomes == list(OUTCOMES[1:250])


def test_the_columns_stay_equally_long(told: Told) -> None:
    told.tell(run(connect(ts_ns=1), connect(ts_ns=2)), begun(1), end(1, 0, local="10.0.0.1"))
    [rows] = told.items
    assert not isinstance(rows, Connects)
    assert {len(getattr(rows, name)) for name in type(rows).__slots__} == {2}
