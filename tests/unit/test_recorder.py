"""A session kept as it happens: what the file holds, whatever happens to it or to the program."""

from __future__ import annotations

import os
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.output import recorder as recording
from app.output.export import ExportError, TargetExistsError
from app.output.recorder import Recorder
from app.session.capture import Progress
from probes.record import Connection, Hook, HookKind, Host, HostSource, Resolution, Watching
from probes.recordings.fields import FIELDS, Kind
from probes.recordings.jsonl import json_writer
from probes.recordings.replay import ReplaySource
from probes.source import Item
from probes.text import encodable
from tests.command import NOBODY, PATIENCE_S, command, environment, run, write_recording
from tests.connections import CURL, GITHUB, NETLINK, UNTOLD, connections, made_by
from tests.rows import items_of, many
from tests.told import Told

NAMELESS = replace(GITHUB, host=None)
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def recorder(path: Path, **options: object) -> Recorder:
    return Recorder(path, **{"replace": False, "owner": None, **options})  # type: ignore[arg-type]


def recorded(
    path: Path, items: Sequence[Item], progress: Progress | None = None, **options: object
) -> Recorder:
    """Record everything and close the file."""
    keeper = recorder(path, **options)
    keeper.start(lambda: progress or Progress())
    keeper.take(items)
    keeper.stop()
    return keeper


def read(path: Path) -> Told:
    told = Told()
    ReplaySource(path).run(told, Event())
    return told


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(sql).fetchall()


def as_kept(connection: Connection) -> str:
    """All that a line has; stray bytes have become text."""
    return json_writer()(connection)


@settings(deadline=None, max_examples=60)
@given(st.lists(connections, max_size=6))
def test_what_is_read_back_is_what_was_recorded(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Connection]
) -> None:
    path = tmp_path_factory.mktemp("kept") / "x.db"
    recorded(path, items_of(rows))
    assert list(map(as_kept, read(path).rows)) == list(map(as_kept, rows))  # type: ignore[arg-type]
    assert [row.time_ns for row in read(path).rows] == [row.time_ns for row in rows]


def test_thousands_of_rows_keep_their_order_and_nanoseconds(tmp_path: Path) -> None:
    rows = many(7_531)
    rows.times = rows.times.__class__("q", (time_ns + 7 for time_ns in rows.times))
    keeper = recorded(tmp_path / "x.db", [rows.piece(0, 5000), rows.piece(5000, 7531)])
    assert read(tmp_path / "x.db").rows == list(rows)
    assert (keeper.written, keeper.missing, keeper.trouble) == (7531, 0, "")
    assert str(keeper) == f"7531 connections recorded in {tmp_path / 'x.db'}"


def test_what_many_share_stands_there_once(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    # Equal ones are one too, not only those that are one object.
    recorded(path, [many(3000), many(3000, 3000)])
    for table, expected in (("process", 50), ("endpoint", 100), ("host", 1)):
        assert query(path, f"SELECT count(*) FROM {table}") == [(expected,)]


def test_plain_sql_reads_it_under_the_names_of_the_fields(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    recorded(path, items_of([GITHUB, NAMELESS, NETLINK, GITHUB]))
    with closing(sqlite3.connect(path)) as file:
        file.row_factory = sqlite3.Row
        rows = file.execute("SELECT * FROM connections").fetchall()
        assert rows[0].keys() == [field.name for field in FIELDS]
        assert rows[0]["time"] == "2023-11-14T22:13:20.123456+00:00"
        assert (rows[0]["pid"], rows[0]["process"]) == (CURL.pid, CURL.executable)
        assert (rows[2]["af"], rows[2]["address"], rows[2]["port"]) == ("AF_NETLINK", None, None)
    by_host = query(path, "SELECT host, count(*) FROM connections GROUP BY 1")
    assert by_host == [(None, 2), ("github.com", 2)]
    arguments = "SELECT value FROM connections, json_each(args) LIMIT 3"
    assert query(path, arguments) == [(word,) for word in CURL.args]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


def test_every_field_has_a_column_that_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    recorded(path, [])
    said = "\n".join(str(sql) for (sql,) in query(path, "SELECT sql FROM sqlite_schema"))
    for field in FIELDS[1:]:
        assert f"  {field.name} " in said
        assert field.kind.value in said
    assert Kind.TEXTS.value + ", as JSON" in said


def test_a_name_that_comes_later_reaches_the_rows_it_belongs_to(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    others = replace(NAMELESS, process=replace(CURL, pid=7))
    elsewhere = replace(NAMELESS, address="192.0.2.1")
    assert GITHUB.address is not None
    name = Resolution(GITHUB.time_ns, CURL, GITHUB.address, "late.example")
    rows = [NAMELESS, others, elsewhere]
    recorded(path, [*items_of(rows), name, *items_of([NAMELESS])])
    assert read(path).rows == [
        replace(NAMELESS, host=Host("late.example", HostSource.GETADDRINFO)),
        replace(others, host=Host("late.example", HostSource.OTHER_PROCESS)),
        elsewhere,
        NAMELESS,
    ]


def test_it_says_what_the_session_is(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    hook = Hook(HookKind.TRACEPOINT, "syscalls:sys_enter_connect", ("io_uring",))
    watching = Watching(hook, True, date(2026, 6, 17), ("musl",))
    progress = Progress(watching=watching, seen=9, filtered=3, lost=2)
    recorded(path, items_of([GITHUB]), progress)
    meta = dict(query(path, "SELECT key, value FROM meta"))
    assert (meta["hook"], meta["hook_target"]) == ("tracepoint", "syscalls:sys_enter_connect")
    assert (meta["seen"], meta["filtered"], meta["lost"], meta["unwritten"]) == (9, 3, 2, 0)
    assert {"start", "end", "host", "kernel"} <= meta.keys()
    told = read(path)
    assert told.watching == [
        Watching(
            Hook(HookKind.RECORDING, "x.db", ("io_uring",)), True, date(2026, 6, 17), ("musl",)
        )
    ]
    assert (told.losses, told.left_out) == ([2], [3])


# The file


def test_only_its_owner_may_read_it_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    recorded(tmp_path / "x.db", items_of([GITHUB]))
    assert stat.S_IMODE((tmp_path / "x.db").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x.db"]


def test_a_file_that_is_there_is_not_replaced_unless_told_to(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("mine")
    with pytest.raises(TargetExistsError):
        recorder(path).start(Progress)
    assert path.read_text() == "mine"
    recorded(path, items_of([GITHUB]), replace=True)
    assert read(path).rows == [GITHUB]


def test_a_file_of_sqlites_own_beside_it_is_not_replaced_either(tmp_path: Path) -> None:
    (tmp_path / "x.db-wal").write_text("mine")
    with pytest.raises(TargetExistsError):
        recorder(tmp_path / "x.db").start(Progress)
    assert (tmp_path / "x.db-wal").read_text() == "mine"


@pytest.mark.parametrize("name", ["x.db", "x.db-wal", "x.db-shm"])
def test_a_symbolic_link_is_never_followed(name: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / name).symlink_to(target)
    with pytest.raises(ExportError, match="symbolic link"):
        recorder(tmp_path / "x.db", replace=True).start(Progress)
    assert target.read_text() == "mine"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that anybody may look for something in."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@is_root
def test_it_is_made_with_the_rights_of_who_called_sudo(shared: Path) -> None:
    theirs, roots = shared / "theirs", shared / "roots"
    theirs.mkdir()
    roots.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    recorded(theirs / "x.db", items_of([GITHUB]), owner=(NOBODY, NOBODY))
    status = (theirs / "x.db").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (NOBODY, NOBODY, 0o600)
    assert os.listdir(theirs) == ["x.db"]
    (theirs / "way").symlink_to(roots)
    for path in (roots / "x.db", theirs / "way" / "x.db"):
        with pytest.raises(ExportError, match="not permitted"):
            recorder(path, owner=(NOBODY, NOBODY)).start(Progress)
    assert os.listdir(roots) == []
    (roots / "ours").write_text("the rights of other threads are as they were")
    assert (roots / "ours").owner() == "root"


def test_no_such_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no directory"):
        recorder(tmp_path / "nowhere" / "x.db").start(Progress)


# What goes wrong


def limited(limit: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command where no file may be longer."""

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=environment(),
        preexec_fn=limit_files,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_file_that_can_grow_no_further_is_said_and_all_else_goes_on(tmp_path: Path) -> None:
    rows = [replace(GITHUB, process=replace(CURL, pid=pid)) for pid in range(5000)]
    path = write_recording(tmp_path / "x.jsonl", rows)
    done = limited(300_000, "open", path, "--json", "--record", tmp_path / "x.db")
    assert len(done.stdout.splitlines()) == 5000
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    said = re.fullmatch(r"([0-9]+) connections? recorded in .*, ([0-9]+) not: disk I/O error", last)
    assert said, last
    written, missing = map(int, said.groups())
    told = read(tmp_path / "x.db")
    assert (len(told.rows), written + missing) == (written, 5000)
    assert missing


@is_root
def test_a_full_disk_is_said_and_what_was_written_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)], check=True, timeout=60
    )
    try:
        keeper = recorder(disk / "x.db")
        keeper.start(Progress)
        keeper.take([many(100)])
        wait_until(lambda: keeper.written == 100)
        keeper.take([many(60_000)])
        wait_until(lambda: keeper.missing == 60_000)
        assert keeper.trouble == "the disk is full"
        keeper.take([many(100)])
        wait_until(lambda: keeper.written == 200)
        keeper.stop()
        missing = "60000 not: the disk is full"
        assert str(keeper) == f"200 connections recorded in {disk / 'x.db'}, {missing}"
        told = read(disk / "x.db")
        assert len(told.rows) == 200
        assert told.losses == [60_000]
    finally:
        subprocess.run(["umount", str(disk)], check=True, timeout=60)


def test_what_there_is_no_room_for_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_EVERY", 60.0)
    keeper = recorder(tmp_path / "x.db", queue_max=150)
    keeper.start(Progress)
    for _ in range(3):
        keeper.take([many(100)])
    assert (keeper.missing, keeper.trouble) == (200, "it came faster than it could be written")
    keeper.stop()
    assert keeper.written == len(read(tmp_path / "x.db").rows) == 100


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_in_the_middle_it_has_all_that_was_committed(tmp_path: Path) -> None:
    """A row a millisecond; it is read while it is written, and after SIGKILL."""
    rows = [replace(GITHUB, time_ns=GITHUB.time_ns + at * 1_000_000) for at in range(60_000)]
    source, path = write_recording(tmp_path / "x.jsonl", rows), tmp_path / "x.db"
    process = subprocess.Popen(
        command("open", source, "--speed", "1", "--json", "--record", path),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    try:
        shown = [process.stdout.readline() for _ in range(2500)]
        while_written = len(read(path).rows)
        # All lines up to here were captured; what was so a second ago must be there.
        before = len(shown)
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            shown.append(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
    told = read(path)
    assert told.rows[:before] == rows[:before]
    assert 0 < while_written <= len(told.rows) < 60_000
    assert told.rows == rows[: len(told.rows)]
    assert ("end",) not in query(path, "SELECT key FROM meta")


def test_lines_alone_are_printed_only_where_asked_for(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "x.jsonl", [GITHUB, made_by(**UNTOLD)])
    done = run("open", path, "--record", tmp_path / "x.db")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == f"2 connections recorded in {tmp_path / 'x.db'}"
    again = run("open", path, "--record", tmp_path / "x.db")
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert run("open", tmp_path / "x.db", "--json").stdout == run("open", path, "--json").stdout


def test_of_a_session_that_never_began_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\0" + b"x" * 4000)
    done = run("open", damaged, "--record", path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert os.listdir(tmp_path) == ["damaged.db"]


def test_a_recording_is_not_recorded_over_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    recorded(path, items_of([GITHUB]))
    (tmp_path / "same.db").hardlink_to(path)
    done = run("open", path, "--record", tmp_path / "same.db", "--replace")
    assert done.returncode == 2
    assert "is the recording itself" in done.stderr
    assert read(path).rows == [GITHUB]


def test_only_what_was_asked_for_is_recorded(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "x.jsonl", [GITHUB, NETLINK])
    run("open", path, "--filter", "port:443", "--record", tmp_path / "x.db")
    assert read(tmp_path / "x.db").rows == [GITHUB]


def test_encodable_text_is_what_json_has() -> None:
    assert encodable("caf\udce9\x1b") == "caf\\xe9\x1b"
