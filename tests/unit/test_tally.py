from __future__ import annotations

import time
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.screens.panels import NO_SYSTEM, host_rows, system_rows
from app.session.tally import Tally
from probes.connections import Connections
from probes.record import AutonomousSystem, Connection, Host, HostSource
from tests.connections import CURL, GITHUB, NETLINK

SECOND = 1_000_000_000


def to(host: str | None, count: int = 1, at: int = 0, **changes: object) -> list[Connection]:
    named = Host(host, HostSource.GETADDRINFO) if host else None
    return [replace(GITHUB, host=named, time_ns=at, **changes)] * count  # type: ignore[arg-type]


def by(executable: str | None, comm: str = "x") -> Connection:
    return replace(GITHUB, process=replace(CURL, executable=executable, comm=comm))


def tally_of(*rows: Connection) -> Tally:
    tally = Tally()
    tally.add(Connections.of(rows))
    return tally


def named(tally: Tally) -> dict[str, int]:
    return {row.key: row.count for row in host_rows(tally)}


def test_hosts_are_ranked_by_connections_then_by_the_last_one() -> None:
    tally = tally_of(*to("few"), *to("many", 3), *to("early", 2, at=1), *to("late", 2, at=2))
    assert [(row.key, row.count) for row in host_rows(tally)] == [
        ("many", 3),
        ("late", 2),
        ("early", 2),
        ("few", 1),
    ]


def test_shares_are_of_all_connections_with_an_address() -> None:
    tally = tally_of(*to("a.example", 3), *to(None, 1, system=None), NETLINK)
    assert tally.addressed == 4
    [host] = host_rows(tally)
    assert host.share == pytest.approx(0.75)
    assert [row.share for row in system_rows(tally)] == pytest.approx([0.75, 0.25])


def test_a_guess_counts_for_its_host() -> None:
    guess = replace(GITHUB, host=Host("github.com", HostSource.OTHER_PROCESS))
    [host] = host_rows(tally_of(GITHUB, guess))
    assert (host.label, host.count) == ("github.com", 2)


def test_a_host_says_who_connected_last_and_when() -> None:
    at = 1_700_000_000
    rows = [by("/usr/bin/curl"), by("/usr/bin/wget"), by(None, "gone"), by("/opt/bin/curl")]
    tally = tally_of(*(replace(row, time_ns=at * SECOND) for row in rows))
    [host] = host_rows(tally)
    assert host.detail == "curl, [gone], wget"
    assert host.last_seen == time.strftime("%H:%M:%S", time.localtime(at))


def test_only_the_last_processes_of_a_host_are_kept() -> None:
    rows = [replace(by(f"/bin/{number}"), time_ns=number) for number in range(100)]
    [host] = host_rows(tally_of(*rows))
    assert host.detail == ", ".join(map(str, range(99, 91, -1)))


def test_who_connected_last_does_not_depend_on_who_is_counted_last() -> None:
    rows = [replace(by(f"/bin/{number}"), time_ns=number) for number in range(100)]
    tally = Tally()
    for start in range(90, -10, -10):
        tally.add(Connections.of(rows[start : start + 10]))
    [host] = host_rows(tally)
    assert host.detail == ", ".join(map(str, range(99, 91, -1)))


@given(st.lists(st.integers(0, 20), max_size=100), st.randoms(use_true_random=False))
def test_nor_on_the_order_in_which_any_are_counted(numbers: list[int], order: Random) -> None:
    rows = [replace(by(f"/bin/{name}"), time_ns=at) for at, name in enumerate(numbers)]
    last = {name: at for at, name in enumerate(numbers)}
    shuffled = order.sample(rows, len(rows))
    tally = Tally()
    while shuffled:
        some = order.randint(1, len(shuffled))
        tally.add(Connections.of(shuffled[:some]))
        del shuffled[:some]
    newest = sorted(last, key=last.__getitem__, reverse=True)[:8]
    assert [host.detail for host in host_rows(tally)] == [", ".join(map(str, newest))] * bool(rows)


def test_a_system_is_told_by_number_and_none_has_a_row_of_its_own() -> None:
    other = AutonomousSystem(13335, "CLOUDFLARE")
    tally = tally_of(
        *to("a", 2), *to("b", 1, system=other), *to(None, 3, system=None), replace(NETLINK)
    )
    assert [(row.key, row.label, row.count) for row in system_rows(tally)] == [
        (NO_SYSTEM, "none (private, local)", 3),
        ("36459", "GITHUB (36459)", 2),
        ("13335", "CLOUDFLARE (13335)", 1),
    ]


def test_a_system_whose_holder_nobody_knows_is_its_number() -> None:
    [row] = system_rows(tally_of(replace(GITHUB, system=AutonomousSystem(64500, ""))))
    assert row.label == "AS64500"


def test_what_has_left_is_not_listed_any_more() -> None:
    tally = tally_of(GITHUB, GITHUB, NETLINK)
    tally.remove(Connections.of([GITHUB, NETLINK]))
    tally.remove(Connections.of([GITHUB]))
    assert tally.addressed == 0
    assert host_rows(tally) == system_rows(tally) == []


def test_a_name_moves_its_connection() -> None:
    before, after = to(None)[0], to("a.example")[0]
    tally = tally_of(before, GITHUB)
    tally.rename(before, after)
    assert named(tally) == {"a.example": 1, "github.com": 1}
    tally.rename(after, GITHUB)
    assert named(tally) == {"github.com": 2}


def test_a_panel_lists_no_more_than_anyone_scrolls() -> None:
    rows = host_rows(tally_of(*(to(f"{number}.example")[0] for number in range(2000))))
    assert len(rows) == 500


def test_nothing_seen_is_an_empty_panel() -> None:
    assert host_rows(Tally()) == system_rows(Tally()) == []
