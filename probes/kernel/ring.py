"""A BPF ring buffer, read where it lies.

The kernel's side is kernel/bpf/ringbuf.c. A ring is mapped as one page with the consumer's
position, one with the producer's, and the data. (It may be mapped twice in a row, so that the end
cuts no record; here it is mapped once, since every mapping counts as this process's memory, and
what the end cuts is joined.) A record is an 8-byte header and its payload, padded to 8 bytes; the
header's first 32 bits are the payload's length and two flags.
"""

from __future__ import annotations

import mmap
import platform
import struct
from typing import Final, Protocol

RING_SIZE: Final = 16 << 20  # bytes of data; below 1 MB bursts are lost
HEADER: Final = struct.Struct("=II")
BUSY: Final = 1 << 31
DISCARDED: Final = 1 << 30
_LENGTH: Final = DISCARDED - 1
_WORD: Final = struct.Struct("=I")

# Bytes in a turn: some 20,000 connects. The global interpreter lock is then held for 15 ms at most.
TURN: Final = 20_000 * 80


class Ring(Protocol):
    """Whatever events are read from."""

    def drain(self) -> bytes:
        """The next whole records in order, each with its header; empty when there is none."""

    def close(self) -> None:
        """Let go of the buffer. The ring cannot be read any more."""


def span(header: int) -> int:
    """Bytes that a record takes in the ring, from its header's first word."""
    return ((header & _LENGTH) + HEADER.size + 7) & ~7


def frame(payload: bytes) -> bytes:
    """`payload` as a record of the ring, for what arrives or is stored one by one."""
    padding = span(len(payload)) - HEADER.size - len(payload)
    return HEADER.pack(len(payload), 0) + payload + bytes(padding)


class MappedRing:
    """A ring buffer map, mapped into this process: no call into the kernel to read it.

    Between the kernel's write of a record and its header's, and our reading of them, stands no
    barrier that Python could express. x86 keeps loads and stores in order; see `can_map`.
    """

    def __init__(self, fd: int, size: int) -> None:
        """`fd`: the map's descriptor, duplicated here. `size`: bytes of data, a power of two.

        Raises:
            OSError: the map cannot be mapped.
        """
        page = mmap.PAGESIZE
        self._consumer = mmap.mmap(fd, page)
        self._shared = mmap.mmap(fd, page + size, prot=mmap.PROT_READ, offset=page)
        # A cast view reads and writes all 8 bytes at once, which struct's "<Q" does not.
        self._consumed = memoryview(self._consumer).cast("Q")
        self._produced = memoryview(self._shared)[:8].cast("Q")
        self._words = memoryview(self._shared)[page:].cast("I")
        self._data = page
        self._size = size

    def drain(self) -> bytes:
        """See `Ring`. Stops ahead of a record that a program is still writing."""
        start = self._consumed[0]
        limit = min(self._produced[0], start + TURN)
        shared, data, mask = self._shared, self._data, self._size - 1
        words = self._words
        position = start
        while position < limit:
            # Records begin at multiples of 8 bytes, so that the end cuts no header.
            offset = position & mask
            word = words[offset // 4]
            if word & BUSY:
                break
            size = span(word)
            position += size * (1 + self._followers(word, size, offset, limit - position))
        if position == start:
            return b""
        # The headers were read before: what they announce is complete now.
        begin, length = start & mask, position - start
        first = min(length, self._size - begin)
        records = shared[data + begin : data + begin + first]
        if first < length:
            records += shared[data : data + length - first]
        self._consumed[0] = position
        return records

    def _followers(self, word: int, size: int, offset: int, length: int) -> int:
        """How many records follow with the very header of the one at `offset`.

        Most are connects, of one size: asked for many at a time, they cost a tenth. `length`: bytes
        from `offset` on in which records begin. Only those ahead of the data's end are counted.
        """
        most = (min(length, self._size - offset) - 1) // size
        step = size // 4
        first = offset // 4 + step
        header = _WORD.pack(word)
        count, block = 0, 4
        while count < most:
            # Twice as many at each step, as `decode` reads them.
            block = min(block * 2, most - count)
            begin = first + count * step
            found = self._words[begin : begin + block * step : step].tobytes()
            if found != header * block:
                for index in range(0, len(found), len(header)):
                    if found[index : index + len(header)] != header:
                        return count + index // len(header)
            count += block
        return count

    def close(self) -> None:
        """See `Ring`."""
        self._words.release()
        self._consumed.release()
        self._produced.release()
        self._consumer.close()
        self._shared.close()


def can_map() -> bool:
    """Whether this machine's memory order lets Python read a mapped ring."""
    return platform.machine() in {"x86_64", "AMD64"}
