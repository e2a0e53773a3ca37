from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session.store import CHUNK, Store
from probes.connections import Connections
from probes.record import Connection, Host, HostSource, Resolution
from tests.connections import CURL, GITHUB, NETLINK

HERE, THERE = "192.0.2.1", "192.0.2.2"


def row(pid: int = 1, address: str | None = HERE, host: Host | None = None) -> Connection:
    process = replace(CURL, pid=pid)
    if address is None:
        return replace(NETLINK, process=process)
    return replace(GITHUB, process=process, address=address, host=host)


def told(name: str, pid: int = 1, address: str = HERE) -> Resolution:
    return Resolution(1, replace(CURL, pid=pid), address, name)


def own(name: str) -> Host:
    return Host(name, HostSource.GETADDRINFO)


def guess(name: str) -> Host:
    return Host(name, HostSource.OTHER_PROCESS)


def filled(*rows: Connection, max_rows: int = 1000) -> Store:
    store = Store(max_rows)
    store.add(Connections.of(rows))
    return store


def evicted(store: Store) -> list[Connection]:
    return [row for piece in store.evict() for row in piece]


def hosts(store: Store) -> list[Host | None]:
    return [store[sequence].host for sequence in range(store.first, store.end)]


def test_rows_keep_their_numbers_while_the_oldest_go() -> None:
    store = Store(max_rows=3)
    rows = [row(pid) for pid in range(10)]
    gone: list[Connection] = []
    for each in rows:
        store.add(Connections.of([each]))
        gone.extend(evicted(store))
    assert (store.first, store.end, len(store)) == (7, 10, 3)
    assert gone == rows[:7]
    assert [store[sequence] for sequence in (7, 8, 9)] == rows[7:]


@pytest.mark.parametrize("sequence", [-1, 6, 10])
def test_a_number_that_is_not_there_is_an_error(sequence: int) -> None:
    store = filled(*(row() for _ in range(10)), max_rows=3)
    store.evict()
    with pytest.raises(IndexError):
        store[sequence]


def test_nothing_is_evicted_that_has_room() -> None:
    store = filled(row(), row(), max_rows=2)
    assert store.evict() == []
    assert (store.first, store.end) == (0, 2)


def test_a_late_name_reaches_its_own_rows_and_is_a_guess_for_others() -> None:
    before = row(pid=1)
    store = filled(before, row(pid=2), row(pid=1, address=THERE), row(pid=1, address=None))
    changed = store.learn(told("a.example"))
    assert sorted(changed, key=lambda each: each[0]) == [(0, before), (1, row(pid=2))]
    assert hosts(store) == [own("a.example"), guess("a.example"), None, None]
    assert store[0] == replace(before, host=own("a.example"))


def test_a_guess_gives_way_to_the_processs_own_name() -> None:
    store = filled(row(pid=1), row(pid=2, host=guess("first.example")))
    store.learn(told("a.example", pid=3))
    assert hosts(store) == [guess("a.example"), guess("first.example")]
    assert [sequence for sequence, _ in store.learn(told("b.example", pid=1))] == [0]
    assert [sequence for sequence, _ in store.learn(told("c.example", pid=2))] == [1]
    assert hosts(store) == [own("b.example"), own("c.example")]


def test_a_name_of_its_own_is_never_taken_away() -> None:
    store = filled(row(host=own("first.example")), row(pid=2))
    store.learn(told("a.example", pid=2))
    assert not store.learn(told("b.example"))
    assert not store.learn(told("c.example", pid=2))
    assert hosts(store) == [own("first.example"), own("a.example")]


def test_a_guess_is_not_replaced_by_another() -> None:
    store = filled(row(pid=1))
    store.learn(told("a.example", pid=2))
    assert not store.learn(told("b.example", pid=3))
    assert hosts(store) == [guess("a.example")]


def test_rows_that_come_after_a_late_name_wait_for_their_own() -> None:
    store = filled(row())
    store.learn(told("a.example"))
    store.add(Connections.of([row()]))
    assert [sequence for sequence, _ in store.learn(told("b.example"))] == [1]
    assert hosts(store) == [own("a.example"), own("b.example")]


def test_a_name_for_an_evicted_row_is_too_late() -> None:
    store = filled(*(row() for _ in range(10)), max_rows=4)
    store.evict()
    assert [sequence for sequence, _ in store.learn(told("a.example"))] == [6, 7, 8, 9]
    assert hosts(store) == [own("a.example")] * 4


def test_a_name_that_nobody_waits_for_changes_nothing() -> None:
    store = filled(row(address=None), row(host=own("x.example")))
    assert not store.learn(told("a.example"))
    assert not store.learn(told("a.example", address=THERE))


def test_what_waits_for_a_name_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session.store._NOTED", 100)
    monkeypatch.setattr("app.session.store.CHUNK", 16)
    store = Store(max_rows=10)
    for number in range(1000):
        store.add(Connections.of([row(address=f"192.0.{number // 250}.{number % 250}")]))
        store.evict()
    assert len(store._nameless) <= len(store._noted) <= 101
    last = f"192.0.{999 // 250}.{999 % 250}"
    assert [sequence for sequence, _ in store.learn(told("a.example", address=last))] == [999]


def test_an_old_guess_is_kept_and_a_late_name_found_however_old() -> None:
    older, guessed = row(address=THERE), row(host=guess("first.example"))
    store = filled(older, guessed, *[row(pid=2)] * 3 * CHUNK, max_rows=4 * CHUNK)
    assert [number for number, _ in store.learn(told("a.example", address=THERE))] == [0]
    assert store[1].host == guess("first.example")
    changed = store.learn(told("b.example", pid=2))
    assert [number for number, _ in changed] == list(range(2, store.end))
    assert not store.learn(told("c.example")), "beyond the newest rows a guess is not looked for"


@pytest.mark.parametrize("start", [0, 5, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
def test_rows_are_read_in_pieces_both_ways_and_by_number(start: int, count: int) -> None:
    rows = [replace(GITHUB, tid=number) for number in range(3 * CHUNK + 10)]
    store = filled(*rows, max_rows=3 * CHUNK + 5)
    store.evict()
    expected = rows[max(5, start) : start + count]
    there = list(store.pieces(start, start + count))
    back = list(store.pieces_back(start, start + count))
    assert [each for _, piece in there for each in piece] == expected
    assert [each for _, piece in reversed(back) for each in piece] == expected
    for number, piece in there + back:
        assert piece[0].tid == number
        assert len(piece) <= CHUNK
    numbers = [each.tid for each in expected][::7]
    assert [each.tid for each in store.at(numbers)] == numbers


def test_a_snapshot_keeps_what_the_store_lets_go() -> None:
    store = filled(*(replace(GITHUB, tid=number) for number in range(2 * CHUNK)))
    snapshot = store.snapshot()
    store.evict()
    store.add(Connections.of([GITHUB]))
    assert [each.tid for piece in snapshot.rows() for each in piece] == list(range(2 * CHUNK))
    assert len(store) == 1001


def test_slack_lets_some_be() -> None:
    store = filled(*[row()] * 12, max_rows=10)
    assert store.evict(slack=2) == []
    assert len(evicted(filled(*[row()] * 13, max_rows=10))) == 3


def heard(name: str, source: HostSource, address: str = HERE) -> Resolution:
    return Resolution(7, None, address, name, source)


def test_a_name_that_nobody_asked_for_fills_what_has_none() -> None:
    store = filled(row(), row(pid=2), row(host=own("x.example")), row(address=THERE))
    changed = store.learn(heard("host-1.example", HostSource.PTR))
    assert [sequence for sequence, _ in changed] == [0, 1]
    found = Host("host-1.example", HostSource.PTR)
    assert hosts(store) == [found, found, own("x.example"), None]
    assert store[0].host is store[1].host
    assert [each and each.learned_ns for each in hosts(store)[:2]] == [7, 7]
    assert not store.learn(heard("other.example", HostSource.DNS))


def test_what_a_process_asked_for_takes_the_place_of_the_addresss_own_name() -> None:
    store = filled(row(), row(pid=2))
    store.learn(heard("host-1.example", HostSource.PTR))
    store.learn(told("a.example"))
    assert hosts(store) == [own("a.example"), Host("host-1.example", HostSource.PTR)]


def test_a_late_name_is_not_that_of_who_had_the_pid_before() -> None:
    store = Store()
    dead = replace(row(), process=replace(CURL, pid=1, start_ns=5))
    store.add(Connections.of([dead, row()]))
    store.learn(told("a.example"))
    assert hosts(store) == [guess("a.example"), own("a.example")]


def test_a_late_name_of_another_network_namespace_is_no_guess_here() -> None:
    here, there = replace(CURL, pid=2, netns=7), replace(CURL, pid=3, netns=8)
    store = Store()
    rows = [replace(row(address="10.0.0.1"), process=process) for process in (here, there)]
    store.add(Connections.of(rows))
    asked = replace(told("a.example", address="10.0.0.1"), netns=7)
    assert [number for number, _ in store.learn(asked)] == [0]
    heard_there = replace(heard("b.example", HostSource.DNS, "10.0.0.1"), netns=8)
    assert [number for number, _ in store.learn(heard_there)] == [1]
    assert hosts(store) == [guess("a.example"), Host("b.example", HostSource.DNS)]


_addresses = st.sampled_from([None, HERE, THERE])
_hosts = st.one_of(st.none(), st.sampled_from([own("x"), guess("y")]))
_steps = st.one_of(
    st.builds(row, pid=st.integers(1, 3), address=_addresses, host=_hosts),
    st.builds(
        told,
        st.sampled_from(["a", "b"]),
        pid=st.integers(1, 3),
        address=st.sampled_from([HERE, THERE]),
    ),
    st.builds(heard, st.just("c"), st.just(HostSource.DNS), st.sampled_from([HERE, THERE])),
    st.none(),
)


@given(st.lists(_steps, max_size=60), st.integers(1, 12))
def test_the_store_is_a_list_whose_names_are_looked_up_one_by_one(
    steps: list[Connection | Resolution | None], max_rows: int
) -> None:
    """Against the plain way: every row of the session is looked at for every name."""
    store = Store(max_rows)
    rows: list[Connection] = []
    first = 0
    for step in steps:
        if isinstance(step, Connection):
            store.add(Connections.of([step]))
            rows.append(step)
        elif step is None:
            gone = evicted(store)
            assert gone == rows[first : first + len(gone)]
            first += len(gone)
            assert len(rows) - first <= max_rows
        else:
            changed = store.learn(step)
            expected = {}
            for sequence in range(first, len(rows)):
                named = renamed(rows[sequence], step)
                if named is not None:
                    expected[sequence] = rows[sequence]
                    rows[sequence] = named
            assert dict(changed) == expected
        assert [store[sequence] for sequence in range(store.first, store.end)] == rows[first:]


def renamed(each: Connection, resolution: Resolution) -> Connection | None:
    if each.address != resolution.address:
        return None
    if resolution.process is None:
        host = Host(resolution.name, resolution.source)
        return replace(each, host=host) if each.host is None else None
    if each.process.pid == resolution.process.pid and (each.host is None or each.host.is_guess):
        return replace(each, host=own(resolution.name))
    return replace(each, host=guess(resolution.name)) if each.host is None else None
