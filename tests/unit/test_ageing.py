"""Rows that come to an age while a filter asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters.query import Query, parse
from app.session import ageing
from app.session.ageing import Ageing, crossed
from app.session.order import Order
from app.session.store import CHUNK, Store
from app.session.view import View
from probes.connections import Connections
from probes.record import Connection
from tests.connections import GITHUB

S = 10**9


def at(second: int, **changes: object) -> Connection:
    return replace(GITHUB, time_ns=second * S, **changes)  # type: ignore[arg-type]


class Clocked:
    """A view of a store, and a clock that a test sets."""

    def __init__(self, rows: Sequence[Connection], query: Query, now: int) -> None:
        self.now = now
        self.store = Store()
        self.store.add(Connections.of(rows))
        self.view = View(self.store, now_ns=lambda: self.now * S)
        self.view.filter(query)
        while self.view.is_working:
            self.view.work(1.0)

    def shown(self) -> list[int]:
        return [self.view[index].time_ns // S for index in range(len(self.view))]


def test_rows_leave_as_time_goes() -> None:
    clocked = Clocked([at(second) for second in range(100)], parse("since:30s"), 100)
    assert clocked.shown() == list(range(70, 100))
    clocked.now = 110
    assert clocked.view.age() == (10, True)
    assert clocked.shown() == list(range(80, 100))
    assert clocked.view.tally.hosts.get("github.com").count == 20  # type: ignore[union-attr]
    clocked.now = 111
    clocked.store.add(Connections.of([at(105), at(111)]))
    clocked.view.catch_up()
    assert clocked.view.age() == (1, True)
    assert clocked.shown() == [*range(81, 100), 105, 111]
    clocked.now = 500
    clocked.view.age()
    assert clocked.shown() == []


def test_rows_come_to_match_too_and_a_clock_may_be_set_back() -> None:
    clocked = Clocked([at(second) for second in range(100)], parse("!since:90s"), 100)
    assert clocked.shown() == list(range(10))
    clocked.now = 105
    assert clocked.view.age() == (0, True)
    assert clocked.shown() == list(range(15))
    clocked.now = 95
    clocked.view.age()
    assert clocked.shown() == list(range(5))


def test_time_that_hardly_went_and_other_filters_cost_nothing() -> None:
    clocked = Clocked([at(1)], parse("since:5m"), 10)
    clocked.view._now_ns = lambda: 10 * S + S // 2
    assert clocked.view.age() == (0, False)
    other = Clocked([at(1)], parse("port:443"), 10)
    other.now = 10_000
    assert other.view.age() == (0, False)


def test_a_sorted_view_loses_them_too() -> None:
    rows = [at(second, port=1000 - second) for second in range(100)]
    clocked = Clocked(rows, parse("since:50s"), 100)
    clocked.view.sort(Order("time", descending=True))
    while clocked.view.is_working:
        clocked.view.work(1.0)
    clocked.now = 120
    clocked.view.age()
    assert clocked.shown() == list(range(99, 69, -1))


_rows = st.lists(st.integers(0, 60), max_size=40).map(lambda seconds: [at(s) for s in seconds])
_queries = st.sampled_from(
    ["since:10s", "!since:10s", "since:20s !since:5s", "since:5s or !since:30s port:443"]
)


@settings(deadline=None)
@given(_rows, _rows, _queries, st.lists(st.integers(30, 100), min_size=1, max_size=4))
def test_ageing_shows_what_a_new_filter_would(
    rows: list[Connection], more: list[Connection], text: str, moments: list[int]
) -> None:
    clocked = Clocked(rows, parse(text), 40)
    for moment in moments:
        clocked.now = moment
        clocked.view.age()
        if abs(clocked.view._matches.now_ns - moment * S) < S:
            fresh = Clocked(rows, parse(text), moment)
            assert clocked.shown() == fresh.shown()
            assert clocked.view.tally.addressed == fresh.view.tally.addressed
    clocked.store.add(Connections.of(more))
    clocked.view.catch_up()
    assert clocked.shown() == Clocked(rows + more, parse(text), clocked.now).shown()


def test_only_the_pieces_that_can_hold_such_times_are_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store()
    rows = Connections.of([at(0)] * (10 * CHUNK))
    rows.times = type(rows.times)("q", (index * S for index in range(len(rows))))
    store.add(rows)
    looked: list[int] = []
    monkeypatch.setattr(
        ageing, "enumerate", lambda of: looked.append(len(of)) or enumerate(of), raising=False
    )
    found = Ageing(store)
    second = [(3 * CHUNK * S, 3 * CHUNK * S + 5 * S)]
    for _ in range(2):
        pieces = list(found.within(second, 0, store.end))
        assert [numbers for numbers, _ in pieces] == [list(range(3 * CHUNK, 3 * CHUNK + 5))]
    assert looked == [CHUNK, CHUNK]
    assert crossed((5,), 10, 20) == crossed((5,), 20, 10) == [(5, 15)]
    assert crossed((5,), 10, 10) == []
