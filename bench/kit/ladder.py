"""The highest rate at which a tool misses nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from kit.capturing import Outcome

_CLOSE: Final = 1.2  # a rate that was kept and one that was not, closer than that: good enough
_STEPS: Final = 2
_SLOWER: Final = 0.9  # of the rate that was asked for: the load could be made no faster

Try = Callable[[int], Outcome]


def has_topped(outcomes: Sequence[Outcome]) -> bool:
    """Whether the last one was the top: something was missing, or the load got no faster."""
    last = outcomes[-1]
    return not last.kept_up or last.made.rate < _SLOWER * (last.load.rate or 0)


def narrowed(outcomes: Sequence[Outcome], attempt: Try) -> list[Outcome]:
    """What `attempt` gave at rates between the highest that was kept and the lowest that was not.

    `outcomes`: of paced loads.
    """
    found: list[Outcome] = []
    kept = max((_rate(each) for each in outcomes if each.kept_up), default=0)
    missed = min(
        (_rate(each) for each in outcomes if not each.kept_up and _rate(each) > kept), default=0
    )
    while kept and missed > kept * _CLOSE and len(found) < _STEPS:
        found.append(attempt(between(kept, missed)))
        if found[-1].kept_up:
            kept = _rate(found[-1])
        else:
            missed = _rate(found[-1])
    return found


def between(low: int, high: int) -> int:
    """The geometric mean in two digits: 280,000 for 200,000 and 400,000."""
    mean = math.sqrt(low * high)
    unit = 10 ** (math.floor(math.log10(mean)) - 1)
    return round(mean / unit) * unit


def highest(outcomes: Sequence[Outcome]) -> float:
    """The highest rate, as it was made, of those at which nothing was missing; 0 for none."""
    return max((each.made.rate for each in outcomes if each.kept_up), default=0.0)


def _rate(outcome: Outcome) -> int:
    assert outcome.load.rate is not None
    return outcome.load.rate
