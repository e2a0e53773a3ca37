"""Pictures of what a person makes of the dashboard: other columns, other colours, the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from app.settings.look import Look
from tests.screens.sizes import at_each_size
from tests.screens.stage import Stage
from tests.screens.test_snapshots import Act, filtering, play, pressing
from tests.screens.zone import utc

pytestmark = pytest.mark.pictures

LIGHT = Look(theme="textual-light")
CHOSEN = Look(columns=("time", "process", "args", "parent", "result", "latency", "destination"))

SCENES: dict[str, tuple[Look, Act]] = {
    "columns": (Look(), pressing("c")),
    "columns_chosen": (CHOSEN, pressing("c", "j", "j", "space")),
    "chosen": (CHOSEN, play),
    "palette": (Look(), pressing("ctrl+p")),
    "light": (LIGHT, pressing("up", "up")),
    "light_timeline": (LIGHT, pressing("t", "left", "left")),
    "light_columns": (LIGHT, pressing("c")),
    "light_wrong_filter": (LIGHT, filtering("prot:443")),
    "light_help": (LIGHT, pressing("question_mark")),
}


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    with utc():
        yield


@at_each_size
@pytest.mark.parametrize("scene", SCENES)
def test_screen(scene: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    look, act = SCENES[scene]
    stage = Stage(attached=False, look=look)

    async def before(pilot: Pilot[None]) -> None:
        await act(stage, pilot)

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
