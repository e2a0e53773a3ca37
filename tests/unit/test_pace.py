from __future__ import annotations

from math import inf

import pytest

from probes.recordings.pace import Pace

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
TIMES = [START + at * SECOND for at in range(0, 100, 10)]


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_all_at_once_waits_for_nothing(clock: Clock) -> None:
    pace = Pace(None, clock=clock)
    assert pace.due(TIMES, 0) == 10
    assert pace.ahead(TIMES[-1] + 3600 * SECOND) == 0.0


def test_the_first_comes_at_once_and_the_others_at_their_pace(clock: Clock) -> None:
    pace = Pace(2, clock=clock)
    assert pace.due(TIMES, 0) == 1
    assert pace.ahead(TIMES[1]) == 5.0
    clock.now += 4.9
    assert pace.due(TIMES, 1) == 1
    clock.now += 0.2
    assert pace.due(TIMES, 1) == 2
    clock.now += 1000
    assert pace.due(TIMES, 2) == 10


def test_another_speed_goes_on_from_where_it_is(clock: Clock) -> None:
    pace = Pace(1, clock=clock)
    pace.due(TIMES, 0)
    clock.now += 15
    assert pace.due(TIMES, 1) == 2
    pace.set_speed(10)
    assert pace.ahead(TIMES[2]) == 0.5
    pace.set_speed(None)
    assert pace.due(TIMES, 2) == 10


def test_slowed_down_it_goes_on_behind_what_came_at_once(clock: Clock) -> None:
    pace = Pace(None, clock=clock)
    assert pace.due(TIMES[:5], 0) == 5
    pace.set_speed(1)
    assert pace.due(TIMES, 5) == 5
    assert pace.ahead(TIMES[5]) == 10.0


@pytest.mark.parametrize("speed", [1, None])
def test_paused_nothing_comes_and_no_time_passes(speed: float | None, clock: Clock) -> None:
    pace = Pace(speed, clock=clock)
    pace.due(TIMES, 0)
    pace.pause(True)
    clock.now += 1000
    assert pace.due(TIMES, 1) == 1
    assert pace.ahead(TIMES[1]) == inf
    pace.pause(False)
    assert pace.ahead(TIMES[1]) == (10.0 if speed else 0.0)


def test_what_is_older_than_the_place_to_start_from_comes_at_once(clock: Clock) -> None:
    pace = Pace(1, since_ns=TIMES[4], clock=clock)
    assert pace.due(TIMES, 0) == 5
    assert pace.ahead(TIMES[5]) == 10.0


def test_a_clock_that_was_set_back_holds_nothing_up(clock: Clock) -> None:
    pace = Pace(1, clock=clock)
    assert pace.due([START, START - 3600 * SECOND, START], 0) == 3


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_refuses_a_speed_that_is_none(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be a number above 0"):
        Pace(speed)
    with pytest.raises(ValueError, match="speed must be a number above 0"):
        Pace(1).set_speed(speed)
