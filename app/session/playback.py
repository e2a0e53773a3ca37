"""A recording that is played, as often and as fast as a person likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.filters.mask import Test
from app.session.capture import Capture
from probes.recordings.pace import SPEEDS, Pace
from probes.source import Source

_ALL: Final = float("inf")


class Playback:
    """Starts a recording, again and again; `pace`: at which it is played now."""

    def __init__(
        self, play: Callable[[Pace], Source], pace: Pace, wanted: Test | None = None
    ) -> None:
        """`play`: gives the recording at a pace. `wanted`: as in `Capture`."""
        self._play = play
        self._wanted = wanted
        self.pace = pace

    def source(self) -> Source:
        """The recording from its first row on, at the pace."""
        return self._play(self.pace)

    def again(self, speed: float | None, since_ns: int | None) -> Capture:
        """A capture of it at another speed; what is older than `since_ns` comes at once."""
        self.pace = self.pace.anew(speed, since_ns)
        return Capture(self.source(), wanted=self._wanted)

    def next_speed(self, step: int) -> float | None:
        """The speed that is chosen after the present one: 1 is a faster one, -1 a slower."""
        present = self.pace.speed or _ALL
        if step > 0:
            faster = [speed for speed in SPEEDS if (speed or _ALL) > present]
            return faster[0] if faster else None
        slower = [speed for speed in SPEEDS if (speed or _ALL) < present]
        return slower[-1] if slower else self.pace.speed


def speed_text(speed: float | None) -> str:
    """`10x`, or `all at once`."""
    return "all at once" if speed is None else f"{speed:g}x"
