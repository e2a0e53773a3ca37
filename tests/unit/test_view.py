"""The view and its tally against the plain way: everything counted anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.query import Query, parse
from app.store import Store
from app.tally import Tally
from app.view import View
from probes.record import AutonomousSystem, Connection, Host, HostSource, Process, Resolution
from tests.connections import CURL, NETLINK

HERE, THERE = "192.0.2.1", "192.0.2.2"
WGET = replace(CURL, pid=2, comm="wget", executable="/usr/bin/wget", user="bob")


def row(
    process: Process = CURL,
    address: str | None = HERE,
    host: str | None = None,
    number: int | None = None,
    time_ns: int = 0,
) -> Connection:
    if address is None:
        return replace(NETLINK, process=process)
    return Connection(
        time_ns,
        2,
        process.pid,
        process,
        address,
        443,
        Host(host, HostSource.GETADDRINFO) if host else None,
        AutonomousSystem(number, f"NAME-{number}") if number else None,
    )


class Shown:
    """A store and its view, and every row that was ever added."""

    def __init__(self, max_rows: int = 1000) -> None:
        self.store = Store(max_rows)
        self.view = View(self.store)

    def add(self, *rows: Connection) -> None:
        for each in rows:
            self.store.add(each)

    def learn(self, name: str, process: Process = CURL, address: str = HERE) -> bool:
        return self.view.renamed(self.store.learn(Resolution(1, process, address, name)))

    def evict(self) -> int:
        return self.view.forget(self.store.evict())

    @property
    def rows(self) -> list[Connection]:
        return [self.view[index] for index in range(len(self.view))]


def plain_counts(rows: Sequence[Connection]) -> tuple[object, object, int]:
    addressed = [each for each in rows if each.address is not None]
    return (
        Counter(each.host.name for each in addressed if each.host),
        Counter(each.system for each in addressed),
        len(addressed),
    )


def counts(tally: Tally) -> tuple[object, object, int]:
    return (
        {host.name: host.count for host in tally.hosts},
        {entry.system: entry.count for entry in tally.systems},
        tally.addressed,
    )


def test_new_rows_appear_when_the_view_catches_up() -> None:
    shown = Shown()
    shown.add(row(), row(WGET))
    assert (len(shown.view), shown.view.behind) == (0, 2)
    shown.view.catch_up()
    assert (shown.rows, shown.view.behind) == ([row(), row(WGET)], 0)


def test_a_filter_takes_in_what_is_there_and_what_comes() -> None:
    shown = Shown()
    shown.add(row(), row(WGET))
    shown.view.filter(parse("proc:wget"))
    shown.add(row(WGET, THERE), row())
    shown.view.catch_up()
    assert shown.rows == [row(WGET), row(WGET, THERE)]
    shown.view.filter(Query.everything)
    assert len(shown.rows) == 4


def test_evicted_rows_leave_at_the_top_and_only_shown_ones_count() -> None:
    shown = Shown(max_rows=2)
    shown.view.filter(parse("proc:wget"))
    shown.add(row(), row(WGET), row(), row(WGET, THERE))
    shown.view.catch_up()
    assert shown.evict() == 1
    assert shown.rows == [row(WGET, THERE)]


def test_rows_that_were_never_looked_at_can_be_evicted() -> None:
    shown = Shown(max_rows=2)
    shown.add(row(), row(), row(WGET), row(WGET))
    assert shown.evict() == 0
    shown.view.catch_up()
    assert shown.rows == [row(WGET), row(WGET)]
    assert counts(shown.view.tally) == plain_counts(shown.rows)


def test_a_late_name_can_bring_a_row_into_the_filter() -> None:
    shown = Shown()
    shown.view.filter(parse("host:example"))
    shown.add(row(), row(WGET, THERE, "b.example"))
    shown.view.catch_up()
    assert shown.learn("a.example"), "a row came in ahead of the newest"
    assert [each.address for each in shown.rows] == [HERE, THERE]
    assert counts(shown.view.tally) == plain_counts(shown.rows)


def test_a_better_name_can_take_a_row_out_of_the_filter() -> None:
    shown = Shown()
    shown.add(row())
    shown.view.filter(parse("host:~"))
    shown.learn("guess.example", WGET)
    assert len(shown.rows) == 1
    assert shown.learn("a.example")
    assert shown.rows == []
    assert counts(shown.view.tally) == plain_counts([])


def test_a_late_name_that_moves_nothing_says_so() -> None:
    shown = Shown()
    shown.add(row())
    shown.view.catch_up()
    assert not shown.learn("a.example")
    assert not shown.learn("b.example")
    assert shown.rows == [row(host="a.example")]


@pytest.mark.parametrize("index", [-1, 1])
def test_a_row_that_is_not_shown_is_an_error(index: int) -> None:
    shown = Shown()
    shown.add(row())
    shown.view.catch_up()
    with pytest.raises(IndexError):
        shown.view[index]


def test_a_row_is_found_where_it_stands() -> None:
    shown = Shown(max_rows=3)
    rows = [row(time_ns=number) for number in range(5)]
    shown.add(*rows)
    shown.view.catch_up()
    shown.evict()
    assert [shown.view.position(each) for each in rows] == [None, None, 0, 1, 2]


_processes = st.sampled_from([CURL, WGET])
_addresses = st.sampled_from([HERE, THERE])
_names = st.sampled_from(["a.example", "b.example", "c.test"])
_queries = st.sampled_from(
    ["", "proc:wget", "host:example", "host:~", "as:64500", "user:alice host:a", "AF_NETLINK"]
)
_rows = st.builds(
    row,
    _processes,
    st.one_of(st.none(), _addresses),
    st.one_of(st.none(), _names),
    st.sampled_from([None, 64500, 64501]),
    st.integers(0, 100),
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(_rows, max_size=5)),
        st.tuples(st.just("learn"), st.tuples(_names, _processes, _addresses)),
        st.tuples(st.just("filter"), _queries.map(parse)),
        st.tuples(st.just("catch up"), st.none()),
        st.tuples(st.just("evict"), st.none()),
    ),
    max_size=40,
)


@given(_steps, st.integers(1, 10))
def test_the_view_shows_what_a_look_at_every_row_would_show(
    steps: list[tuple[str, object]], max_rows: int
) -> None:
    shown = Shown(max_rows)
    looked_at = evicted = 0
    for kind, what in steps:
        before = shown.rows
        match kind, what:
            case "add", list(rows):
                shown.add(*rows)
            case "learn", (str(name), Process() as process, str(address)):
                moved = shown.learn(name, process, address)
                stayed = [each.time_ns for each in shown.rows] == [each.time_ns for each in before]
                assert moved or stayed
            case "filter", Query() as query:
                shown.view.filter(query)
                looked_at = shown.store.end
            case "catch up", _:
                shown.view.catch_up()
                looked_at = shown.store.end
            case _:
                evicted = shown.evict()
                assert shown.rows == before[evicted:]
        visible = [
            shown.store[sequence]
            for sequence in range(shown.store.first, min(looked_at, shown.store.end))
        ]
        expected = [each for each in visible if shown.view.query.matches(each)]
        assert shown.rows == expected
        assert counts(shown.view.tally) == plain_counts(expected)
        assert shown.view.behind == shown.store.end - looked_at
