from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.kernel.ring import BUSY, DISCARDED, HEADER, TURN, MappedRing, frame, span

SIZE = 8 * mmap.PAGESIZE


class Writer:
    """The kernel's side of a ring, laid out in a file as the kernel lays it out in memory.

    The kernel maps the data twice in a row; here it is written twice.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self.fd = os.memfd_create("ring")
        os.truncate(self.fd, 2 * mmap.PAGESIZE + 2 * size)
        self.produced = 0

    @property
    def consumed(self) -> int:
        return int(struct.unpack("=Q", os.pread(self.fd, 8, 0))[0])

    def start_at(self, position: int) -> None:
        self.produced = position
        os.pwrite(self.fd, struct.pack("=Q", position), 0)
        os.pwrite(self.fd, struct.pack("=Q", position), mmap.PAGESIZE)

    def write(self, record: bytes) -> int:
        """Write a record with its header; returns its position."""
        start = self.produced
        assert start + len(record) - self.consumed <= self.size, "the kernel would refuse it"
        first = self.size - start % self.size
        self._put(start % self.size, record[:first])
        self._put(0, record[first:])
        self.produced = start + span(HEADER.unpack_from(record)[0])
        os.pwrite(self.fd, struct.pack("=Q", self.produced), mmap.PAGESIZE)
        return start

    def submit(self, position: int, length: int) -> None:
        """Take the busy flag off a record."""
        for offset, byte in enumerate(struct.pack("=I", length)):
            self._put((position + offset) % self.size, bytes([byte]))

    def _put(self, offset: int, data: bytes) -> None:
        os.pwrite(self.fd, data, 2 * mmap.PAGESIZE + offset)
        os.pwrite(self.fd, data, 2 * mmap.PAGESIZE + self.size + offset)


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    os.close(made.fd)


@pytest.fixture
def ring(writer: Writer) -> Iterator[MappedRing]:
    made = MappedRing(writer.fd, SIZE)
    yield made
    made.close()


def test_hands_over_what_was_written_and_frees_its_room(writer: Writer, ring: MappedRing) -> None:
    assert ring.drain() == b""
    records = [frame(b"one"), frame(b"a second one"), frame(b"")]
    for record in records:
        writer.write(record)
    assert ring.drain() == b"".join(records)
    assert writer.consumed == writer.produced
    assert ring.drain() == b""


def test_a_record_across_the_end_is_whole(writer: Writer, ring: MappedRing) -> None:
    writer.start_at(5 * SIZE - 16)
    records = [frame(bytes(range(64))), frame(b"behind the end")]
    for record in records:
        writer.write(record)
    assert ring.drain() == b"".join(records)


def test_goes_round_many_times(writer: Writer, ring: MappedRing) -> None:
    for turn in range(60):
        records = [frame(bytes([turn]) * length) for length in (64, 1000, 321)]
        for record in records:
            writer.write(record)
        assert ring.drain() == b"".join(records)
    assert writer.produced > 2 * SIZE


def test_stops_ahead_of_a_record_that_is_being_written(writer: Writer, ring: MappedRing) -> None:
    first, last = frame(b"first"), frame(b"last")
    writer.write(first)
    busy = writer.write(HEADER.pack(6 | BUSY, 0) + b"second\0\0")
    writer.write(last)
    assert ring.drain() == first
    assert ring.drain() == b""
    writer.submit(busy, 6)
    assert ring.drain() == frame(b"second") + last


# Equal records are read many at a time, in steps of 8, 16, 32 ...; a run is a length and a count.
_runs = st.lists(
    st.tuples(st.sampled_from([0, 5, 64, 320]), st.sampled_from([1, 2, 8, 9, 10, 25, 57])),
    max_size=4,
)


@given(_runs, st.integers(0, SIZE // 8 - 1), st.data())
def test_however_many_are_alike_each_comes_once_and_none_that_is_being_written(
    runs: list[tuple[int, int]], start: int, data: st.DataObject
) -> None:
    lengths = [length for length, count in runs for _ in range(count)]
    while sum(map(span, lengths)) > SIZE:
        lengths.pop()
    records = [frame(bytes([number % 256]) * n) for number, n in enumerate(lengths)]
    busy = data.draw(st.none() | st.sampled_from(range(len(records))) if records else st.none())
    writer = Writer()
    writer.start_at(5 * SIZE + start * 8)
    ring = MappedRing(writer.fd, SIZE)
    try:
        for number, record in enumerate(records):
            flag = BUSY if number == busy else 0
            head = HEADER.pack(lengths[number] | flag, 0)
            position = writer.write(head + record[HEADER.size :])
            if flag:
                unfinished = position
        assert ring.drain() == b"".join(records[:busy])
        if busy is not None:
            writer.submit(unfinished, lengths[busy])
            assert ring.drain() == b"".join(records[busy:])
        assert writer.consumed == writer.produced
    finally:
        ring.close()
        os.close(writer.fd)


def test_a_discarded_record_blocks_nothing(writer: Writer, ring: MappedRing) -> None:
    writer.write(HEADER.pack(6 | DISCARDED, 0) + b"second\0\0")
    writer.write(frame(b"last"))
    assert ring.drain().endswith(frame(b"last"))
    assert writer.consumed == writer.produced


def test_a_turn_is_bounded_and_nothing_is_left_out() -> None:
    record = frame(bytes(32 << 10))
    writer = Writer(2 << 20)
    # As the kernel has it when a burst came: positions and headers are all that is looked at.
    count = (writer.size - 1) // len(record)
    for number in range(count):
        for copy in (0, writer.size):
            offset = 2 * mmap.PAGESIZE + copy + number * len(record)
            os.pwrite(writer.fd, record[: HEADER.size], offset)
    os.pwrite(writer.fd, struct.pack("=Q", count * len(record)), mmap.PAGESIZE)
    ring = MappedRing(writer.fd, writer.size)
    first = ring.drain()
    assert TURN <= len(first) < TURN + len(record)
    assert first + ring.drain() == record * count
    assert ring.drain() == b""
    ring.close()
    os.close(writer.fd)


def test_a_closed_ring_lets_go_of_the_map(writer: Writer) -> None:
    ring = MappedRing(writer.fd, SIZE)
    ring.close()
    assert not mapped("memfd:ring")


def mapped(name: str) -> bool:
    with open("/proc/self/maps") as maps:
        return name in maps.read()


def test_what_is_no_ring_is_refused() -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(OSError, match=r"\[Errno \d+\]"):
        MappedRing(read_end, SIZE)
    os.close(read_end)
    os.close(write_end)


@given(st.binary(max_size=400))
def test_a_frame_is_a_record(payload: bytes) -> None:
    record = frame(payload)
    length, _ = HEADER.unpack_from(record)
    assert record[HEADER.size : HEADER.size + length] == payload
    assert span(length) == len(record)
    assert len(record) % 8 == 0


@pytest.mark.parametrize("flags", [0, BUSY, DISCARDED, BUSY | DISCARDED])
def test_flags_are_no_length(flags: int) -> None:
    assert [span(length | flags) for length in (0, 1, 64, 65)] == [8, 16, 72, 80]
