from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from probes.record import AutonomousSystem, Connection, Host, HostSource
from tests.command import run, write_recording
from tests.connections import CURL, GITHUB, NETLINK

EVIL = replace(
    GITHUB,
    process=replace(CURL, pid=9, executable="/tmp/\x1b[31mevil"),
    address="192.0.2.66",
    host=Host("evil.example", HostSource.GETADDRINFO),
    system=AutonomousSystem(64500, "EVIL"),
)
NAMELESS = replace(GITHUB, host=None, system=None, address="192.0.2.7")


def diff(
    tmp_path: Path, before: list[Connection], after: list[Connection], *more: str
) -> tuple[int, str, str]:
    paths = [
        write_recording(tmp_path / f"{name}.jsonl", rows)
        for name, rows in (("before", before), ("after", after))
    ]
    done = run("diff", *paths, *more)
    return done.returncode, done.stdout, done.stderr


def test_nothing_is_new(tmp_path: Path) -> None:
    status, out, err = diff(tmp_path, [GITHUB, NETLINK], [GITHUB, GITHUB])
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "Processes: 0 new, 0 gone, 1 in both",
        "Hosts: 0 new, 0 gone, 1 in both",
        "Systems: 0 new, 0 gone, 1 in both",
        "Connections: 2 before, 2 after",
    ]


def test_what_is_new_and_gone_is_named_with_its_connections(tmp_path: Path) -> None:
    status, out, _ = diff(tmp_path, [GITHUB], [GITHUB, EVIL, EVIL, NAMELESS])
    assert status == 1
    assert out.splitlines() == [
        "Processes: 1 new, 0 gone, 1 in both",
        "  +         2  /tmp/\\x1b[31mevil",
        "Hosts: 2 new, 0 gone, 1 in both",
        "  +         2  evil.example",
        "  +         1  192.0.2.7",
        "Systems: 1 new, 0 gone, 1 in both",
        "  +         2  AS64500 (EVIL)",
        "Connections: 1 before, 4 after",
    ]
    status, out, _ = diff(tmp_path, [GITHUB, EVIL], [GITHUB])
    assert status == 0, "only gone is nothing new"
    assert "  -         1  evil.example" in out.splitlines()


def test_the_same_as_json(tmp_path: Path) -> None:
    status, out, _ = diff(tmp_path, [GITHUB, NAMELESS], [EVIL], "--json")
    assert status == 1
    told = json.loads(out)
    assert told["connections"] == {"before": 2, "after": 1}
    assert told["host"] == {
        "new": [{"name": "evil.example", "connections": 1}],
        "gone": [
            {"name": "192.0.2.7", "connections": 1},
            {"name": "github.com", "connections": 1},
        ],
    }
    assert [entry["name"] for entry in told["process"]["new"]] == ["/tmp/\x1b[31mevil"]


def test_any_form_beside_any_other(tmp_path: Path) -> None:
    lines = write_recording(tmp_path / "x.jsonl", [GITHUB, EVIL])
    kept, csv = tmp_path / "x.db", tmp_path / "x.csv"
    run("open", lines, "--record", kept)
    run("open", kept, "--export", csv)
    for path in (lines, kept, csv):
        done = run("diff", lines, path)
        # In CSV, characters that could act are escaped for good.
        assert (done.returncode, done.stderr) == (1 if path == csv else 0, "")


@pytest.mark.parametrize("wrong", ["nothing", "folder"])
def test_what_cannot_be_compared_is_said(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    done = run("diff", tmp_path / wrong, tmp_path / wrong)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
