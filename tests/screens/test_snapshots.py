"""Pictures of the screens, compared with those that a person has looked at.

After a wanted change: `make test ARGS="tests/screens --snapshot-update"`, and look at them again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.output import exporting
from app.screens.export_screens import ExportingScreen
from probes.record import Ancestor
from tests.connections import made_by
from tests.screens.sizes import at_each_size
from tests.screens.stage import Stage, recorded, settled, type_filter
from tests.screens.zone import utc
from widgets.facts import FactSheet

STARTED_BY_HAND = made_by(
    container=None,
    container_name=None,
    parents=(
        Ancestor(8001, "bash", "/usr/bin/bash", ("-bash",)),
        Ancestor(7990, "sshd", "/usr/sbin/sshd", ("sshd: alice@pts/0",)),
        Ancestor(800, "sshd", "/usr/sbin/sshd", ("/usr/sbin/sshd", "-D")),
        Ancestor(1, "systemd", "/usr/lib/systemd/systemd", ("/sbin/init", "splash")),
    ),
)

pytestmark = pytest.mark.pictures

Act = Callable[[Stage, Pilot[None]], Awaitable[None]]


async def attach(stage: Stage, pilot: Pilot[None]) -> None:
    stage.source.attach()
    await stage.until_attached(pilot)
    stage.now = 100.0


async def play(stage: Stage, pilot: Pilot[None]) -> None:
    await attach(stage, pilot)
    await stage.give(pilot, *recorded())
    stage.now = 200.0
    await stage.give(pilot)


def pressing(*keys: str) -> Act:
    async def act(stage: Stage, pilot: Pilot[None]) -> None:
        await play(stage, pilot)
        await pilot.press(*keys)
        stage.now += 100.0
        await stage.give(pilot)

    return act


def filtering(text: str, *then: str) -> Act:
    async def act(stage: Stage, pilot: Pilot[None]) -> None:
        await play(stage, pilot)
        await type_filter(pilot, text, *then)
        stage.now += 100.0
        await stage.give(pilot)

    return act


async def detail(stage: Stage, pilot: Pilot[None]) -> None:
    await play(stage, pilot)
    await stage.give(pilot, STARTED_BY_HAND)
    stage.now += 100.0
    await stage.give(pilot)
    await pilot.press("enter")
    # Not asked of the screen: to draw it at any other time leaves out what is behind it.
    facts = pilot.app.screen.query_one("#detail-facts", FactSheet)
    await settled(pilot, lambda: "7.88.1" in str(facts.sections))


async def others(stage: Stage, pilot: Pilot[None]) -> None:
    """The details' end, with the cursor on a value there."""
    await play(stage, pilot)
    await pilot.press("up", "up")
    stage.now += 100.0
    await stage.give(pilot)
    await pilot.press("enter")
    sheet = pilot.app.screen.query_one("#detail-lineage", FactSheet)
    await settled(pilot, lambda: "Same AS" in str(sheet.sections))
    await settled(pilot, lambda: "…" not in str(sheet.sections[1:]))
    await pilot.press(*["shift+tab"] * 3)


async def compiling(stage: Stage, pilot: Pilot[None]) -> None:
    await pilot.pause(0.3)


async def paused(stage: Stage, pilot: Pilot[None]) -> None:
    await pressing("up", "up", "space")(stage, pilot)
    await stage.give(pilot, *recorded()[:12])
    stage.source.lose(3)
    stage.now += 100.0
    await stage.give(pilot)


async def exporting_many(stage: Stage, pilot: Pilot[None]) -> None:
    await play(stage, pilot)
    await stage.give(pilot, *recorded() * 80)
    await pilot.press("e")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = "out.csv"
    await pilot.press("enter")
    await settled(pilot, lambda: isinstance(pilot.app.screen, ExportingScreen))
    stage.now += 100.0
    await stage.give(pilot)


SCENES: dict[str, Act] = {
    "compiling": compiling,
    "nothing_yet": attach,
    "running": play,
    "pinned": pressing("up", "p"),
    "filtered": filtering("host:github", "enter"),
    "wrong_filter": filtering("prot:443"),
    "completing": filtering("!port:53 (host:"),
    "unfinished": filtering("proc:curl or"),
    "no_match": filtering("nonesuch", "enter"),
    "sorted": pressing("up", *"sssS"),
    "hosts": pressing("h"),
    "systems": pressing("a"),
    "paused_and_lossy": paused,
    "exporting": exporting_many,
    "help": pressing("question_mark"),
    "detail": detail,
    "others": others,
}


@pytest.fixture(autouse=True)
def _still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(exporting, "_BREATH", 60.0)  # it stands still behind its first rows
    with utc():
        yield


@at_each_size
@pytest.mark.parametrize("scene", SCENES)
def test_screen(scene: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    stage = Stage(attached=False)

    async def before(pilot: Pilot[None]) -> None:
        await SCENES[scene](stage, pilot)

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
