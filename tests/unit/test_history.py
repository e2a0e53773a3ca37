from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from app.session import history
from app.session.history import Course, History
from app.session.span import Span
from app.session.store import Store
from probes.connections import Connections
from tests.connections import GITHUB
from tests.rows import many

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def over(kept: History, cells: int) -> Course | None:
    """Its counts, once it has looked at all rows."""
    while kept.behind:
        kept.catch_up()
    return kept.over(cells)


def at(*seconds: float) -> Connections:
    return Connections.of(
        [replace(GITHUB, time_ns=START + int(second * SECOND)) for second in seconds]
    )


def test_rows_are_counted_by_their_time() -> None:
    store = Store()
    store.add(at(0, 1, 1.5, 9.999))
    course = over(History(store), 10)
    assert course is not None
    assert course.counts == (1, 2, 0, 0, 0, 0, 0, 0, 0, 1)
    assert (course.start_ns, course.end_ns) == (START, START + 10 * SECOND)


def test_there_is_nothing_to_say_of_nothing() -> None:
    assert over(History(Store()), 10) is None


def test_each_row_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    kept = History(store)
    looked = []
    count = kept._count
    monkeypatch.setattr(kept, "_count", lambda times: (looked.append(len(times)), count(times)))
    store.add(many(10_000))
    over(kept, 80)
    store.add(many(5, 10_000))
    course = over(kept, 80)
    over(kept, 40)
    assert sum(looked) == 10_005
    assert course is not None
    assert sum(course.counts) == 10_005


def test_many_rows_are_looked_at_a_part_at_a_time() -> None:
    store = Store()
    store.add(many(250_000))
    kept = History(store)
    calls = 0
    while kept.behind:
        kept.catch_up()
        calls += 1
    assert calls == 3
    course = kept.over(100)
    assert course is not None
    assert sum(course.counts) == 250_000


def test_a_long_session_is_counted_more_coarsely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_STEPS", 16)
    store = Store()
    kept = History(store)
    for hour in range(48):
        store.add(at(hour * 3600, hour * 3600 + 1))
        over(kept, 10)
    course = over(kept, 4)
    assert course is not None
    assert sum(course.counts) == 96
    assert len(kept._counts) <= 16
    assert course.start_ns <= START
    assert course.end_ns > START + 47 * 3600 * SECOND


def test_what_was_evicted_is_left_out() -> None:
    store = Store(max_rows=2)
    store.add(at(0, 100, 200, 300))
    kept = History(store)
    over(kept, 10)
    store.evict()
    course = over(kept, 10)
    assert course is not None
    assert course.start_ns == START + 200 * SECOND
    assert sum(course.counts) == 2


def test_a_clock_that_was_set_back_is_counted_where_it_says() -> None:
    store = Store()
    store.add(at(100, 0, 50))
    course = over(History(store), 1000)
    assert course is not None
    assert course.start_ns == START
    assert sum(course.counts) == 3


def test_a_span_holds_its_start_and_not_its_end() -> None:
    span = Span(START + SECOND, START + 2 * SECOND)
    assert list(span.mask(at(0.5, 1, 1.9, 2))) == [False, True, True, False]
    rows = Connections()
    rows.times = array("q")
    assert list(span.mask(rows)) == []
    assert str(span).count(".000") == 2
    assert "." not in str(Span(START, START + 3600 * SECOND))
