"""Pictures of groups and of the tree of processes; see test_snapshots.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.screens import grouped
from app.session.living import Living
from probes.outcome import Outcome, OutcomeKind
from probes.record import Ancestor, Connection
from tests.connections import CURL, GITHUB
from tests.screens.sizes import at_each_size
from tests.screens.stage import Stage, recorded
from tests.screens.zone import utc

pytestmark = pytest.mark.pictures

INIT = Ancestor(1, "systemd", "/usr/lib/systemd/systemd", ("/sbin/init", "splash"))
SSHD = Ancestor(812, "sshd", "/usr/sbin/sshd", ("sshd: alice@pts/0",))
SHELL = Ancestor(7990, "bash", "/usr/bin/bash", ("-bash",))
MAKE = Ancestor(8001, "make", "/usr/bin/make", ("make", "-j4", "all"))
NPM = Ancestor(8044, "node", "/usr/bin/node", ("npm", "install"))
GONE = (8120, 8044)

BUILD = (MAKE, SHELL, SSHD, INIT)
PROMETHEUS = ("prometheus", "--config.file=/etc/p.yml")
PROCESSES = [
    (8120, "/usr/bin/node", ("node", "postinstall.js"), "alice", (NPM, *BUILD), 14),
    (8044, "/usr/bin/node", ("npm", "install"), "alice", BUILD, 231),
    (8201, "/usr/bin/git", ("git", "fetch", "origin"), "alice", BUILD, 2),
    (8230, "/usr/bin/curl", ("curl", "https://a.example/"), "alice", BUILD[1:], 1),
    (640, "/usr/sbin/chronyd", ("/usr/sbin/chronyd",), "_chrony", (INIT,), 9),
    (701, "/usr/bin/prometheus", PROMETHEUS, "prom", (INIT,), 1840),
]


def tree() -> list[Connection]:
    rows = []
    for pid, path, args, user, parents, count in PROCESSES:
        process = replace(CURL, pid=pid, executable=path, args=args, user=user, parents=parents)
        row = replace(GITHUB, process=process, time_ns=GITHUB.time_ns + pid * 1_000_000)
        rows += [row] * count
    refused = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")
    rows += [replace(rows[0], outcome=refused)] * 3
    return rows


@pytest.fixture(autouse=True)
def _still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    living = Living(Path("/nonexistent"), is_there=lambda pid: pid not in GONE)
    monkeypatch.setattr(grouped, "Living", lambda: living)
    with utc():
        yield


SCENES: dict[str, tuple[Callable[[], list[Connection]], tuple[str, ...]]] = {
    "processes": (recorded, ("g",)),
    "opened": (recorded, ("g", "down", "down", "right", "right", "down", "down", "right")),
    "hosts_by_last": (recorded, ("g", "g", "s")),
    "systems": (recorded, ("g", "g", "g", "down", "right")),
    "tree": (tree, ("T", "down", "down")),
    "tree_closed_and_sorted": (tree, ("T", "s", "down", "down", "down", "left")),
}


@at_each_size
@pytest.mark.parametrize("scene", SCENES)
def test_screen(scene: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    stage = Stage(attached=False)
    rows, keys = SCENES[scene]

    async def before(pilot: Pilot[None]) -> None:
        stage.source.attach()
        await stage.until_attached(pilot)
        stage.now = 100.0
        await stage.give(pilot, *rows())
        await pilot.press(*keys)
        stage.now = 200.0
        await stage.give(pilot)
        await pilot.pause(0.6)

    assert snap_compare(stage.app, terminal_size=size, run_before=before)
