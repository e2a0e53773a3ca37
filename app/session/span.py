"""A stretch of time that the rows shown are limited to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from app.filters.mask import Mask
from probes.connections import Connections

_SECOND: Final = 1_000_000_000
_SHORT: Final = 10 * _SECOND  # below it, seconds say little


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ns` up to, not including, `end_ns`: nanoseconds since the epoch."""

    start_ns: int
    end_ns: int

    def mask(self, rows: Connections) -> Mask:
        """For each row, whether its time lies in here."""
        start, end = self.start_ns, self.end_ns
        return bytes([start <= time_ns < end for time_ns in rows.times])

    def __str__(self) -> str:
        """`12:00:00 to 12:05:00`, local time; with milliseconds where it is short."""
        exact = self.end_ns - self.start_ns < _SHORT
        return f"{_clock(self.start_ns, exact)} to {_clock(self.end_ns, exact)}"


def _clock(time_ns: int, exact: bool) -> str:
    text = time.strftime("%H:%M:%S", time.localtime(time_ns // _SECOND))
    return f"{text}.{time_ns % _SECOND // 1_000_000:03d}" if exact else text
