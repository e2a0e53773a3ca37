"""A walk from row to row, while rows come and go."""

from __future__ import annotations

from dataclasses import replace

from app.filters.query import parse
from app.session.store import Store
from app.session.view import View
from app.session.walk import Walk
from probes.connections import Connections
from probes.record import Connection, Resolution
from tests.connections import GITHUB


def row(port: int) -> Connection:
    return replace(GITHUB, port=port)


def standing(count: int, at: int, max_rows: int = 100) -> tuple[Walk, Store, View]:
    store = Store(max_rows)
    store.add(Connections.of([row(port) for port in range(1, count + 1)]))
    view = View(store)
    while view.is_working:
        view.work(1.0)
    return Walk(store, view, at), store, view


def test_it_goes_to_both_ends_and_no_further() -> None:
    walk, _, _ = standing(3, 1)
    assert (walk.row.port, walk.index, walk.total) == (2, 1, 3)
    assert walk.move(1)
    assert not walk.move(1)
    assert walk.row.port == 3
    assert walk.move(-9)
    assert (walk.row.port, walk.index) == (1, 0)


def test_what_is_learned_meanwhile_is_seen() -> None:
    store = Store()
    store.add(Connections.of([replace(GITHUB, host=None)]))
    view = View(store)
    view.work(1.0)
    walk = Walk(store, view, 0)
    assert walk.row.host is None
    store.learn(Resolution(0, GITHUB.process, "140.82.118.3", "late.example"))
    assert walk.row.host is not None
    assert walk.row.host.name == "late.example"


def test_it_keeps_what_was_evicted_and_goes_on_from_there() -> None:
    walk, store, view = standing(3, 0, max_rows=3)
    assert walk.row.port == 1
    store.add(Connections.of([row(4)]))
    view.catch_up()
    view.forget(store.evict())
    assert (walk.row.port, walk.index, walk.total) == (1, None, 3)
    assert walk.move(1)
    assert walk.row.port == 3


def test_it_keeps_what_a_filter_takes_away() -> None:
    walk, _, view = standing(3, 1)
    view.filter(parse("port:9"))
    while view.is_working:
        view.work(1.0)
    assert (walk.row.port, walk.index, walk.total) == (2, None, 0)
    assert not walk.move(1)
