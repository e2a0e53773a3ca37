"""The order of items, and connections that wait for the name that follows them."""

from __future__ import annotations

import socket

import pytest

from probes.connections import Connections
from probes.enrichment.enrich import Enricher
from probes.enrichment.held import HELD_NS
from probes.naming.names import Names
from probes.processes.procfs import Processes
from probes.record import Connection, Resolution
from tests.events import HERE, NO_PROC, NOBODY, connect, named, run, seen
from tests.rows import rows_of


def enricher_at_5() -> Enricher:
    """One for which it is 5 ns since boot."""
    return Enricher(Processes(NO_PROC), Names(), None, lambda: 0, lambda: 5)


def test_what_getaddrinfo_connects_to_waits_for_the_name_that_follows() -> None:
    enricher = enricher_at_5()
    other = connect("192.0.2.9")
    assert seen(enricher.items([connect(in_lookup=True), other])) == [("192.0.2.9", None)]
    assert enricher.items([]) == []
    assert seen(enricher.items([named(b"a.example")])) == ["a.example", (HERE, "a.example")]
    assert enricher.rest() == []


def test_each_waits_for_its_own_threads_name() -> None:
    enricher = enricher_at_5()
    first, second = NOBODY, NOBODY + 2
    waiting = [connect(pid=pid, in_lookup=True) for pid in (first, second, second)]
    assert enricher.items(waiting) == []
    told = enricher.items([named(b"b.example", pid=second)])
    assert seen(told) == ["b.example", *[(HERE, "b.example")] * 2]
    told = enricher.items([named(b"a.example", pid=first)])
    assert seen(told) == ["a.example", (HERE, "a.example")]


def test_no_connection_waits_for_ever() -> None:
    now = 5
    enricher = Enricher(Processes(NO_PROC), Names(), None, lambda: 0, lambda: now)
    assert enricher.items([connect(in_lookup=True)]) == []
    now += HELD_NS
    assert seen(enricher.items([])) == [(HERE, None)]
    assert enricher.items([]) == []


def test_what_waits_at_the_end_is_not_forgotten() -> None:
    enricher = enricher_at_5()
    assert enricher.items([connect(in_lookup=True)]) == []
    assert seen(enricher.rest()) == [(HERE, None)]
    assert enricher.rest() == []


def test_a_family_without_addresses_waits_for_no_name() -> None:
    event = connect(None, socket.AF_NETLINK, in_lookup=True)
    assert len(rows_of(enricher_at_5().items([event]))) == 1


def test_in_a_run_only_what_getaddrinfo_did_is_held_back() -> None:
    enricher = enricher_at_5()
    events = run(
        connect("192.0.2.2"),
        connect(in_lookup=True),
        connect("192.0.2.3", ts_ns=6),
        connect("192.0.2.4", in_lookup=True, ts_ns=7),
        connect(None, socket.AF_NETLINK, in_lookup=True),
        connect("192.0.2.5"),
    )
    passed = enricher.items([events])
    assert seen(passed) == [
        *[("192.0.2.2", None), ("192.0.2.3", None), (None, None), ("192.0.2.5", None)],
    ]
    assert [row.time_ns for row in rows_of(passed)] == [5, 6, 5, 5]
    told = enricher.items([named(b"b.example", "192.0.2.4")])
    assert seen(told) == ["b.example", ("192.0.2.4", "b.example")]
    released = rows_of(told)[1]
    assert isinstance(released, Connection)
    assert (released.time_ns, released.tid, released.port) == (7, NOBODY, 443)
    assert seen(enricher.rest()) == [(HERE, None)]


def test_a_resolution_stands_between_what_was_before_and_after_it() -> None:
    enricher = enricher_at_5()
    other = connect("192.0.2.9")
    items = enricher.items(
        [run(other, connect(in_lookup=True), connect()), other, named(b"a.example"), run(connect())]
    )
    assert [type(item) for item in items] == [Connections, Resolution, Connections]
    assert seen(items) == [
        *[("192.0.2.9", None), (HERE, None), ("192.0.2.9", None)],
        "a.example",
        *[(HERE, "a.example"), (HERE, "a.example")],
    ]


def test_a_lookup_that_taught_nothing_new_is_not_told_and_splits_nothing() -> None:
    enricher = Enricher(Processes(NO_PROC), Names(), None)
    assert seen(enricher.items([named(b"a.example"), named(b"a.example")])) == ["a.example"]
    [rows] = enricher.items([connect(), named(b"a.example"), connect()])
    assert seen([rows]) == [(HERE, "a.example")] * 2
    assert seen(enricher.items([named(b"a.example", pid=NOBODY + 2)])) == ["a.example"]


@pytest.mark.parametrize("name", [HERE.encode(), b"a.example"], ids=["numeric", "known"])
def test_a_name_that_is_no_news_releases_what_waited_for_it(name: bytes) -> None:
    enricher = enricher_at_5()
    enricher.items([named(b"a.example")])
    assert enricher.items([connect(in_lookup=True)]) == []
    assert seen(enricher.items([named(name)])) == [(HERE, "a.example")]
    assert enricher.rest() == []


def test_an_address_in_numbers_releases_what_waited_without_a_name() -> None:
    enricher = enricher_at_5()
    assert enricher.items([connect(in_lookup=True)]) == []
    assert seen(enricher.items([named(HERE.encode())])) == [(HERE, None)]
    assert enricher.rest() == []


def test_another_address_or_thread_releases_nothing() -> None:
    enricher = enricher_at_5()
    assert enricher.items([connect(in_lookup=True)]) == []
    assert seen(enricher.items([named(b"b.example", "192.0.2.2")])) == ["b.example"]
    assert seen(enricher.items([named(b"a.example", tid=NOBODY + 1)])) == ["a.example"]
    assert seen(enricher.rest()) == [(HERE, "a.example")]
