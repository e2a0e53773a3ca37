"""Outcomes that come after their rows: in the store, in the view, on their way to being printed."""

from __future__ import annotations

from app.output.held import SOON, Held
from app.session.order import Order
from app.session.store import CHUNK, Store
from app.session.view import View
from probes.connections import Connections
from probes.outcome import CONNECTED, IN_PROGRESS, Outcome, OutcomeKind, code_of
from probes.results import Results
from tests.connections import GITHUB
from tests.rows import many

REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")
WAITING = Outcome(OutcomeKind.IN_PROGRESS)


def numbered(count: int, first: int = 1, code: int = IN_PROGRESS) -> Connections:
    """Rows with numbers, of which nothing is known yet."""
    rows = many(count, first)
    rows.numbers = rows.numbers[:0]
    for name in ("outcomes", "latencies", "locals", "local_ports"):
        setattr(rows, name, getattr(rows, name)[:0])
    rows.untold(first, code)
    return rows


def refused(*numbers: int) -> Results:
    results = Results()
    for number in numbers:
        results.add(number, code_of(REFUSED), number, "10.0.0.1", 1000 + number % 1000)
    return results


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


# In the store


def test_a_result_reaches_its_row_and_no_other() -> None:
    store = Store()
    store.add(numbered(2 * CHUNK + 10))
    changed = store.settle(refused(2 * CHUNK + 5, 1, CHUNK, CHUNK + 1))
    assert [number for number, _ in changed] == [0, CHUNK - 1, CHUNK, 2 * CHUNK + 4]
    assert {before.outcome for _, before in changed} == {WAITING}
    rows = [row for piece in store.rows() for row in piece]
    assert [n for n, row in enumerate(rows) if row.outcome == REFUSED] == [n for n, _ in changed]
    assert (rows[0].local_address, rows[0].local_port, rows[0].latency_us) == ("10.0.0.1", 1001, 1)


def test_rows_that_were_left_out_are_not_mistaken() -> None:
    store = Store()
    rows = numbered(100)
    store.add(rows.kept([number % 3 == 0 for number in rows.numbers]))
    changed = store.settle(refused(*range(1, 101)))
    assert len(changed) == 33
    assert [row.latency_us for row in store.at(range(33))] == list(range(3, 100, 3))


def test_rows_that_were_evicted_are_passed_over() -> None:
    store = Store(max_rows=10)
    store.add(numbered(20))
    store.evict()
    assert [number for number, _ in store.settle(refused(5, 10, 11, 20, 21))] == [10, 19]


def test_rows_without_numbers_are_not_meant() -> None:
    store = Store()
    store.add(many(20))
    assert list(store.settle(refused(1, 0))) == []


# In the view


def test_a_view_that_is_sorted_by_result_is_sorted_again() -> None:
    store = Store()
    store.add(numbered(10, code=CONNECTED))
    view = View(store)
    view.catch_up()
    view.sort(Order("result", descending=True))
    while view.is_working:
        view.work(1)
    view.changed(store.settle(refused(4)), "result")
    assert view._sorting is not None
    assert view._sorting._is_stale
    view._sorting.begin()
    while view.is_working:
        view.work(1)
    assert view[0].outcome == REFUSED
    assert view.sequence(0) == 3


def test_results_are_sorted_by_what_they_are_and_how_long_they_took() -> None:
    rows = Connections.of([GITHUB] * 5)
    rows.outcomes[1] = code_of(REFUSED)
    rows.outcomes[2] = code_of(WAITING)
    rows.outcomes[3] = code_of(None)
    rows.latencies[4] = 3
    store = Store()
    store.add(rows)
    view = View(store)
    view.catch_up()
    view.sort(Order("result"))
    while view.is_working:
        view.work(1)
    assert [view.sequence(index) for index in range(5)] == [4, 0, 2, 1, 3]


def test_a_result_changes_no_count() -> None:
    store = Store()
    store.add(numbered(10))
    view = View(store)
    view.catch_up()
    while view.is_working:
        view.work(1)
    before = [(host.name, host.count) for host in view.tally.hosts.highest(lambda h: (h.count,))]
    assert not view.changed(store.settle(refused(1, 2, 3)), "result")
    after = [(host.name, host.count) for host in view.tally.hosts.highest(lambda h: (h.count,))]
    assert before == after


# On the way to being printed


def test_what_is_known_is_held_for_a_moment_only() -> None:
    clock = Clock()
    held = Held(1.0, clock)
    held.add(numbered(3, code=CONNECTED))
    assert held.ready() == []
    clock.now = SOON
    assert [len(rows) for rows in held.ready()] == [3]
    assert held.ready(ending=True) == []


def test_a_failure_that_comes_behind_it_is_still_in_it() -> None:
    clock = Clock()
    held = Held(1.0, clock)
    held.add(numbered(3, code=CONNECTED))
    held.settle(refused(2))
    clock.now = SOON
    [rows] = held.ready()
    assert [row.outcome == REFUSED for row in rows] == [False, True, False]


def test_what_is_awaited_lets_the_others_pass() -> None:
    clock = Clock()
    held = Held(1.0, clock)
    rows = numbered(3, code=CONNECTED)
    rows.outcomes[1] = IN_PROGRESS
    held.add(rows)
    clock.now = SOON
    assert [list(rows.numbers) for rows in held.ready()] == [[1, 3]]
    clock.now = 0.5
    assert held.ready() == []
    held.settle(refused(2))
    [rows] = held.ready()
    assert rows[0].outcome == REFUSED
    assert held.ready(ending=True) == []


def test_nor_is_it_held_for_ever() -> None:
    clock = Clock()
    held = Held(1.0, clock)
    held.add(numbered(2))
    clock.now = SOON
    assert held.ready() == []
    clock.now = SOON + 1
    assert [list(rows.numbers) for rows in held.ready()] == [[1, 2]]
    held.settle(refused(1))
    assert held.ready(ending=True) == []


def test_nothing_is_left_at_the_end() -> None:
    clock = Clock()
    held = Held(1.0, clock)
    held.add(numbered(2))
    clock.now = SOON
    assert held.ready() == []
    held.add(numbered(2, first=3))
    assert [list(rows.numbers) for rows in held.ready(ending=True)] == [[1, 2], [3, 4]]


def test_without_patience_nothing_is_held() -> None:
    held = Held(0.0, Clock())
    held.add(numbered(2))
    assert [len(rows) for rows in held.ready()] == [2]
