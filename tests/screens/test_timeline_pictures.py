"""Pictures of a recording and its timeline; see tests/screens/test_snapshots.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest
from textual.pilot import Pilot

from tests.screens.replayed import Replayed
from tests.screens.sizes import at_each_size
from tests.screens.zone import utc

pytestmark = pytest.mark.pictures


async def whole(play: Replayed, pilot: Pilot[None]) -> None:
    await play.all_there(pilot)


async def picked(play: Replayed, pilot: Pilot[None]) -> None:
    await play.all_there(pilot)
    play.timeline.focus()
    await pilot.press("end", *["left"] * 14, *["shift+right"] * 6)
    await pilot.pause(0.8)


async def played(play: Replayed, pilot: Pilot[None]) -> None:
    await play.all_there(pilot)
    await pilot.press("minus", "minus")
    await play.until(pilot, lambda: len(play.rows) > 0)
    play.now += 1.5
    await pilot.pause(0.8)
    await pilot.press("space")
    await pilot.pause(0.8)


SCENES: dict[str, Callable[[Replayed, Pilot[None]], Awaitable[None]]] = {
    "recording": whole,
    "picked": picked,
    "played": played,
}


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    with utc():
        yield


@at_each_size
@pytest.mark.parametrize("scene", SCENES)
def test_screen(scene: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    play = Replayed()

    async def before(pilot: Pilot[None]) -> None:
        await SCENES[scene](play, pilot)

    assert snap_compare(play.app, terminal_size=size, run_before=before)
