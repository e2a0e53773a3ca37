from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.names import KEPT, Names
from probes.record import Host, HostSource

HERE, THERE = "192.0.2.1", "2001:db8::1"


def test_the_process_that_asked_knows_and_others_guess() -> None:
    names = Names()
    assert names.learn(1, HERE, "mine.example")
    assert names.find(1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert names.find(2, HERE) == Host("mine.example", HostSource.OTHER_PROCESS)
    assert names.find(1, THERE) is None


def test_a_second_process_does_not_erase_the_first_ones_name() -> None:
    names = Names()
    names.learn(1, HERE, "mine.example")
    names.learn(2, HERE, "yours.example")
    assert names.find(1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert names.find(2, HERE) == Host("yours.example", HostSource.GETADDRINFO)
    assert names.find(3, HERE) == Host("yours.example", HostSource.OTHER_PROCESS)


def test_the_newest_name_counts() -> None:
    names = Names()
    names.learn(1, HERE, "old.example")
    names.learn(1, HERE, "new.example")
    assert names.find(1, HERE) == Host("new.example", HostSource.GETADDRINFO)
    names.learn(1, HERE, "old.example")
    assert names.find(2, HERE) == Host("old.example", HostSource.OTHER_PROCESS)


def test_only_the_first_name_of_a_process_for_an_address_is_new() -> None:
    names = Names()
    assert names.learn(1, HERE, "a.example")
    assert not names.learn(1, HERE, "a.example")
    assert not names.learn(1, HERE, "b.example")
    assert names.learn(1, THERE, "a.example")
    assert names.learn(2, HERE, "a.example")


def test_it_is_known_for_which_addresses_there_is_a_name() -> None:
    names = Names()
    assert HERE not in names
    names.learn(1, HERE, "127.0.0.1")
    assert HERE not in names
    names.learn(1, HERE, "a.example")
    assert HERE in names
    assert THERE not in names
    assert None not in names


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abcdef"), st.sampled_from("xyz"))))
def test_where_there_is_no_name_nobody_has_one(lookups: list[tuple[int, str, str]]) -> None:
    names = Names()
    with patch("probes.names.KEPT", 3):
        for lookup in lookups:
            names.learn(*lookup)
            for address in "abcdef":
                answers = [names.find(pid, address) for pid in range(5)]
                assert (address in names) == any(answers)


def test_one_host_object_serves_all_its_connections() -> None:
    names = Names()
    names.learn(1, HERE, "a.example")
    first = names.find(1, HERE)
    names.learn(1, HERE, "a.example")
    assert names.find(1, HERE) is first


@pytest.mark.parametrize(
    "numeric",
    [
        "192.0.2.1",
        "::1",
        "2001:db8::1",
        "fe80::1%eth0",
        "::ffff:192.0.2.1",
        # inet_aton(3), which getaddrinfo() reads as well
        "127.1",
        "192.0.513",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
    ],
)
def test_an_address_in_numbers_is_no_name(numeric: str) -> None:
    names = Names()
    assert not names.learn(1, HERE, numeric)
    assert names.find(1, HERE) is None
    assert names.find(2, HERE) is None


@pytest.mark.parametrize(
    "name", ["1.example", "127.0.0.1.example", "0x7f.example", "a", "1 2", "1.2.3.4 x", "\udcff"]
)
def test_a_name_that_begins_like_an_address_is_a_name(name: str) -> None:
    names = Names()
    assert names.learn(1, HERE, name)
    assert names.find(1, HERE) == Host(name, HostSource.GETADDRINFO)


def test_the_oldest_names_make_room() -> None:
    names = Names()
    for pid in range(KEPT + 1):
        names.learn(pid, HERE, f"{pid}.example")
    assert names.find(0, HERE) == Host(f"{KEPT}.example", HostSource.OTHER_PROCESS)
    assert names.find(1, HERE) == Host("1.example", HostSource.GETADDRINFO)


def test_a_name_that_is_used_again_is_not_the_oldest() -> None:
    names = Names()
    names.learn(0, HERE, "0.example")
    for pid in range(1, KEPT + 1):
        if pid == KEPT // 2:
            names.learn(0, HERE, "0.example")
        names.learn(pid, THERE, "other.example")
    assert names.find(0, HERE) == Host("0.example", HostSource.GETADDRINFO)
    assert names.find(1, THERE) == Host("other.example", HostSource.OTHER_PROCESS)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_dns_answer_is_a_guess_for_anybody_while_it_holds() -> None:
    clock = Clock()
    names = Names(clock)
    assert HERE not in names
    names.answered(HERE, "a.example", 60)
    assert HERE in names
    assert names.find(1, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 59
    assert names.find(2, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 2
    assert names.find(1, HERE) is None


def test_an_answer_that_must_not_be_kept_serves_the_connection_that_follows() -> None:
    clock = Clock()
    names = Names(clock)
    names.answered(HERE, "a.example", 0)
    clock.now += 1
    assert names.find(1, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 60
    assert names.find(1, HERE) is None


def test_what_a_process_asked_for_counts_more_than_an_answer() -> None:
    names = Names()
    names.learn(1, HERE, "mine.example")
    names.answered(HERE, "cdn.example", 60)
    assert names.find(1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert names.find(2, HERE) == Host("cdn.example", HostSource.DNS)


def test_of_guesses_the_newest_counts() -> None:
    clock = Clock()
    names = Names(clock)
    names.answered(HERE, "full.example", 60)
    names.learn(1, HERE, "short")
    assert names.find(2, HERE) == Host("short", HostSource.OTHER_PROCESS)
    names.answered(HERE, "newer.example", 60)
    assert names.find(2, HERE) == Host("newer.example", HostSource.DNS)
    clock.now += 61
    assert names.find(2, HERE) == Host("short", HostSource.OTHER_PROCESS)


def test_an_answer_in_numbers_is_no_name_either() -> None:
    names = Names()
    names.answered(HERE, "192.0.2.1", 60)
    assert names.find(1, HERE) is None


def test_the_same_answer_again_keeps_the_host_and_lengthens_its_life() -> None:
    clock = Clock()
    names = Names(clock)
    names.answered(HERE, "a.example", 60)
    first = names.find(1, HERE)
    clock.now += 50
    names.answered(HERE, "a.example", 60)
    clock.now += 50
    assert names.find(1, HERE) is first
