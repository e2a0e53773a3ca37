"""Processes under those that made them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.screens import grouped
from app.screens.grouped import SessionOutline
from app.screens.groupings import guide
from app.session.living import Living
from probes.record import Ancestor, Connection
from tests.command import write_recording
from tests.connections import CURL, GITHUB
from tests.screens.replayed import Replayed
from tests.screens.shown import shown
from tests.screens.stage import Stage, settled

INIT = Ancestor(1, "systemd", "/sbin/init", ("/sbin/init",))
SHELL = Ancestor(50, "bash", "/bin/bash", ("bash", "build.sh"))
MAKE = Ancestor(70, "make", "/bin/make", ("make", "all"))


def by(pid: int, program: str, *parents: Ancestor, user: str = "alice") -> Connection:
    args = (program, "-x")
    process = replace(CURL, pid=pid, executable=program, args=args, parents=parents, user=user)
    return replace(GITHUB, process=process)


ROWS = [
    by(101, "/bin/curl", MAKE, SHELL, INIT),
    by(101, "/bin/curl", MAKE, SHELL, INIT),
    by(102, "/bin/git", SHELL, INIT, user="bob"),
    by(60, "/bin/sshd", INIT),
    by(50, "/bin/bash", INIT),
]
TREE = [
    "▾ /sbin/init",
    "├─▾ /bin/bash",
    "│ ├─▾ /bin/make",
    "│ │ └── /bin/curl",
    "│ └── /bin/git",
    "└── /bin/sshd",
]


@pytest.fixture(autouse=True)
def nobody_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' processes are not this machine's. All are there but one."""
    living = Living(Path("/nonexistent"), is_there=lambda pid: pid != 102)
    monkeypatch.setattr(grouped, "Living", lambda: living)


def outline(stage: Stage) -> SessionOutline:
    return stage.app.query_one(SessionOutline)


def tree(pilot: Pilot[None]) -> list[str]:
    """The names, with what leads to them."""
    lines = [re.match(r"│(\W*/\S+)", line) for line in shown(pilot).splitlines()]
    return [found[1] for found in lines if found]


async def test_shift_t_shows_the_tree_and_the_table_again() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T")
        assert tree(pilot) == TREE
        assert "Process tree · Connections 5" in shown(pilot)
        _, header, init, bash, make, curl, *_ = shown(pilot).splitlines()
        assert header.split() == ["│Process", "PID", "▼", "Own", "All", "Failed", "Last", "│"]
        assert init.split()[-5:-2] == ["/sbin/init", "1", "5"]
        assert bash.split()[-5:-2] == ["50", "1", "4"]
        assert make.split()[-4:-2] == ["70", "2"]
        assert curl.split()[-5:-2] == ["101", "2", "2"]
        await pilot.press("T")
        assert stage.table.display
        assert pilot.app.focused is stage.table
        await pilot.press("g", "T")
        assert tree(pilot) == TREE
        await pilot.press("g")
        assert "Processes" in shown(pilot)


async def test_the_arrows_and_clicks_on_the_mark_close_and_open() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T", "down", "left")
        assert tree(pilot) == ["▾ /sbin/init", "├─▸ /bin/bash", "└── /bin/sshd"]
        await pilot.press("left")
        assert outline(stage).cursor_row == 0
        await pilot.press("left")
        assert tree(pilot) == ["▸ /sbin/init"]
        await pilot.press("right")
        assert tree(pilot) == ["▾ /sbin/init", "├─▸ /bin/bash", "└── /bin/sshd"]
        await pilot.press("right", "right")
        assert tree(pilot) == TREE
        await pilot.click(SessionOutline, offset=(5, 4))
        await pilot.pause()
        assert tree(pilot) == [*TREE[:2], "│ ├─▸ /bin/make", *TREE[4:]]
        await pilot.click(SessionOutline, offset=(5, 4))
        await pilot.pause()
        assert tree(pilot) == TREE


@pytest.mark.parametrize("key", ["enter", "p"])
async def test_a_process_is_kept_with_all_that_stem_from_it(key: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T", "down", "down", key)
        assert "tree:70" in shown(pilot)
        assert stage.rows == ROWS[:2]
        assert tree(pilot) == [
            "▾ /sbin/init",
            "└─▾ /bin/bash",
            "  └─▾ /bin/make",
            "    └── /bin/curl",
        ]
        assert outline(stage).cursor_row == 2
        await pilot.press(key)
        assert tree(pilot) == TREE
        await pilot.press("end", key, "T")
        assert stage.rows == ROWS[3:4], "the table shows the same"


async def test_a_second_click_keeps_a_process() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T")
        await pilot.click(SessionOutline, offset=(20, 4))
        assert len(stage.rows) == 5
        await pilot.click(SessionOutline, offset=(20, 4))
        await pilot.pause()
        assert stage.rows == ROWS[:2]


async def test_u_keeps_the_user_of_a_process_that_connected() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T", "u")
        await pilot.pause(0.2)
        assert "No connection is selected" in shown(pilot), "init's user is not known"
        await pilot.press("down", "down", "down", "down", "u")
        assert stage.rows == ROWS[2:3]


async def test_s_sorts_within_each_parent() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS, *[by(60, "/bin/sshd", INIT)] * 9)
        await pilot.press("T", "s")
        assert [line.split()[-1] for line in tree(pilot)] == [
            *("/sbin/init", "/bin/sshd", "/bin/bash", "/bin/make", "/bin/curl", "/bin/git"),
        ]
        assert "All ▼" in shown(pilot)
        for title in ("Last ▼", "Failed ▼", "PID ▼"):
            await pilot.press("s")
            assert title in shown(pilot)
        assert tree(pilot) == TREE


async def test_who_has_ended_stays_and_is_marked() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T")
        lines = [line for line in shown(pilot).splitlines() if "/bin/" in line]
        assert ["ended" in line for line in lines] == ["git" in line for line in lines]


async def test_in_a_recording_nobody_is_marked(tmp_path: Path) -> None:
    play = Replayed(write_recording(tmp_path / "x.jsonl", ROWS))
    async with play.app.run_test(size=(80, 24)) as pilot:
        await play.all_there(pilot)
        await pilot.press("T")
        assert tree(pilot) == TREE
        assert "ended" not in shown(pilot)
        await pilot.press("minus")
        await play.until(pilot, lambda: bool(play.rows))
        assert "Process tree" in shown(pilot)


async def test_new_processes_come_in_under_their_parents() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T", "end")
        kept = outline(stage)._line(outline(stage).cursor_row)
        await stage.give(pilot, by(40, "/bin/new", SHELL, INIT))
        await settled(pilot, lambda: len(tree(pilot)) == 7)
        assert tree(pilot)[4:6] == ["│ ├── /bin/git", "│ └── /bin/new"]
        assert outline(stage)._line(outline(stage).cursor_row) == kept
        await pilot.press("f")
        assert tree(pilot)[2] == "│ ├── /bin/new", "by PID again"


def test_lines_lead_to_each_process() -> None:
    assert [guide(is_last) for is_last in [(True,), (True, False), (True, True)]] == [
        "",
        "├─",
        "└─",
    ]
    assert guide((False, False, True, True)) == "│   └─"


async def test_who_ends_while_nothing_else_happens_is_marked_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, now = {1, 50, 60, 70, 101, 102}, 0.0
    living = Living(Path("/nonexistent"), is_there=there.__contains__, clock=lambda: now)
    monkeypatch.setattr(grouped, "Living", lambda: living)
    monkeypatch.setattr(grouped, "_LOOK", 0.1)
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, *ROWS)
        await pilot.press("T")
        await pilot.pause(0.3)
        assert "ended" not in shown(pilot)
        there.remove(60)
        now += 5.0
        await settled(pilot, lambda: "ended" in shown(pilot))
        [line] = [line for line in shown(pilot).splitlines() if "ended" in line]
        assert "/bin/sshd" in line
