"""A resolver's own questions: folded where it can be told who asked, rows where it cannot."""

from __future__ import annotations

import random
import socket
from array import array
from collections.abc import Iterable

import pytest

from probes.event import FLAG_IN_LOOKUP, WHO, Connects, address_of
from probes.naming.folding import HELD_MAX, WINDOW_NS, Folding
from tests.events import where_of

PROGRAM, OTHER, RESOLVER, CHAINED = 100, 101, 200, 201
STUB, SERVER = "127.0.0.53", "192.0.2.53"
NAME = b"www.a.example"
MS = 1_000_000


def packed(address: str) -> bytes:
    return socket.inet_aton(address)


def row(pid: int, address: str, ts_ns: int, port: int = 53, flags: int = 0) -> Connects:
    return Connects(
        array("Q", [ts_ns]),
        array("I", [pid]),
        [WHO.pack(pid, 0, b"x", 0)],
        [where_of(packed(address), socket.AF_INET)],
        array("H", [port]),
        array("I", [flags]),
    )


def pids(rows: Connects | None) -> list[int]:
    return [] if rows is None else [WHO.unpack(who)[0] for who in rows.who]


@pytest.fixture
def folding() -> Folding:
    return Folding(lambda pid, _image: pid in {RESOLVER, CHAINED}, address_of)


def stub_question(folding: Folding, begin: int = 0, name: bytes = NAME) -> None:
    """A program asks the stub, which asks the server; both are answered."""
    assert pids(folding.sift(row(PROGRAM, STUB, begin))) == [PROGRAM]
    assert pids(folding.sift(row(RESOLVER, SERVER, begin + MS))) == []
    folding.answered(packed(SERVER), name, begin + 20 * MS)
    folding.answered(packed(STUB), name, begin + 21 * MS)


def test_a_question_for_a_program_is_folded(folding: Folding) -> None:
    stub_question(folding)
    assert folding.settle(22 * MS) is None
    assert (folding.folded, folding.is_waiting) == (1, False)


def test_in_whatever_order_it_is_heard(folding: Folding) -> None:
    """Rows and answers come by two ways, read one after the other."""
    steps = [
        lambda: folding.sift(row(PROGRAM, STUB, 0)),
        lambda: folding.sift(row(RESOLVER, SERVER, MS)),
        lambda: folding.answered(packed(SERVER), NAME, 20 * MS),
        lambda: folding.answered(packed(STUB), NAME, 21 * MS),
    ]
    shuffled = random.Random(4)
    for turn in range(1, 25):
        shuffled.shuffle(steps)
        for step in steps:
            step()
            assert folding.settle(22 * MS) is None
        assert (folding.folded, folding.is_waiting) == (turn, False)


def test_what_the_resolver_asks_for_itself_stays_a_row(folding: Folding) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), b"update.resolver.example", 20 * MS)
    folding.answered(packed(STUB), NAME, 21 * MS)
    assert folding.settle(WINDOW_NS) is None
    assert pids(folding.settle(WINDOW_NS + MS)) == [RESOLVER]
    assert folding.folded == 0


def test_what_nobody_answers_stays_a_row(folding: Folding) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(STUB), NAME, 21 * MS)
    assert pids(folding.settle(WINDOW_NS + MS)) == [RESOLVER]


def test_what_is_answered_too_late_stays_a_row(folding: Folding) -> None:
    folding.sift(row(RESOLVER, SERVER, 0))
    folding.asked(NAME, WINDOW_NS // 2, PROGRAM)
    folding.answered(packed(SERVER), NAME, WINDOW_NS + MS)
    assert pids(folding.settle(WINDOW_NS + 2 * MS)) == [RESOLVER]


def test_where_no_process_asked_the_stub_it_stays_a_row(folding: Folding) -> None:
    """Another machine did, or one that is filtered out."""
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    folding.answered(packed(STUB), NAME, 21 * MS)
    assert pids(folding.settle(WINDOW_NS + MS)) == [RESOLVER]


def test_a_client_that_asked_long_before_does_not_count(folding: Folding) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    later = 3 * WINDOW_NS
    folding.sift(row(RESOLVER, SERVER, later))
    folding.answered(packed(SERVER), NAME, later + MS)
    folding.answered(packed(STUB), NAME, later + 2 * MS)
    assert pids(folding.settle(later + WINDOW_NS)) == [RESOLVER]


def test_a_program_that_asks_the_server_itself_is_no_asker_of_the_resolver(
    folding: Folding,
) -> None:
    folding.sift(row(PROGRAM, SERVER, 0))
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    folding.answered(packed(SERVER), NAME, 21 * MS)
    assert pids(folding.settle(WINDOW_NS + MS)) == [RESOLVER]


@pytest.mark.parametrize("asked", [NAME, b"WWW.a.example.", b"www", b"www.a"])
def test_what_libc_was_asked_for_tells_it_too(folding: Folding, asked: bytes) -> None:
    """By a socket of nscd's or systemd-resolved's, and with search domains put behind it."""
    folding.sift(row(RESOLVER, SERVER, 0))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    assert folding.settle(21 * MS) is None
    assert folding.is_waiting
    folding.asked(asked, 22 * MS, PROGRAM)
    assert folding.settle(23 * MS) is None
    assert (folding.folded, folding.is_waiting) == (1, False)


def test_what_the_resolver_itself_asked_libc_for_does_not(folding: Folding) -> None:
    folding.sift(row(RESOLVER, SERVER, 0))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    folding.asked(NAME, 22 * MS, RESOLVER)
    assert pids(folding.settle(WINDOW_NS)) == [RESOLVER]


def test_a_resolver_that_looks_up_a_name_by_libc_is_a_program(folding: Folding) -> None:
    own = row(RESOLVER, SERVER, 0, flags=FLAG_IN_LOOKUP)
    assert pids(folding.sift(own)) == [RESOLVER]


def test_our_own_question_is_nobodys_row(folding: Folding) -> None:
    folding.asked(b"1.2.0.192.in-addr.arpa", 0, None)
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), b"1.2.0.192.in-addr.arpa", 20 * MS)
    assert folding.settle(21 * MS) is None
    assert folding.folded == 1


@pytest.mark.parametrize("asked", [b"example", b"a.example", NAME])
def test_a_resolver_may_ask_for_the_domains_above_first(folding: Folding, asked: bytes) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), asked, 20 * MS)
    folding.answered(packed(STUB), NAME, 40 * MS)
    assert folding.settle(41 * MS) is None
    assert folding.folded == 1


def test_a_name_beside_it_is_another(folding: Folding) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    folding.sift(row(RESOLVER, SERVER, MS))
    folding.answered(packed(SERVER), b"www.a.example.org", 20 * MS)
    folding.answered(packed(STUB), NAME, 40 * MS)
    assert pids(folding.settle(WINDOW_NS + MS)) == [RESOLVER]


def test_one_answer_folds_one_connection(folding: Folding) -> None:
    folding.sift(row(PROGRAM, STUB, 0))
    for at in (1, 2, 3):
        folding.sift(row(RESOLVER, SERVER, at * MS))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    folding.answered(packed(SERVER), NAME, 21 * MS)
    folding.answered(packed(STUB), NAME, 22 * MS)
    assert pids(folding.settle(WINDOW_NS + 3 * MS)) == [RESOLVER]
    assert folding.folded == 2


def test_resolvers_behind_one_another_are_folded_all(folding: Folding) -> None:
    """dnsmasq asks systemd-resolved, which asks a server."""
    folding.sift(row(PROGRAM, "127.0.0.1", 0))
    folding.sift(row(CHAINED, STUB, MS))
    folding.sift(row(RESOLVER, SERVER, 2 * MS))
    folding.answered(packed(SERVER), NAME, 20 * MS)
    folding.answered(packed(STUB), NAME, 21 * MS)
    folding.answered(packed("127.0.0.1"), NAME, 22 * MS)
    assert folding.settle(23 * MS) is None
    assert folding.folded == 2


def test_other_connections_pass_as_they_are(folding: Folding) -> None:
    some = row(RESOLVER, SERVER, 0, port=443)
    assert folding.sift(some) is some
    # A run in which only the bytes of two ports beside each other look like port 53.
    odd = joined(row(PROGRAM, SERVER, 0, port=0x3500), row(PROGRAM, SERVER, 0, port=0x3500))
    assert folding.sift(odd) is odd


def joined(*rows: Connects) -> Connects:
    from probes.naming.folding import joined

    return joined(rows)


def test_of_many_only_the_resolvers_are_held_back(folding: Folding) -> None:
    rows = joined(
        row(PROGRAM, SERVER, 1, port=443),
        row(RESOLVER, SERVER, 2),
        row(OTHER, STUB, 3),
        row(RESOLVER, SERVER, 4, port=853),
        row(RESOLVER, SERVER, 5),
    )
    rest = folding.sift(rows)
    assert (list(rest.times), list(rest.ports)) == ([1, 3, 4], [443, 53, 853])
    assert pids(rest) == [PROGRAM, OTHER, RESOLVER]
    late = folding.rest()
    assert late is not None
    assert list(late.times) == [2, 5]
    assert not folding.is_waiting


def test_no_more_wait_than_there_is_room_for(folding: Folding) -> None:
    for number in range(HELD_MAX + 100):
        folding.sift(row(RESOLVER, SERVER, number))
    stay = folding.settle(HELD_MAX)
    assert stay is not None
    assert list(stay.times) == list(range(100))


def everything(folding: Folding) -> Iterable[int]:
    yield sum(map(len, folding._answered.values()))
    yield sum(map(len, folding._signs.values()))
    yield sum(map(len, folding._clients.values()))


def test_what_is_remembered_is_bounded(folding: Folding) -> None:
    for number in range(20_000):
        address = f"10.{number >> 14}.{number >> 7 & 127}.{number & 127}"
        folding.sift(row(1000 + number, address, number))
        folding.sift(row(1000 + number, STUB, number))
        folding.answered(packed(address), b"%d.example" % number, number)
        folding.answered(packed(STUB), b"%d.example" % number, number)
    assert max(everything(folding)) < 20_000
