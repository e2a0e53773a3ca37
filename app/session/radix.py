"""Whole numbers in order, a million of them in steps of some milliseconds."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

SMALL: Final = 8192
"""Numbers that are sorted, or spread, in one step."""

_BUCKET_BITS: Final = 10


def in_order(pieces: Sequence[list[int]], mask: int, result: array[int]) -> Iterator[None]:
    """Put the lower bits, those of `mask`, of all numbers into `result`, in the numbers' order.

    `pieces`: of at most `SMALL` numbers each. They are spread over a thousand buckets by their
    upper bits, and these in the same way, until a bucket is small enough for list.sort(), which
    nobody can interrupt: for a million numbers it takes most of a second.
    """
    if sum(map(len, pieces)) <= SMALL:
        result.extend([number & mask for number in sorted(chain.from_iterable(pieces))])
        yield
        return
    low, high = min(map(min, filter(None, pieces))), max(map(max, filter(None, pieces)))
    shift = max(0, (high - low).bit_length() - _BUCKET_BITS)
    buckets: list[list[int]] = [[] for _ in range(((high - low) >> shift) + 1)]
    for piece in pieces:
        for number in piece:
            buckets[(number - low) >> shift].append(number)
        yield
    done = 0
    for bucket in buckets:
        if len(bucket) > SMALL and shift:
            cut = [bucket[at : at + SMALL] for at in range(0, len(bucket), SMALL)]
            yield from in_order(cut, mask, result)
        elif bucket:
            bucket.sort()
            result.extend([number & mask for number in bucket])
            done += len(bucket)
            if done >= SMALL:
                done = 0
                yield
    yield
