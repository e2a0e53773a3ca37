from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.decode import EVENT, KIND_CONNECT, KIND_NAME, NAME_SIZE, decode
from probes.record import ConnectEvent, NameEvent
from probes.ring import BUSY, DISCARDED, HEADER, frame

V4 = socket.inet_pton(socket.AF_INET, "192.0.2.7")
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7")


def event(
    kind: int = KIND_CONNECT,
    family: int = socket.AF_INET,
    port: int = 443,
    address: bytes = V4,
    comm: bytes = b"curl",
    flags: int = 0,
) -> bytes:
    """A `struct event` of bpf/event.h."""
    return EVENT.pack(7_000_000_123, kind, 12, 11, 1000, comm, address, family, port, flags)


def name_event(name: bytes, family: int = socket.AF_INET, address: bytes = V4) -> bytes:
    """A `struct name_event`."""
    return event(KIND_NAME, family, 0, address) + name.ljust(NAME_SIZE, b"\0")


CONNECT = ConnectEvent(7_000_000_123, 11, 12, 1000, socket.AF_INET, 443, V4, b"curl", False)


def test_a_connection_is_read_field_by_field() -> None:
    decoded = decode(frame(event()))
    assert decoded.events == [CONNECT]
    assert decoded.unreadable == 0


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, V4),
        (socket.AF_INET6, V6),
        (socket.AF_NETLINK, b""),
        (socket.AF_VSOCK, b""),
        (65535, b""),
    ],
)
def test_an_address_has_the_length_of_its_family(family: int, address: bytes) -> None:
    [found] = decode(frame(event(family=family, address=address))).events
    assert (found.family, found.address) == (family, address)


@pytest.mark.parametrize(("flags", "in_lookup"), [(0, False), (1, True), (2, False), (3, True)])
def test_a_connect_of_getaddrinfos_own_is_told(flags: int, in_lookup: bool) -> None:
    [found] = decode(frame(event(flags=flags))).events
    assert isinstance(found, ConnectEvent)
    assert found.in_lookup is in_lookup


def test_a_name_ends_at_its_nul_and_a_full_one_does_not_run_over() -> None:
    longest = b"x" * (NAME_SIZE - 1)
    records = frame(name_event(b"example.org")) + frame(name_event(longest)) + frame(event())
    first, second, last = decode(records).events
    assert first == NameEvent(
        7_000_000_123, 11, 12, 1000, socket.AF_INET, V4, b"curl", b"example.org"
    )
    assert isinstance(second, NameEvent)
    assert second.name == longest
    assert last == CONNECT


def test_a_comm_of_full_length_is_kept() -> None:
    [found] = decode(frame(event(comm=b"sixteen-bytes-xx"))).events
    assert found.comm == b"sixteen-bytes-xx"


def test_discarded_records_are_passed_over_without_a_word() -> None:
    discarded = HEADER.pack(EVENT.size | DISCARDED, 3) + event(port=1)
    decoded = decode(frame(event()) + discarded + frame(event()))
    assert decoded.events == [CONNECT, CONNECT]
    assert decoded.unreadable == 0


@pytest.mark.parametrize(
    "record",
    [
        HEADER.pack(EVENT.size | BUSY, 3) + event(),
        frame(event(kind=0)),
        frame(event(kind=99)),
        frame(event()[:-8]),
        frame(b""),
        frame(name_event(b"example.org")[:-8]),
        frame(name_event(b"example.org", family=socket.AF_NETLINK)),
    ],
    ids=["busy", "kind 0", "kind 99", "too short", "empty", "half a name", "name of no address"],
)
def test_what_makes_no_sense_is_counted_and_the_rest_is_read(record: bytes) -> None:
    decoded = decode(frame(event()) + record + frame(event()))
    assert decoded.events == [CONNECT, CONNECT]
    assert decoded.unreadable == 1


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 40, 71])
def test_a_truncated_end_is_counted_once(cut: int) -> None:
    whole = frame(event())
    decoded = decode(whole + whole[:-cut])
    assert decoded.events == [CONNECT]
    assert decoded.unreadable == 1


def test_a_length_beyond_the_end_is_no_event() -> None:
    decoded = decode(HEADER.pack(1 << 29, 0) + event())
    assert decoded.events == []
    assert decoded.unreadable == 1


@given(st.binary(max_size=2000))
def test_any_bytes_at_all_are_decoded(records: bytes) -> None:
    decoded = decode(records)
    assert decoded.unreadable + len(decoded.events) <= len(records) / HEADER.size + 1


_payloads = st.one_of(
    st.binary(max_size=400),
    st.binary(min_size=EVENT.size, max_size=EVENT.size),
    st.builds(
        lambda kind, family, address, comm: event(kind, family, 1, address, comm),
        st.integers(0, 3),
        st.sampled_from([0, 2, 10, 16, 40]),
        st.binary(max_size=16),
        st.binary(max_size=16),
    ),
    st.builds(name_event, st.binary(max_size=NAME_SIZE)),
)


@given(st.lists(_payloads, max_size=8))
def test_every_record_is_an_event_or_counted(payloads: list[bytes]) -> None:
    decoded = decode(b"".join(map(frame, payloads)))
    assert len(decoded.events) + decoded.unreadable == len(payloads)
    for found in decoded.events:
        assert len(found.address) in (0, 4, 16)
        assert b"\0" not in found.comm
