"""Files that a recording is not, or that somebody has tampered with."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

import pytest

from app.output.recorder import Recorder
from app.session.capture import Progress
from probes.errors import ReplayError
from probes.recordings.replay import ReplaySource
from probes.recordings.session_format import APPLICATION_ID, VERSION
from tests.command import NOBODY, run
from tests.connections import GITHUB, NETLINK, made_by
from tests.rows import items_of, many
from tests.told import Told

Damage = Callable[[sqlite3.Connection], object]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A recording of two connections."""
    path = tmp_path / "kept.db"
    recorder = Recorder(path, replace=False, owner=None)
    recorder.start(Progress)
    recorder.take(items_of([GITHUB, NETLINK]))
    recorder.stop()
    return path


def read(path: Path) -> Told:
    told = Told()
    ReplaySource(path).run(told, Event())
    return told


def refused(path: Path) -> str:
    """What is said of it: one line, which cannot act on a terminal."""
    with pytest.raises(ReplayError) as caught:
        read(path)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 400
    assert path.name in said
    return said


def changed(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)
    return path


def test_reading_changes_nothing_and_leaves_nothing_beside_it(kept: Path) -> None:
    before = kept.read_bytes()
    assert read(kept).rows == [GITHUB, NETLINK]
    assert kept.read_bytes() == before
    assert os.listdir(kept.parent) == ["kept.db"]


def test_its_name_does_not_matter(kept: Path) -> None:
    odd = kept.rename(kept.parent / "a session?#%41.jsonl")
    assert read(odd).rows == [GITHUB, NETLINK]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be nobody")
def test_it_can_lie_where_nothing_can_be_written(kept: Path) -> None:
    kept.chmod(0o644)
    shared = Path("/tmp") / f"sock-tui-{os.getpid()}"
    shared.mkdir(mode=0o755)
    try:
        path = Path(shutil.copy(kept, shared))
        path.chmod(0o644)
        os.seteuid(NOBODY)
        try:
            assert read(path).rows == [GITHUB, NETLINK]
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(shared)


def test_a_newer_form_is_refused_and_named(kept: Path) -> None:
    said = refused(changed(kept, f"PRAGMA user_version = {VERSION + 1}"))
    assert "newer sock-tui" in said
    assert "Update sock-tui" in said


def test_columns_and_tables_of_a_newer_program_are_passed_over(kept: Path) -> None:
    changed(
        kept,
        "ALTER TABLE connection ADD COLUMN mood TEXT",
        "ALTER TABLE process ADD COLUMN colour TEXT",
        "CREATE TABLE weather (id INTEGER PRIMARY KEY)",
    )
    assert read(kept).rows == [GITHUB, NETLINK]


def test_columns_that_an_older_program_did_not_know_are_not_missed(kept: Path) -> None:
    changed(
        kept,
        "DROP VIEW connections",
        *(f"ALTER TABLE process DROP COLUMN {name}" for name in ("unit", "container", "mntns")),
    )
    assert read(kept).rows[0] == made_by(unit=None, container=None, mntns=None)


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    changed(path, "CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)")
    assert "not one of sock-tui's" in refused(path)


@pytest.mark.parametrize("table", ["meta", "process", "endpoint", "host", "connection"])
def test_a_table_that_is_missing(table: str, kept: Path) -> None:
    changed(kept, "PRAGMA foreign_keys = OFF", "DROP VIEW connections", f"DROP TABLE {table}")
    assert refused(kept).endswith(f"is damaged: it has no table {table}")


def test_a_view_in_a_tables_place_is_never_asked(kept: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) SELECT i AS id FROM n"
    changed(kept, "DROP VIEW connections", "DROP TABLE host", f"CREATE VIEW host AS {endless}")
    assert "has no table host" in refused(kept)


def test_a_virtual_table_is_none(kept: Path) -> None:
    changed(
        kept,
        "DROP VIEW connections",
        "DROP TABLE host",
        "CREATE VIRTUAL TABLE host USING fts5(name)",
    )
    assert "has no table host" in refused(kept)


def test_a_trigger_has_nothing_to_act_on(kept: Path) -> None:
    changed(
        kept,
        "CREATE TRIGGER t AFTER INSERT ON host BEGIN DELETE FROM connection; END",
        "CREATE TRIGGER v INSTEAD OF UPDATE ON connections BEGIN DELETE FROM connection; END",
    )
    assert read(kept).rows == [GITHUB, NETLINK]


LOOSE = (
    "CREATE TABLE loose AS SELECT * FROM {table}",
    "DROP TABLE {table}",
    "ALTER TABLE loose RENAME TO {table}",
)


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("connection", "time_ns = 'noon'", "times and threads must be whole numbers"),
        ("connection", "time_ns = -1", "a time must not be ahead of 1970"),
        ("connection", "time_ns = NULL", "times and threads must be whole numbers"),
        ("connection", "tid = 4294967296", "times and threads must be whole numbers"),
        ("connection", "port = 65536", "'port' must be a port"),
        ("connection", "port = x'00ff'", "'port' must be a port"),
        ("connection", "port = 1.5", "'port' must be a port"),
        ("connection", "process_id = NULL", "'pid' must be a whole number"),
        ("connection", "process_id = 77", "process 77 is missing"),
        ("connection", "endpoint_id = 'e\x1b[31m'", "endpoint e\\x1b[31m is missing"),
        ("process", "pid = 'x'", "'pid' must be a whole number"),
        ("process", "args = 'x'", "'args' must be a list of strings"),
        ("process", "args = '[1]'", "'args' must be a list of strings"),
        ("process", "args = '" + "[" * 100_000 + "'", "'args' must be a list of strings"),
        ("process", "comm = x'ff'", "'comm' must be a string"),
        ("process", "started = 'noon'", "'started' must be an ISO 8601 time"),
        ("process", "cgroup = '99999999999999999999'", "'cgroup' must be a whole number"),
        ("endpoint", "af = 'AF_\x1b[2J'", "'af' must be an address family's name"),
        ("endpoint", "address = '1.2.3'", "'address' must be an IPv4 or IPv6 address"),
        ("host", "host_source = 'x'", "'host_source' must be one of"),
    ],
)
def test_values_of_another_kind(table: str, change: str, said: str, kept: Path) -> None:
    changed(
        kept,
        "DROP VIEW connections",
        *(statement.format(table=table) for statement in LOOSE),
        f"UPDATE {table} SET {change}",
    )
    assert said in refused(kept)


def test_text_that_is_not_utf8_and_very_long_is_read(kept: Path) -> None:
    changed(
        kept,
        "UPDATE process SET comm = CAST(x'61ff62' AS TEXT), user = printf('%.*c', 1000000, 'u')",
    )
    row = read(kept).rows[0]
    assert row.process.comm == "a\udcffb"
    assert row.process.user == "u" * 1_000_000
    assert r'"a\\xffb"' in run("open", kept, "--json").stdout


def test_text_that_is_too_long_is_refused(kept: Path) -> None:
    changed(kept, "UPDATE process SET comm = printf('%.*c', 20000000, 'x')")
    assert "too big" in refused(kept)


def test_a_file_of_another_kind_that_begins_like_one(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    assert "cannot read" in refused(path)
    path.write_bytes(b"SQLite format 3\0")
    refused(path)


def test_a_database_that_is_damaged_anywhere_ends_in_a_line(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    recorder = Recorder(whole, replace=False, owner=None)
    recorder.start(Progress)
    recorder.take([many(2000)])
    recorder.stop()
    content = whole.read_bytes()
    chance = random.Random(7)
    path = tmp_path / "damaged.db"
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 20, 500])):
            damaged[chance.randrange(100, len(damaged))] = chance.randrange(256)
        path.write_bytes(
            damaged[: chance.choice([len(damaged), chance.randrange(100, len(damaged))])]
        )
        try:
            read(path)
            outcomes.add("read")
        except ReplayError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_the_command_says_it_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    changed(path, f"PRAGMA application_id = {APPLICATION_ID}", "CREATE TABLE x (y)")
    for command in (["open", path], ["diff", path, path]):
        done = run(*command)
        assert done.returncode == (2 if command[0] == "diff" else 1)
        assert "Traceback" not in done.stderr
        assert "is damaged: it has no table meta" in done.stderr.splitlines()[-1]


def test_a_session_through_a_pipe_is_refused(kept: Path) -> None:
    import subprocess

    from tests.command import PATIENCE_S, command, environment

    with kept.open("rb") as file:
        done = subprocess.run(
            ["bash", "-c", 'cat | "$@"', "-", *command("open", "/dev/stdin", "--json")],
            stdin=file,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot come through a pipe" in done.stderr
    with suppress(FileNotFoundError):
        assert "Traceback" not in done.stderr
