from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probes.event import (
    EVENT,
    FLAG_IN_LOOKUP,
    KIND_CONNECT,
    KIND_EXEC,
    KIND_NAME,
    KIND_OUTCOME,
    KIND_PROCESS,
    NAME_SIZE,
    OUTCOME,
    RESULT_ABANDONED,
    WHERE,
    WHO,
    Connects,
    Ends,
    NameEvent,
    address_of,
    family_of,
    kind_of,
)
from probes.kernel.decode import Decoded, decode
from probes.kernel.ring import BUSY, DISCARDED, HEADER, frame, span
from probes.processes.execs import FILENAME_SIZE, Exec
from probes.processes.image import IMAGE, Image, read_image
from tests.events import where_of

V4 = socket.inet_pton(socket.AF_INET, "192.0.2.7")
LOCAL = EVENT.size - WHERE.size - 2  # bytes of an outcome ahead of its socket's own end
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7")

NUMBER = 0x1234_5678_9ABC_0007  # of a process image

Connect = tuple[int, int, bytes, bytes, int, int]
"""A row of `Connects`: time, tid, who, where, port, flags."""

End = tuple[int, int, int, int, bytes, int]
"""A row of `Ends`: time, tid, result, latency, local end, its port."""

Row = Connect | NameEvent | Image


def event(
    kind: int = KIND_CONNECT,
    family: int = socket.AF_INET,
    port: int = 443,
    address: bytes = V4,
    comm: bytes = b"curl",
    flags: int = 0,
    image: int = NUMBER,
) -> bytes:
    """A `struct event` of bpf/event.h."""
    where = WHERE.unpack(where_of(address, family))
    return EVENT.pack(7_000_000_123, kind, flags, 12, 11, 1000, comm, image, *where, port)


def name_event(name: bytes, family: int = socket.AF_INET, address: bytes = V4) -> bytes:
    """A `struct name_event`."""
    return event(KIND_NAME, family, 0, address) + name.ljust(NAME_SIZE, b"\0")


def process_event(
    args: bytes = b"curl\0-s\0", path: bytes = b"curl\0bin\0", flags: int = 0, image: int = NUMBER
) -> bytes:
    """A `struct process_event`, cut off behind its data."""
    head = event(KIND_PROCESS, 0, 0, b"", flags=flags, image=image)
    return head + IMAGE.pack(5_000, 77, 9, 10, 4, 3, len(args), len(path)) + args + path


def outcome_event(
    ts_ns: int = 7, tid: int = 12, result: int = 111, latency_ns: int = 5_000, port: int = 5123
) -> bytes:
    """A `struct outcome_event`."""
    family = socket.AF_INET
    return OUTCOME.pack(ts_ns, KIND_OUTCOME, 0, tid, 11, result, latency_ns, V4, family, port)


CURL = WHO.pack(11, 1000, b"curl", NUMBER)
CONNECT = (7_000_000_123, 12, CURL, where_of(V4, socket.AF_INET), 443, 0)


def rows_of(decoded: Decoded) -> list[Row]:
    """The events one by one, but for `ends_of`."""
    rows: list[Row] = []
    for found in decoded.events:
        if isinstance(found, Connects):
            rows += zip(*found, strict=True)
        elif not isinstance(found, Ends):
            rows.append(found)
    return rows


def ends_of(decoded: Decoded) -> list[End]:
    """What became of connects, one by one."""
    return [
        end for each in decoded.events if isinstance(each, Ends) for end in zip(*each, strict=True)
    ]


def ends_one_by_one(records: bytes) -> list[End]:
    """What `decode` must find of these."""
    ends: list[End] = []
    position = 0
    while position + HEADER.size <= len(records):
        word, _ = HEADER.unpack_from(records, position)
        payload = records[position + HEADER.size :][: OUTCOME.size]
        position += span(word)
        if word == OUTCOME.size == len(payload):
            ts_ns, kind, _, tid, _, result, latency, *_, port = OUTCOME.unpack(payload)
            local = payload[LOCAL : LOCAL + WHERE.size]
            if kind == KIND_OUTCOME:
                ends.append((ts_ns, tid, result, latency, local, port))
    return ends


def read_one_by_one(records: bytes) -> tuple[list[Row], int]:
    """What `decode` must find: the events but for `Ends`, and how many records made no sense."""
    rows: list[Row] = []
    position = unreadable = 0
    while position < len(records):
        rest = records[position:]
        if len(rest) < HEADER.size:
            return rows, unreadable + 1
        word, _ = HEADER.unpack_from(rest)
        position += span(word)
        payload = rest[HEADER.size : HEADER.size + (word & ~(BUSY | DISCARDED))]
        if word & DISCARDED:
            continue
        if word & BUSY or len(payload) != word or word < EVENT.size:
            unreadable += 1
            continue
        ts_ns, kind, flags, tid, tgid, uid, comm, image, *rest, port = EVENT.unpack_from(payload)
        who, where = WHO.pack(tgid, uid, comm, image), WHERE.pack(*rest)
        address, family = rest[:2]
        if kind == KIND_CONNECT and word == EVENT.size:
            rows.append((ts_ns, tid, who, where, port, flags))
        elif kind == KIND_OUTCOME and word == EVENT.size:
            pass
        elif (
            kind == KIND_NAME
            and word >= EVENT.size + NAME_SIZE
            and family in (socket.AF_INET, socket.AF_INET6)
        ):
            name = payload[EVENT.size : EVENT.size + NAME_SIZE].split(b"\0")[0]
            size = 4 if family == socket.AF_INET else 16
            rows.append(NameEvent(ts_ns, tid, who, address[:size], name))
        elif (
            kind == KIND_PROCESS
            and word >= EVENT.size + IMAGE.size
            and (told := read_image(tgid, image, flags, payload[EVENT.size :], comm))
        ):
            rows.append(told)
        elif kind == KIND_EXEC and word >= EVENT.size + FILENAME_SIZE:
            filename = payload[EVENT.size : EVENT.size + FILENAME_SIZE].split(b"\0")[0]
            rows.append(Exec(tgid, comm.split(b"\0")[0], filename))
        else:
            unreadable += 1
    return rows, unreadable


def test_a_connection_is_read_field_by_field() -> None:
    decoded = decode(frame(event()))
    assert rows_of(decoded) == [CONNECT]
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
    assert isinstance(found, Connects)
    [where] = found.where
    assert (family_of(where), address_of(where)) == (family, address)


@pytest.mark.parametrize("kind", [(6, 0, 1), (262, 2, 1), (1, 1, 3), (0xFFFF, 0xFF, 0xFF)])
def test_so_is_the_kind_of_its_socket(kind: tuple[int, int, int]) -> None:
    assert kind_of(WHERE.pack(V4, socket.AF_INET, *kind)) == kind


@pytest.mark.parametrize(("flags", "in_lookup"), [(0, False), (1, True), (2, False), (3, True)])
def test_a_connect_of_getaddrinfos_own_is_told(flags: int, in_lookup: bool) -> None:
    [found] = decode(frame(event(flags=flags))).events
    assert isinstance(found, Connects)
    assert [bool(each & FLAG_IN_LOOKUP) for each in found.flags] == [in_lookup]


def test_a_name_ends_at_its_nul_and_a_full_one_does_not_run_over() -> None:
    longest = b"x" * (NAME_SIZE - 1)
    records = frame(name_event(b"example.org")) + frame(name_event(longest)) + frame(event())
    first, second, last = rows_of(decode(records))
    assert first == NameEvent(7_000_000_123, 12, CURL, V4, b"example.org")
    assert isinstance(second, NameEvent)
    assert second.name == longest
    assert last == CONNECT


def test_what_became_of_a_connect_is_read_field_by_field() -> None:
    decoded = decode(frame(outcome_event()))
    assert ends_of(decoded) == [(7, 12, 111, 5_000, where_of(V4, socket.AF_INET, 0, 0, 0), 5123)]
    assert decoded.unreadable == 0


def test_connects_and_their_ends_are_read_together_the_connects_first() -> None:
    records = b"".join(
        frame(event()) + frame(outcome_event(n)) + frame(outcome_event(n, result=RESULT_ABANDONED))
        for n in range(300)
    )
    connects, ends = decode(records).events
    assert isinstance(connects, Connects)
    assert isinstance(ends, Ends)
    assert len(connects.times) == 300
    assert ends_of(decode(records)) == ends_one_by_one(records)
    assert ends.results.tolist() == [111, RESULT_ABANDONED] * 300


def test_a_process_image_is_told_ahead_of_its_connect() -> None:
    told, connect = rows_of(decode(frame(process_event()) + frame(event())))
    assert told == Image(*(11, NUMBER, 5_000, 10, 77, 4, 3, "/bin/curl", ("curl", "-s")), 9, "curl")
    assert connect == CONNECT


def test_a_comm_of_full_length_is_kept() -> None:
    [found] = decode(frame(event(comm=b"sixteen-bytes-xx"))).events
    assert isinstance(found, Connects)
    assert WHO.unpack(found.who[0]) == (11, 1000, b"sixteen-bytes-xx", NUMBER)


def test_discarded_records_are_passed_over_without_a_word() -> None:
    discarded = HEADER.pack(EVENT.size | DISCARDED, 3) + event(port=1)
    decoded = decode(frame(event()) + discarded + frame(event()))
    assert rows_of(decoded) == [CONNECT, CONNECT]
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
        frame(process_event()[:-1]),
        frame(process_event()[: EVENT.size + IMAGE.size - 1]),
        frame(process_event(image=0)),
        frame(outcome_event()[:-8]),
        frame(outcome_event() + bytes(8)),
    ],
    ids=[
        *("busy", "kind 0", "kind 99", "too short", "empty", "half a name", "name of no address"),
        *("half a path", "half a process", "no image", "half an end", "a longer end"),
    ],
)
def test_what_makes_no_sense_is_counted_and_the_rest_is_read(record: bytes) -> None:
    decoded = decode(frame(event()) + record + frame(event()))
    assert rows_of(decoded) == [CONNECT, CONNECT]
    assert decoded.unreadable == 1


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 40, 79])
def test_a_truncated_end_is_counted_once(cut: int) -> None:
    whole = frame(event())
    decoded = decode(whole + whole[:-cut])
    assert rows_of(decoded) == [CONNECT]
    assert decoded.unreadable == 1


def test_a_length_beyond_the_end_is_no_event() -> None:
    decoded = decode(HEADER.pack(1 << 29, 0) + event())
    assert rows_of(decoded) == []
    assert decoded.unreadable == 1


@given(st.binary(max_size=2000))
def test_any_bytes_at_all_are_decoded(records: bytes) -> None:
    decoded = decode(records)
    assert decoded.unreadable + len(rows_of(decoded)) <= len(records) / HEADER.size + 1
    assert (rows_of(decoded), decoded.unreadable) == read_one_by_one(records)
    assert ends_of(decoded) == ends_one_by_one(records)


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
    st.builds(outcome_event, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)),
    st.builds(
        process_event,
        st.binary(max_size=40),
        st.binary(max_size=40),
        st.integers(0, 0xFFFF),
        st.integers(0, 3),
    ),
    st.builds(lambda rest: event(KIND_EXEC) + rest, st.binary(min_size=250, max_size=260)),
    st.builds(lambda rest: event(KIND_PROCESS) + rest, st.binary(min_size=IMAGE.size, max_size=60)),
)


@given(st.lists(_payloads, max_size=8))
def test_every_record_is_an_event_or_counted(payloads: list[bytes]) -> None:
    records = b"".join(map(frame, payloads))
    decoded = decode(records)
    rows = rows_of(decoded)
    assert len(rows) + len(ends_of(decoded)) + decoded.unreadable == len(payloads)
    assert ends_of(decoded) == ends_one_by_one(records)
    assert (rows, decoded.unreadable) == read_one_by_one(records)
    for found in rows:
        if isinstance(found, Image):
            continue
        if isinstance(found, Exec):
            continue
        address = found.address if isinstance(found, NameEvent) else address_of(found[3])
        assert len(address) in (0, 4, 16)
        assert not isinstance(found, NameEvent) or b"\0" not in found.name


def numbered(number: int) -> bytes:
    """A connect of which no two fields are those of another."""
    return EVENT.pack(
        *(number, KIND_CONNECT, number % 4, number + 1, number + 2, number + 3, b"c%d" % number),
        *(number + 4, number.to_bytes(16, "big"), number % 7 * 5, number % 263, number % 3),
        *(number % 11, number % 65_536),
    )


_BREAKS = [
    frame(name_event(b"example.org")),
    frame(name_event(b"")) + frame(name_event(b"x" * NAME_SIZE, socket.AF_INET6, V6)),
    HEADER.pack(EVENT.size | DISCARDED, 3) + event(port=1),
    HEADER.pack(EVENT.size | BUSY, 3) + event(port=2),
    frame(event(kind=99)),
    frame(event() + bytes(8)),  # as long as no connect is
    frame(name_event(b"example.org")[:-8]),
    frame(b""),
    frame(process_event()),
    frame(outcome_event()),
    frame(outcome_event()) * 20,
    frame(outcome_event()[:-8]),
]
# Runs are read in steps of 16, 32, 64 ... records, and their keys 256 at a time.
_RUN_LENGTHS = st.one_of(
    st.integers(1, 70),
    st.sampled_from([15, 16, 17, 47, 48, 49, 112, 255, 256, 257, 512, 513, 600]),
)
_stretches = st.lists(st.one_of(_RUN_LENGTHS, st.sampled_from(_BREAKS)), max_size=8)


@settings(deadline=None)
@given(_stretches, st.integers(0, 90))
@example([300, _BREAKS[0], 17, _BREAKS[2], 1, _BREAKS[3], 256], 0)
@example([16, 32, 64, _BREAKS[4]], 71)
def test_runs_are_read_as_one_record_after_the_other(
    stretches: Sequence[int | bytes], cut: int
) -> None:
    number = 0
    records = bytearray()
    for stretch in stretches:
        if isinstance(stretch, bytes):
            records += stretch
            continue
        for _ in range(stretch):
            records += frame(numbered(number))
            number += 1
    whole = bytes(records[: len(records) - cut])
    decoded = decode(whole)
    assert (rows_of(decoded), decoded.unreadable) == read_one_by_one(whole)
    assert ends_of(decoded) == ends_one_by_one(whole)


@pytest.mark.parametrize("count", [1, 16, 48, 49, 256, 1000])
def test_a_run_without_a_break_is_one_piece(count: int) -> None:
    run = b"".join(frame(numbered(number)) for number in range(count))
    before, told, after = decode(run + frame(name_event(b"example.org")) + run).events
    assert isinstance(before, Connects)
    assert isinstance(told, NameEvent)
    assert before == after
    assert before.times.tolist() == list(range(count))
