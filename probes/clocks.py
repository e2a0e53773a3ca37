"""Times of the kernel's events, which count from boot (CLOCK_MONOTONIC), and those of the world."""

from __future__ import annotations

import sys
import time
from array import array
from typing import Final

_TRIES: Final = 3


def epoch_offset() -> int:
    """Nanoseconds from CLOCK_MONOTONIC to the epoch, now: what event times are moved by.

    Of a few tries the one that was interrupted least between one clock and the other.
    """
    tries = []
    for _ in range(_TRIES):
        before, now, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        tries.append((after - before, now - (before + after) // 2))
    return min(tries)[1]


def moved(times: array[int], offset: int) -> bytes:
    """`times` with `offset` added to each, as 8-byte numbers.

    Added all at once, as if they were the digits of one number: 5 ns each instead of 100. Nothing
    is carried from one to the next, since a time and its sum fit 63 bits.
    """
    if offset < 0:  # the machine's clock says that it was booted before 1970
        return array("q", [time_ns + offset for time_ns in times]).tobytes()
    order = sys.byteorder
    moves = array("q", [offset]) * len(times)
    total = int.from_bytes(times.tobytes(), order) + int.from_bytes(moves.tobytes(), order)
    return total.to_bytes(8 * len(times), order)
