"""How fast a recording is played: once or many times as fast as it happened, or all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isfinite
from time import monotonic
from typing import Final, NamedTuple

SPEEDS: Final[tuple[float | None, ...]] = (1, 2, 10, 60, None)
"""What a person chooses from; None is all at once."""


class _Mark(NamedTuple):
    """Where the playing was at a moment, and how it went on from there. Replaced as a whole."""

    at: float  # seconds, of the clock
    time_ns: int | None  # of the recording; None ahead of its first row
    speed: float | None
    paused: bool


class Pace:
    """A speed that one thread sets while another asks what has come by it."""

    def __init__(
        self,
        speed: float | None = None,
        since_ns: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`speed`: times the recording's own pace. `since_ns`: what is older comes at once."""
        _check(speed)
        self._clock = clock
        self._since_ns = since_ns
        self._passed_ns: int | None = None  # the newest time that was handed over
        self._mark = _Mark(clock(), None, speed, paused=False)

    def anew(self, speed: float | None, since_ns: int | None) -> Pace:
        """Another one by the same clock, ahead of the first row; as `Pace` is made."""
        return Pace(speed, since_ns, self._clock)

    @property
    def speed(self) -> float | None:
        """Times the recording's own pace; None is all at once."""
        return self._mark.speed

    @property
    def paused(self) -> bool:
        """Whether nothing comes any more."""
        return self._mark.paused

    def set_speed(self, speed: float | None) -> None:
        """Go on at another speed from here on."""
        _check(speed)
        self._mark = _Mark(self._clock(), self._reached(), speed, self.paused)

    def pause(self, paused: bool) -> None:
        """Stand still, or go on."""
        self._mark = _Mark(self._clock(), self._reached(), self.speed, paused)

    def due(self, times: Sequence[int], start: int) -> int:
        """Up to which index, from `start` on, the moments in `times` have come.

        What is older than one that has come, since the clock was set back, comes with it.
        """
        mark = self._mark
        if mark.time_ns is None:
            first = times[start] if self._since_ns is None else max(times[start], self._since_ns)
            mark = self._mark = mark._replace(at=self._clock(), time_ns=first)
        if mark.paused:
            return start
        if mark.speed is None:
            stop = len(times)
        else:
            reached, stop = self._reached(), start
            assert reached is not None
            while stop < len(times) and times[stop] <= reached:
                stop += 1
        if stop > start:
            self._passed_ns = max(times[stop - 1], self._passed_ns or 0)
        return stop

    def ahead(self, time_ns: int) -> float:
        """Seconds until that moment comes; infinite while nothing does."""
        mark, reached = self._mark, self._reached()
        if mark.paused:
            return inf
        if mark.speed is None or reached is None:
            return 0.0
        return max(0.0, (time_ns - reached) / 1e9 / mark.speed)

    def _reached(self) -> int | None:
        """The recording's moment that is now."""
        mark = self._mark
        if mark.time_ns is None or mark.paused:
            return mark.time_ns
        if mark.speed is None:
            return mark.time_ns if self._passed_ns is None else self._passed_ns
        return mark.time_ns + int((self._clock() - mark.at) * 1e9 * mark.speed)


def _check(speed: float | None) -> None:
    if speed is not None and not (isfinite(speed) and speed > 0):
        raise ValueError(f"speed must be a number above 0, not {speed}")
