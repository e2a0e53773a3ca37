"""The view and its tally against the plain way: everything counted anew."""

from __future__ import annotations

import errno
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_address
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.filters.query import Query, parse
from app.screens.panels import NO_SYSTEM, host_rows, system_rows
from app.session.order import Order
from app.session.sorting import Sorting
from app.session.store import CHUNK, Store
from app.session.tally import Tally
from app.session.view import View
from probes.connections import Connections
from probes.family import family_name
from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource, Process, Resolution
from probes.results import Results
from probes.transport import UNTOLD, Call, SocketType, Transport
from tests.connections import CURL, NETLINK
from widgets.column import ALL

HERE, THERE = "192.0.2.1", "192.0.2.2"
WGET = replace(CURL, pid=2, comm="wget", executable="/usr/bin/wget", user="bob")


def row(
    process: Process = CURL,
    address: str | None = HERE,
    host: str | None = None,
    number: int | None = None,
    time_ns: int = 0,
    outcome: Outcome | None = None,
    latency_us: int | None = None,
) -> Connection:
    if address is None:
        return replace(NETLINK, process=process, outcome=outcome)
    return Connection(
        time_ns,
        2,
        process.pid,
        process,
        address,
        443,
        Host(host, HostSource.GETADDRINFO) if host else None,
        AutonomousSystem(number, f"NAME-{number}") if number else None,
        outcome=outcome,
        latency_us=latency_us,
    )


class Shown:
    """A store and its view, and every row that was ever added."""

    def __init__(
        self, max_rows: int = 1000, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.store = Store(max_rows)
        self.view = View(self.store, clock)

    def add(self, *rows: Connection) -> None:
        self.store.add(Connections.of(rows))

    def filter(self, query: Query) -> None:
        self.view.filter(query)
        self.finish()

    def finish(self) -> None:
        while self.view.is_working:
            self.view.work(5)

    def learn(self, name: str, process: Process = CURL, address: str = HERE) -> bool:
        return self.view.changed(self.store.learn(Resolution(1, process, address, name)), "host")

    def evict(self) -> int:
        return self.view.forget(self.store.evict())

    @property
    def rows(self) -> list[Connection]:
        return [self.view[index] for index in range(len(self.view))]


def plain_counts(rows: Sequence[Connection]) -> tuple[object, object, int]:
    addressed = [each for each in rows if each.address is not None]
    return (
        Counter(each.host.name for each in addressed if each.host),
        Counter(str(each.system.number) if each.system else NO_SYSTEM for each in addressed),
        len(addressed),
    )


def counts(tally: Tally) -> tuple[object, object, int]:
    return (
        {row.key: row.count for row in host_rows(tally)},
        {row.key: row.count for row in system_rows(tally)},
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
    shown.filter(parse("proc:wget"))
    shown.add(row(WGET, THERE), row())
    shown.view.catch_up()
    assert shown.rows == [row(WGET), row(WGET, THERE)]
    shown.filter(Query.everything)
    assert len(shown.rows) == 4


def test_evicted_rows_leave_at_the_top_and_only_shown_ones_count() -> None:
    shown = Shown(max_rows=2)
    shown.filter(parse("proc:wget"))
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
    shown.filter(parse("host:example"))
    shown.add(row(), row(WGET, THERE, "b.example"))
    shown.view.catch_up()
    assert shown.learn("a.example"), "a row came in ahead of the newest"
    assert [each.address for each in shown.rows] == [HERE, THERE]
    assert counts(shown.view.tally) == plain_counts(shown.rows)


def test_a_better_name_can_take_a_row_out_of_the_filter() -> None:
    shown = Shown()
    shown.add(row())
    shown.filter(parse("host:~"))
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
    assert [shown.view.index(number) for number in range(6)] == [None, None, 0, 1, 2, None]
    assert [shown.view.sequence(index) for index in range(3)] == [2, 3, 4]


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
    st.sampled_from([OUTCOMES[code] for code in (0, 99, 110, 111, 253, 254, 255)]),
    st.one_of(st.none(), st.integers(1, 5)),
)
_ORDERS = tuple(column.key for column in ALL)
_orders = st.one_of(st.none(), st.builds(Order, st.sampled_from(_ORDERS), descending=st.booleans()))
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(_rows, max_size=12)),
        st.tuples(st.just("learn"), st.tuples(_names, _processes, _addresses)),
        st.tuples(st.just("filter"), _queries.map(parse)),
        st.tuples(st.just("sort"), _orders),
        st.tuples(st.just("work"), st.integers(1, 4)),
        st.tuples(st.just("catch up"), st.none()),
        st.tuples(st.just("evict"), st.none()),
    ),
    max_size=40,
)


class Ticking:
    """A clock on which each look takes a second: `work(3)` is three steps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def act(shown: Shown, kind: str, what: object) -> None:
    """Do one step; check what must hold of it by itself."""
    before = shown.rows
    match kind, what:
        case "add", list(rows):
            shown.add(*rows)
        case "learn", (str(name), Process() as process, str(address)):
            shown.learn(name, process, address)
        case "filter", Query() as query:
            shown.view.filter(query)
        case "sort", Order() | None as order:
            shown.view.sort(order)
        case "work", int(steps):
            ahead = shown.view.work(steps)
            if shown.view.order is None:
                assert shown.rows[ahead:] == before
        case "catch up", _:
            shown.view.catch_up()
            if shown.view.order is None:
                assert shown.rows[: len(before)] == before
        case _:
            moved = shown.evict()
            if shown.view.order is None:
                assert shown.rows[max(0, -moved) :] == before[max(0, moved) :]


@given(_steps, st.integers(1, 40))
def test_the_view_shows_what_a_look_at_every_row_would_show(
    steps: list[tuple[str, object]], max_rows: int
) -> None:
    """Whatever was interrupted by what, and however often. Chunks are small, so that it is."""
    small = [f"app.session.{name}.CHUNK" for name in ("store", "matches", "sorting", "view")]
    with ExitStack() as patched:
        for name in small:
            patched.enter_context(patch(name, 4))
        shown = Shown(max_rows, Ticking())
        for kind, what in steps:
            act(shown, kind, what)
            expected = {number for number, _ in matching(shown)}
            numbers = [shown.view.sequence(index) for index in range(len(shown.view))]
            assert len(set(numbers)) == len(numbers)
            assert shown.view.order is not None or set(numbers) <= expected
        shown.view.catch_up()
        shown.finish()
        order = shown.view.order
        found = [each for _, each in matching(shown)]
        assert counts(shown.view.tally) == plain_counts(found)
        assert shown.view.behind == 0
        assert sorted(map(repr, shown.rows)) == sorted(map(repr, found))
        assert [each for piece in shown.view.rows() for each in piece] == shown.rows
        if order is None:
            assert shown.rows == found


def matching(shown: Shown) -> list[tuple[int, Connection]]:
    store, query = shown.store, shown.view.query
    return [
        (number, store[number])
        for number in range(store.first, store.end)
        if query.matches(store[number])
    ]


def test_a_late_name_for_one_address_by_several_protocols_keeps_the_order_of_arrival() -> None:
    shown = Shown()
    shown.filter(parse("host:late"))
    udp = Transport(Call.SEND, SocketType.DGRAM, "udp")
    rows = [replace(row(), transport=how) for how in (UNTOLD, udp) * 6]
    shown.add(*rows)
    shown.view.catch_up()
    assert shown.learn("late.example")
    numbers = [shown.view.sequence(index) for index in range(len(shown.view))]
    assert numbers == list(range(12))


def test_a_row_of_which_two_results_come_at_once_is_told_once() -> None:
    shown = Shown()
    rows = Connections.of([row(number=1), row(number=2), row(number=3)])
    rows.numbers[:] = array("Q", [1, 2, 3])
    shown.store.add(rows)
    shown.view.catch_up()
    shown.filter(parse("!result:refused"))
    results = Results()
    results.add(1, errno.ECONNREFUSED)
    results.add(1, errno.ECONNREFUSED)
    assert shown.view.changed(shown.store.settle(results), "result")
    assert [shown.view.sequence(index) for index in range(len(shown.view))] == [1, 2]


def sort_key(order: Order) -> Callable[[Connection], object]:
    """The plain way to sort a row."""

    def text(shown: str) -> object:
        return (not shown, shown.casefold(), shown)

    def number(known: int | None) -> object:
        return (known is None, known or 0)

    def address(each: Connection) -> object:
        if each.address is None:
            return (9, 0, 0)
        packed = ip_address(each.address)
        return (packed.version, int(packed), each.port)

    return {
        "time": lambda each: each.time_ns,
        "family": lambda each: family_name(each.family),
        "transport": lambda each: (not each.transport.text, each.transport.text),
        "pid": lambda each: each.process.pid,
        "process": lambda each: text(each.process.label),
        "user": lambda each: text(each.process.user),
        "destination": address,
        "host": lambda each: text(each.host.name if each.host else ""),
        "result": lambda each: (
            list(OutcomeKind).index(each.outcome.kind) if each.outcome else 99,
            each.outcome.errno or "" if each.outcome else "",
            each.latency_us or 0,
        ),
        "system": lambda each: (
            text(each.system.name if each.system else ""),
            each.system.number if each.system else -1,
        ),
        "args": lambda each: text(" ".join(each.process.args[1:])),
        "parent": lambda each: each.process.parents[0].pid if each.process.parents else 1 << 40,
        "started": lambda each: number(each.process.start_ns),
        "tid": lambda each: each.tid,
        "uid": lambda each: each.process.uid,
        "container": lambda each: text(each.process.container_name or each.process.container or ""),
        "unit": lambda each: text(each.process.unit or ""),
        "cgroup": lambda each: number(each.process.cgroup),
        "netns": lambda each: number(each.process.netns),
        "local": lambda each: (
            (ip_address(each.local_address).version, int(ip_address(each.local_address)))
            if each.local_address
            else (9, 0),
            each.local_port or 0,
        ),
        "latency": lambda each: each.latency_us or 0,
        "asn": lambda each: number(each.system.number if each.system else None),
        "source": lambda each: text(each.host.source if each.host else ""),
    }[order.key]


_more = st.lists(_rows, max_size=30)


@pytest.mark.parametrize("key", _ORDERS)
@given(_more, _more, st.booleans(), st.integers(5, 60))
def test_a_sorted_view_is_what_sorted_gives_also_after_more_came(
    key: str, rows: list[Connection], more: list[Connection], descending: bool, max_rows: int
) -> None:
    order = Order(key, descending)
    shown = Shown(max_rows)
    shown.add(*rows)
    shown.view.catch_up()
    shown.view.sort(order)
    shown.finish()
    for new in (more, more):
        shown.add(*new)
        shown.view.catch_up()
        shown.finish()
        shown.evict()
        kept = [shown.store[number] for number in range(shown.store.first, shown.store.end)]
        expected = sorted(kept, key=sort_key(order))  # type: ignore[arg-type]
        assert shown.rows == (expected[::-1] if descending else expected)
        for index in range(len(shown.view)):
            assert shown.view.index(shown.view.sequence(index)) == index


def test_turning_the_order_costs_nothing() -> None:
    shown = Shown()
    shown.add(row(WGET), row(CURL))
    shown.view.catch_up()
    shown.view.sort(Order("process"))
    shown.finish()
    shown.view.sort(Order("process", descending=True))
    assert not shown.view.is_working
    assert shown.rows == [row(WGET), row(CURL)]
    shown.view.sort(None)
    assert not shown.view.is_working
    assert shown.rows == [row(WGET), row(CURL)]


def test_the_first_screen_of_a_filter_needs_the_newest_rows_only() -> None:
    shown = Shown(10 * CHUNK)
    shown.add(*[row()] * (5 * CHUNK))
    shown.view.catch_up()
    shown.view.filter(parse("proc:curl"))
    assert len(shown.view) == 0
    shown.view.work(1e-9)
    assert CHUNK <= len(shown.view) < 5 * CHUNK
    shown.finish()
    assert len(shown.view) == 5 * CHUNK


def test_many_new_rows_are_sorted_with_the_others_and_not_lost() -> None:
    now = 0.0
    shown = Shown(100_000)
    shown.add(*(row(time_ns=number) for number in range(0, 10_000, 2)))
    shown.view.catch_up()
    with patch.object(Sorting.__init__, "__defaults__", (lambda: now,)):
        shown.view.sort(Order("time", descending=True))
        shown.finish()
        shown.add(*(row(time_ns=number) for number in range(1, 10_000, 2)))
        shown.view.catch_up()
        assert len(shown.view) == 5000, "too many to be put in one by one, and too soon"
        now = 10.0
        shown.view.catch_up()
        shown.finish()
    assert [each.time_ns for each in shown.rows] == list(range(9999, -1, -1))
