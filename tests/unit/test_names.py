from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.naming.asked import Asker
from probes.naming.names import KEPT, Names
from probes.record import Host, HostSource

HERE, THERE = "192.0.2.1", "2001:db8::1"
PUBLIC = "140.82.118.3"
SECOND = 1_000_000_000


def learn(
    names: Names,
    pid: int,
    address: str,
    name: str,
    *,
    tid: int = 0,
    start: int = 1,
    now_ns: int = 0,
    ts_ns: int = 0,
) -> bool:
    return names.learn(Asker(pid, start), tid or pid, address, name, now_ns, ts_ns=ts_ns)


def find(
    names: Names,
    pid: int,
    address: str,
    *,
    tid: int = 0,
    start: int = 1,
    netns: int | None = None,
    ts_ns: int = 0,
) -> Host | None:
    return names.find(Asker(pid, start), tid or pid, address, ts_ns, netns)


def answered(
    names: Names, address: str, name: str, ttl: int, now_ns: int = 0, ts_ns: int = 0
) -> bool:
    return names.answered(address, name, ttl, now_ns, ts_ns=ts_ns)


def test_the_process_that_asked_knows_and_others_guess() -> None:
    names = Names()
    assert learn(names, 1, HERE, "mine.example")
    assert find(names, 1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert find(names, 2, HERE) == Host("mine.example", HostSource.OTHER_PROCESS)
    assert find(names, 1, THERE) is None


def test_a_second_process_does_not_erase_the_first_ones_name() -> None:
    names = Names()
    learn(names, 1, HERE, "mine.example")
    learn(names, 2, HERE, "yours.example")
    assert find(names, 1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert find(names, 2, HERE) == Host("yours.example", HostSource.GETADDRINFO)
    assert find(names, 3, HERE) == Host("yours.example", HostSource.OTHER_PROCESS)


def test_the_newest_name_counts() -> None:
    names = Names()
    learn(names, 1, HERE, "old.example")
    learn(names, 1, HERE, "new.example")
    assert find(names, 1, HERE) == Host("new.example", HostSource.GETADDRINFO)
    learn(names, 1, HERE, "old.example")
    assert find(names, 2, HERE) == Host("old.example", HostSource.OTHER_PROCESS)


def test_only_the_first_name_of_a_process_for_an_address_is_new() -> None:
    names = Names()
    assert learn(names, 1, HERE, "a.example")
    assert not learn(names, 1, HERE, "a.example")
    assert not learn(names, 1, HERE, "b.example")
    assert learn(names, 1, THERE, "a.example")
    assert learn(names, 2, HERE, "a.example")


def test_it_is_known_for_which_addresses_there_is_a_name() -> None:
    names = Names()
    assert HERE not in names
    learn(names, 1, HERE, "127.0.0.1")
    assert HERE not in names
    learn(names, 1, HERE, "a.example")
    assert HERE in names
    assert THERE not in names
    assert None not in names


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abcdef"), st.sampled_from("xyz"))))
def test_where_there_is_no_name_nobody_has_one(lookups: list[tuple[int, str, str]]) -> None:
    names = Names()
    with patch("probes.naming.names.KEPT", 3):
        for lookup in lookups:
            learn(names, *lookup)
            for address in "abcdef":
                answers = [find(names, pid, address) for pid in range(5)]
                assert (address in names) == any(answers)


def test_one_host_object_serves_all_its_connections() -> None:
    names = Names()
    learn(names, 1, HERE, "a.example")
    first = find(names, 1, HERE)
    learn(names, 1, HERE, "a.example")
    assert find(names, 1, HERE) is first


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
    assert not learn(names, 1, HERE, numeric)
    assert find(names, 1, HERE) is None
    assert find(names, 2, HERE) is None


@pytest.mark.parametrize(
    "name", ["1.example", "127.0.0.1.example", "0x7f.example", "a", "1 2", "1.2.3.4 x", "\udcff"]
)
def test_a_name_that_begins_like_an_address_is_a_name(name: str) -> None:
    names = Names()
    assert learn(names, 1, HERE, name)
    assert find(names, 1, HERE) == Host(name, HostSource.GETADDRINFO)


def test_the_oldest_names_make_room() -> None:
    names = Names()
    for pid in range(KEPT + 1):
        learn(names, pid, HERE, f"{pid}.example")
    assert find(names, 0, HERE) == Host(f"{KEPT}.example", HostSource.OTHER_PROCESS)
    assert find(names, 1, HERE) == Host("1.example", HostSource.GETADDRINFO)


def test_a_name_that_is_used_again_is_not_the_oldest() -> None:
    names = Names()
    learn(names, 0, HERE, "0.example")
    for pid in range(1, KEPT + 1):
        if pid == KEPT // 2:
            learn(names, 0, HERE, "0.example")
        learn(names, pid, THERE, "other.example")
    assert find(names, 0, HERE) == Host("0.example", HostSource.GETADDRINFO)
    assert find(names, 1, THERE) == Host("other.example", HostSource.OTHER_PROCESS)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_dns_answer_is_a_guess_for_anybody_while_it_holds() -> None:
    clock = Clock()
    names = Names(clock)
    assert HERE not in names
    answered(names, HERE, "a.example", 60)
    assert HERE in names
    assert find(names, 1, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 59
    assert find(names, 2, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 2
    assert find(names, 1, HERE) is None


def test_each_connection_has_the_newest_answer_that_came_before_it() -> None:
    """All answers are told first, then the connections of their time."""
    names = Names()
    answered(names, HERE, "a.example", 60, ts_ns=10)
    answered(names, HERE, "b.example", 60, ts_ns=20)
    answered(names, HERE, "a.example", 60, ts_ns=30)
    names.answered(PUBLIC, "c.example", 60, 0, ts_ns=10, netns=1)
    names.answered(PUBLIC, "d.example", 60, 0, ts_ns=20, netns=1)
    found = [find(names, 1, HERE, ts_ns=ts_ns) for ts_ns in (9, 10, 15, 20, 29, 30, 99)]
    assert [host and host.name[0] for host in found] == list("aaabbaa")
    found = [find(names, 1, PUBLIC, ts_ns=ts_ns, netns=1) for ts_ns in (15, 25)]
    assert [host and host.name[0] for host in found] == list("cd")


def test_answers_count_in_the_order_in_which_they_came_not_were_told() -> None:
    names = Names()
    answered(names, HERE, "b.example", 60, ts_ns=20)
    answered(names, HERE, "a.example", 60, ts_ns=10)
    assert find(names, 1, HERE, ts_ns=15) == Host("a.example", HostSource.DNS)
    assert find(names, 1, HERE, ts_ns=25) == Host("b.example", HostSource.DNS)


def test_a_lookup_counts_from_its_own_time_on_too() -> None:
    names = Names()
    answered(names, HERE, "a.example", 60, ts_ns=10)
    answered(names, HERE, "c.example", 60, ts_ns=30)
    learn(names, 1, HERE, "b.example", ts_ns=20)
    assert find(names, 2, HERE, ts_ns=25) == Host("b.example", HostSource.OTHER_PROCESS)
    assert find(names, 2, HERE, ts_ns=35) == Host("c.example", HostSource.DNS)


def test_a_name_that_is_answered_all_the_time_drives_out_no_other() -> None:
    names = Names()
    answered(names, HERE, "a.example", 60, ts_ns=10)
    for ts_ns in range(20, 1000):
        answered(names, HERE, "b.example", 60, ts_ns=ts_ns)
    assert find(names, 1, HERE, ts_ns=15) == Host("a.example", HostSource.DNS)
    assert find(names, 1, HERE, ts_ns=500) == Host("b.example", HostSource.DNS)


def test_each_connection_of_a_long_turn_has_the_name_asked_for_before_it() -> None:
    names = Names()
    told = [f"{number % 2}.example" for number in range(1000)]
    for number, name in enumerate(told):
        answered(names, HERE, name, 60, ts_ns=10 * number)
    found = [find(names, 1, HERE, ts_ns=10 * number + 5) for number in range(1000)]
    assert [host and host.name for host in found] == told


def test_the_answers_of_an_address_do_not_pile_up() -> None:
    names = Names()
    for number in range(10_000):
        answered(names, HERE, f"{number}.example", 60, ts_ns=number)
    assert len(names._answers[HERE]) <= 4096
    answered(names, HERE, "last.example", 60, ts_ns=60 * SECOND)
    assert len(names._answers[HERE]) <= 2
    assert find(names, 1, HERE, ts_ns=60 * SECOND) == Host("last.example", HostSource.DNS)


def test_an_answer_that_must_not_be_kept_serves_the_connection_that_follows() -> None:
    clock = Clock()
    names = Names(clock)
    answered(names, HERE, "a.example", 0)
    clock.now += 1
    assert find(names, 1, HERE) == Host("a.example", HostSource.DNS)
    clock.now += 60
    assert find(names, 1, HERE) is None


def test_what_a_process_asked_for_counts_more_than_an_answer() -> None:
    names = Names()
    learn(names, 1, HERE, "mine.example")
    answered(names, HERE, "cdn.example", 60)
    assert find(names, 1, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert find(names, 2, HERE) == Host("cdn.example", HostSource.DNS)


def test_of_guesses_the_newest_counts() -> None:
    clock = Clock()
    names = Names(clock)
    answered(names, HERE, "full.example", 60)
    learn(names, 1, HERE, "short")
    assert find(names, 2, HERE) == Host("short", HostSource.OTHER_PROCESS)
    answered(names, HERE, "newer.example", 60)
    assert find(names, 2, HERE) == Host("newer.example", HostSource.DNS)
    clock.now += 61
    assert find(names, 2, HERE) == Host("short", HostSource.OTHER_PROCESS)


def test_an_answer_in_numbers_is_no_name_either() -> None:
    names = Names()
    answered(names, HERE, "192.0.2.1", 60)
    assert find(names, 1, HERE) is None


def test_the_same_answer_again_keeps_the_host_and_lengthens_its_life() -> None:
    clock = Clock()
    names = Names(clock)
    answered(names, HERE, "a.example", 60)
    first = find(names, 1, HERE)
    clock.now += 50
    answered(names, HERE, "a.example", 60)
    clock.now += 50
    assert find(names, 1, HERE) is first


def test_threads_of_one_process_that_ask_for_different_names_each_get_their_own() -> None:
    names = Names()
    for tid in range(10, 60):
        learn(names, 1, HERE, f"{tid}.example", tid=tid)
    for tid in range(10, 60):
        assert find(names, 1, HERE, tid=tid) == Host(f"{tid}.example", HostSource.GETADDRINFO)
    assert find(names, 1, HERE, tid=99) == Host("59.example", HostSource.GETADDRINFO)


def test_a_threads_name_stays_its_own_when_another_asks_for_the_same_and_then_for_more() -> None:
    names = Names()
    learn(names, 1, HERE, "a.example", tid=10)
    learn(names, 1, HERE, "a.example", tid=11)
    learn(names, 1, HERE, "b.example", tid=11)
    assert find(names, 1, HERE, tid=10) == Host("a.example", HostSource.GETADDRINFO)
    assert find(names, 1, HERE, tid=11) == Host("b.example", HostSource.GETADDRINFO)


def test_the_threads_of_a_process_do_not_pile_up() -> None:
    names = Names()
    for tid in range(1, 10_000):
        learn(names, 1, HERE, f"{tid}.example", tid=tid)
    own = names._own[Asker(1, 1), HERE]
    assert own.threads is not None
    assert len(own.threads) <= 256
    assert find(names, 1, HERE, tid=9_999) == Host("9999.example", HostSource.GETADDRINFO)


def test_who_gets_a_dead_ones_pid_does_not_inherit_its_names() -> None:
    names = Names()
    learn(names, 1, HERE, "dead.example", start=5)
    assert find(names, 1, HERE, start=5) == Host("dead.example", HostSource.GETADDRINFO)
    assert find(names, 1, HERE, start=6) == Host("dead.example", HostSource.OTHER_PROCESS)


class Family:
    """1 started 2, which started 3; 7 is nobody's."""

    def __init__(self) -> None:
        self.asked = 0

    def generations(self, ancestor: Asker, of: Asker) -> int | None:
        self.asked += 1
        apart = of.pid - ancestor.pid
        return apart if apart > 0 and max(of.pid, ancestor.pid) < 7 else None


def test_relatives_count_more_than_strangers_and_the_nearest_most() -> None:
    names = Names(tree=Family())
    learn(names, 1, HERE, "top.example")
    learn(names, 7, HERE, "stranger.example")
    assert find(names, 3, HERE) == Host("top.example", HostSource.PROCESS_TREE)
    learn(names, 2, HERE, "middle.example")
    learn(names, 1, HERE, "top.example")
    assert find(names, 3, HERE) == Host("middle.example", HostSource.PROCESS_TREE)
    learn(names, 3, HERE, "mine.example")
    assert find(names, 3, HERE) == Host("mine.example", HostSource.GETADDRINFO)
    assert find(names, 8, HERE) == Host("mine.example", HostSource.OTHER_PROCESS)


def test_who_was_started_tells_who_started_it() -> None:
    names = Names(tree=Family())
    learn(names, 3, HERE, "child.example")
    answered(names, HERE, "answer.example", 60)
    assert find(names, 1, HERE) == Host("child.example", HostSource.PROCESS_TREE)


def test_relatives_are_looked_for_once_as_long_as_nothing_changes() -> None:
    family = Family()
    names = Names(tree=family)
    learn(names, 7, HERE, "stranger.example")
    for _ in range(1000):
        find(names, 3, HERE)
    assert family.asked == 2
    learn(names, 2, HERE, "middle.example")
    assert find(names, 3, HERE) == Host("middle.example", HostSource.PROCESS_TREE)


def test_each_name_has_the_time_at_which_it_was_learned_to_the_second() -> None:
    names = Names(tree=Family())
    learn(names, 1, HERE, "a.example", now_ns=5 * SECOND)
    learn(names, 1, HERE, "a.example", now_ns=5 * SECOND + 999_999_999)
    found = [find(names, pid, HERE) for pid in (1, 2, 7)]
    assert [host and host.learned_ns for host in found] == [5 * SECOND] * 3
    learn(names, 1, HERE, "a.example", now_ns=7 * SECOND)
    found = [find(names, pid, HERE) for pid in (1, 2, 7)]
    assert [host and host.learned_ns for host in found] == [7 * SECOND] * 3
    answered(names, THERE, "b.example", 60, now_ns=9 * SECOND)
    answer = find(names, 1, THERE)
    assert answer is not None
    assert answer.learned_ns == 9 * SECOND


def test_a_name_that_is_asked_for_all_the_time_makes_one_object_a_second() -> None:
    names = Names()
    made = set()
    for millisecond in range(3000):
        learn(names, 1, HERE, "a.example", now_ns=millisecond * 1_000_000)
        made.add(id(find(names, 1, HERE)))
    assert len(made) <= 3


def test_an_answer_in_the_own_network_namespace_counts_more_than_one_elsewhere() -> None:
    clock = Clock()
    names = Names(clock)
    names.answered(PUBLIC, "here.example", 60, 0, ts_ns=0, netns=1)
    names.answered(PUBLIC, "there.example", 600, 0, ts_ns=0, netns=2)
    assert find(names, 1, PUBLIC, netns=1) == Host("here.example", HostSource.DNS)
    assert find(names, 1, PUBLIC, netns=2) == Host("there.example", HostSource.DNS)
    assert find(names, 1, PUBLIC, netns=3) == Host("there.example", HostSource.DNS)
    clock.now += 61
    assert find(names, 1, PUBLIC, netns=1) == Host("there.example", HostSource.DNS)


def test_an_addresss_own_name_is_the_last_resort() -> None:
    clock = Clock()
    names = Names(clock)
    assert names.reversed(HERE, "host-1.example", 0)
    assert HERE in names
    found = find(names, 1, HERE)
    assert found == Host("host-1.example", HostSource.PTR)
    assert (found.label, found.is_guess) == ("?host-1.example", True)
    assert not answered(names, HERE, "answer.example", 60)
    assert find(names, 1, HERE) == Host("answer.example", HostSource.DNS)
    clock.now += 61
    assert find(names, 1, HERE) == found
    learn(names, 2, HERE, "asked.example")
    assert find(names, 1, HERE) == Host("asked.example", HostSource.OTHER_PROCESS)
    assert not names.reversed(THERE, "127.0.0.1", 0)


def test_only_the_first_name_of_an_address_is_new_to_everybody() -> None:
    names = Names()
    assert answered(names, HERE, "a.example", 60)
    assert not answered(names, HERE, "b.example", 60)
    assert not names.reversed(HERE, "c.example", 0)
    learn(names, 1, THERE, "a.example")
    assert not answered(names, THERE, "b.example", 60)


def test_an_address_of_one_network_namespace_is_another_machine_in_another() -> None:
    names = Names()
    names.learn(Asker(1, 1), 1, "127.0.0.1", "here.example", 0, ts_ns=0, netns=7)
    names.learn(Asker(2, 1), 2, "127.0.0.1", "there.example", 0, ts_ns=0, netns=8)
    names.answered("10.0.0.1", "there.example", 60, 0, ts_ns=0, netns=8)
    assert find(names, 3, "127.0.0.1", netns=7) == Host("here.example", HostSource.OTHER_PROCESS)
    assert find(names, 3, "127.0.0.1", netns=8) == Host("there.example", HostSource.OTHER_PROCESS)
    assert find(names, 3, "127.0.0.1", netns=9) is None
    assert find(names, 3, "10.0.0.1", netns=8) == Host("there.example", HostSource.DNS)
    assert find(names, 3, "10.0.0.1", netns=9) is None
    # Where it is not known which, it may be the same.
    names.learn(Asker(4, 1), 4, "127.0.0.1", "somewhere.example", 0, ts_ns=0)
    assert find(names, 3, "127.0.0.1", netns=9) == Host(
        "somewhere.example", HostSource.OTHER_PROCESS
    )
    assert find(names, 3, "10.0.0.1") == Host("there.example", HostSource.DNS)


def test_an_address_of_the_internet_is_the_same_everywhere() -> None:
    names = Names()
    names.learn(Asker(1, 1), 1, "140.82.118.3", "github.com", 0, ts_ns=0, netns=7)
    names.answered("2606:4700::1111", "one.example", 60, 0, ts_ns=0, netns=8)
    assert find(names, 3, "140.82.118.3", netns=9) == Host("github.com", HostSource.OTHER_PROCESS)
    assert find(names, 3, "2606:4700::1111", netns=9) == Host("one.example", HostSource.DNS)
    assert find(names, 3, "2606:4700::1112", netns=9) is None
