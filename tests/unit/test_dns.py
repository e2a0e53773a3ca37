"""DNS answers, whole and not; the parser takes any bytes."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.naming.answers import Answers, payload, source
from probes.naming.dns import Answer, Response, answers, record_ttl, response

A, NS, CNAME, AAAA = 1, 2, 5, 28
HERE, THERE = socket.inet_aton("192.0.2.1"), socket.inet_aton("192.0.2.2")
SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
ASKED = b"\xc0\x0c"  # a pointer to the question's name, behind the header


def name(text: str) -> bytes:
    labels = text.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner: bytes, kind: int, data: bytes, ttl: int = 300, group: int = 1) -> bytes:
    return owner + struct.pack(">HHIH", kind, group, ttl, len(data)) + data


def message(
    *records: bytes, flags: int = 0x8180, asked: str = "a.example", count: int = -1
) -> bytes:
    head = struct.pack(">HHHHHH", 7, flags, 1, len(records) if count < 0 else count, 0, 0)
    return head + name(asked) + struct.pack(">HH", A, 1) + b"".join(records)


def test_addresses_belong_to_the_name_that_was_asked_for() -> None:
    found = answers(message(record(ASKED, A, HERE), record(ASKED, AAAA, SIX, ttl=9)))
    assert found == [Answer(b"a.example", HERE, 300), Answer(b"a.example", SIX, 9)]


def test_case_does_not_matter() -> None:
    found = answers(message(record(name("A.eXample"), A, HERE), asked="a.EXAMPLE"))
    assert found == [Answer(b"a.example", HERE, 300)]


def test_aliases_are_followed_in_any_order_and_the_shortest_life_counts() -> None:
    links = [
        record(name("c.example"), A, HERE, ttl=60),
        record(name("b.example"), CNAME, name("c.example"), ttl=5),
        record(ASKED, CNAME, name("b.example"), ttl=100),
    ]
    expected = [Answer(b"a.example", HERE, 5)]
    assert answers(message(*links)) == answers(message(*reversed(links))) == expected


def test_an_alias_may_point_into_the_middle_of_a_name() -> None:
    # b + a pointer to "example" in the question
    alias = b"\x01b\xc0\x0e"
    found = answers(message(record(ASKED, CNAME, alias), record(name("b.example"), A, HERE)))
    assert found == [Answer(b"a.example", HERE, 300)]


def test_aliases_in_a_circle_come_to_an_end() -> None:
    circle = [
        record(ASKED, CNAME, name("b.example")),
        record(name("b.example"), CNAME, name("a.example")),
    ]
    assert answers(message(*circle)) == []
    assert len(answers(message(*circle, record(name("b.example"), A, HERE)))) == 1


@pytest.mark.parametrize(
    "other",
    [
        record(name("b.example"), A, HERE),  # somebody else's
        record(ASKED, NS, HERE),
        record(ASKED, A, HERE[:3]),
        record(ASKED, AAAA, HERE),
        record(ASKED, A, HERE, group=3),
    ],
)
def test_what_is_no_address_of_it_is_passed_over(other: bytes) -> None:
    assert answers(message(other, record(ASKED, A, THERE))) == [Answer(b"a.example", THERE, 300)]


@pytest.mark.parametrize(
    "flags",
    [0x0180, 0x8183, 0x8182, 0xA180],
    ids=["a question", "no such name", "server failure", "another operation"],
)
def test_what_is_no_answer_says_nothing(flags: int) -> None:
    assert answers(message(record(ASKED, A, HERE), flags=flags)) == []


def test_what_was_cut_off_tells_what_is_whole() -> None:
    whole = message(record(ASKED, A, HERE), record(ASKED, A, THERE))
    for length in range(len(whole)):
        complete = 0 if length < len(whole) - 16 else 1
        assert len(answers(whole[:length])) == complete


def test_a_life_beyond_31_bits_is_none() -> None:
    [found] = answers(message(record(ASKED, A, HERE, ttl=0x8000_0001)))
    assert found.ttl == 0


@pytest.mark.parametrize("owner", [b"\xc0\x2b", b"\xc0\xff", b"\xff\xff", b"\x40a\0", b"\xc0"])
def test_a_name_that_leads_nowhere_ends_it(owner: bytes) -> None:
    assert answers(message(record(owner, A, HERE), record(ASKED, A, THERE))) == []


def test_a_name_that_is_too_long_ends_it() -> None:
    assert answers(message(record(name(".".join(["a" * 63] * 4)), A, HERE))) == []
    assert answers(message(record(ASKED, A, HERE), asked=".".join(["a" * 49] * 5)))


def test_more_records_than_anybody_uses_are_left() -> None:
    assert len(answers(message(*[record(ASKED, A, HERE)] * 1000))) == 128


@pytest.mark.parametrize("flags", [0x8180, 0x8183, 0x8182])
def test_what_was_asked_for_is_known_whatever_the_answer(flags: int) -> None:
    assert response(message(flags=flags, asked="a.EXAMPLE")) == Response(b"a.example", [])


@pytest.mark.parametrize("flags", [0x0180, 0xA180], ids=["a question", "another operation"])
def test_what_answers_nothing_is_no_response(flags: int) -> None:
    assert response(message(flags=flags)) is None


def test_a_chain_of_aliases_leads_from_the_name_asked_for_to_all_its_addresses() -> None:
    hops = [
        record(name(f"h{n}.example"), CNAME, name(f"h{n + 1}.example"), ttl=100 - n)
        for n in range(8)
    ]
    ends = [record(name("h8.example"), A, HERE), record(name("h8.example"), AAAA, SIX)]
    found = answers(message(*hops, *ends, asked="h0.example"))
    assert found == [Answer(b"h0.example", HERE, 93), Answer(b"h0.example", SIX, 93)]


@pytest.mark.parametrize(
    ("raw", "ttl"),
    [
        (record(name("a.example"), A, HERE, ttl=23), 23),
        (record(name("a.example"), A, HERE, ttl=0x8000_0001), 0),
        (record(name("a.example"), A, b"")[:-1], None),
        (b"", None),
    ],
)
def test_a_record_says_how_long_it_lives(raw: bytes, ttl: int | None) -> None:
    assert record_ttl(raw) == ttl


@given(st.binary(max_size=600))
@example(message(record(ASKED, A, HERE)))
def test_any_bytes_will_do(content: bytes) -> None:
    for asked, address, ttl in answers(content):
        assert 0 < len(asked) < 255
        assert len(address) in {4, 16}
        assert 0 <= ttl < 1 << 31


@given(st.data())
def test_nor_does_any_damage_matter(data: st.DataObject) -> None:
    content = bytearray(
        message(record(ASKED, CNAME, b"\x01b\xc0\x0e"), record(name("b.example"), A, HERE))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert len(answers(bytes(content))) <= 2


UDP = struct.pack(">HHHH", 53, 4000, 8 + 5, 0) + b"hello"
IPV4 = bytes([0x45]) + bytes(8) + b"\x11" + bytes(10)


@pytest.mark.parametrize(
    "packet",
    [
        IPV4 + UDP,
        IPV4 + UDP + b"padding of the link",
        bytes([0x47]) + IPV4[1:] + bytes(8) + UDP,
        bytes([0x60]) + bytes(39) + UDP,
    ],
    ids=["IPv4", "padded", "with options", "IPv6"],
)
def test_a_datagram_gives_what_it_carries(packet: bytes) -> None:
    assert payload(packet) == b"hello"


def test_answers_that_came_without_their_time_are_all_heard_at_once() -> None:
    """So it is at first, where nobody on the machine wanted such times before."""
    heard, server = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    heard.setblocking(False)
    with server:
        told = message(record(ASKED, A, HERE))
        datagram = bytes(4) + struct.pack(">HH", 8 + len(told), 0) + told
        header = bytes([0x45]) + bytes(11) + THERE + bytes(4)
        for _ in range(50):
            server.send(header + datagram)
        answers_heard = Answers(sockets=[heard])
        try:
            assert [one.server for one in answers_heard.drain()] == [THERE] * 50
            assert answers_heard.drain() == []
        finally:
            answers_heard.close()


def test_a_packet_says_where_it_comes_from() -> None:
    assert source(bytes([0x45]) + bytes(11) + HERE + bytes(4)) == HERE
    assert source(bytes([0x60]) + bytes(7) + SIX + bytes(16)) == SIX


@given(st.binary(max_size=100))
def test_no_packet_is_too_odd(packet: bytes) -> None:
    assert payload(packet) in packet
