from __future__ import annotations

import csv
import io
import json
import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.output.export import (
    BATCH,
    Exported,
    ExportError,
    Losses,
    TargetExistsError,
    calling_user,
    default_name,
    write_csv,
)
from app.output.rows import COLUMNS, csv_writer
from probes.connections import Connections
from probes.record import AutonomousSystem, Connection, Host, HostSource
from probes.recordings.jsonl import json_writer
from probes.text import visible
from probes.transport import Transport
from tests.connections import GITHUB, NETLINK, UNTOLD, connections, made_by, names

OLD = "what was there before\n"


def written(path: Path, rows: Iterable[Connection], **options: Any) -> Exported:
    """Write rows that come one by one."""
    return write_csv(path, (Connections.of([row]) for row in rows), **options)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def exported(directory: Path, *rows: Connection) -> list[dict[str, str]]:
    path = directory / "out.csv"
    written(path, rows, replace=True)
    return read(path)


def row(connection: Connection) -> dict[str, str]:
    text = csv_writer(UTC)(connection)
    (cells,) = csv.reader(io.StringIO(text, newline=""), strict=True)
    return dict(zip(COLUMNS, cells, strict=True))


# What stands in the cells


def test_a_row_has_every_field() -> None:
    assert csv_writer(UTC)(GITHUB) == (
        "2023-11-14T22:13:20.123456+00:00,AF_INET,8549,8551,curl,/usr/bin/curl,"
        "curl -s https://github.com/,1000,alice,140.82.118.3,443,github.com,getaddrinfo,36459,GITHUB,"
        "8001,2023-11-14T22:13:20.003000+00:00,5873,4026531840,4026531841,"
        "3f4a0b1c2d3e,session-3.scope,192.168.7.20,51234,connected,,12.345,web,"
        "'8001 /usr/bin/bash' '1 /usr/lib/systemd/systemd',connect,stream,tcp,"
        "2023-11-14T22:13:20.100000+00:00"
    )


def test_the_columns_are_the_keys_of_a_json_line() -> None:
    assert list(json.loads(json_writer()(GITHUB))) == list(COLUMNS)


def test_what_is_not_there_is_an_empty_cell() -> None:
    process = made_by(executable=None, args=(), **UNTOLD).process
    cells = row(replace(NETLINK, process=process, transport=Transport()))
    assert [column for column, cell in cells.items() if cell == ""] == [
        "process",
        "args",
        "address",
        "port",
        "host",
        "host_source",
        "asn",
        "as_name",
        "parent",
        "started",
        "cgroup",
        "netns",
        "mntns",
        "container",
        "unit",
        "local_address",
        "local_port",
        "outcome",
        "errno",
        "latency_ms",
        "container_name",
        "parents",
        *("socket_type", "protocol"),
        "host_time",
    ]
    assert cells["af"] == "AF_NETLINK"


def test_arguments_are_one_cell_that_a_shell_would_read() -> None:
    args = ("sh", "-c", 'echo "a, b"\necho it\'s', "", "naïve")
    assert shlex.split(row(made_by(args=args))["args"]) == list(args)


def test_a_guessed_host_is_its_bare_name_with_its_source() -> None:
    cells = row(replace(GITHUB, host=Host("cdn.example", HostSource.OTHER_PROCESS)))
    assert (cells["host"], cells["host_source"]) == ("cdn.example", "other-process")


def test_control_characters_and_bytes_that_were_not_utf8_are_visible() -> None:
    cells = row(made_by(comm="a\x1b[2J\n", executable="/tmp/caf\udce9", args=("x\r\ny\x00\u202e",)))
    assert cells["comm"] == r"a\x1b[2J\x0a"
    assert cells["process"] == r"/tmp/caf\xe9"
    assert cells["args"] == "'x\\x0d\ny\\x00\\u202e'"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_text_of_others_cannot_be_a_formula(first: str) -> None:
    text = f'{first}HYPERLINK("http://x")'
    cells = row(
        replace(
            made_by(comm=text, executable=text, args=(first, text), user=text),
            host=Host(text, HostSource.GETADDRINFO),
            system=AutonomousSystem(1, text),
        )
    )
    for column in ("comm", "process", "user", "host", "as_name"):
        assert cells[column] == f"'{text}"
    assert cells["args"].startswith("'")


@settings(deadline=None)
@given(names, names)
def test_no_text_of_others_begins_a_formula_or_acts(name: str, argument: str) -> None:
    cells = row(made_by(comm=name, args=(argument,)))
    assert not cells["comm"].startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert not cells["args"].startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    assert cells["comm"].isprintable()
    assert cells["args"].replace("\n", "").isprintable()


# The file as others read it


@settings(deadline=None)
@given(st.lists(connections, max_size=4))
def test_csv_and_pandas_read_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Connection]
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    written(path, rows, replace=True, losses=Losses(1, 2, 3))
    by_csv = read(path)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert frame.to_dict("records") == by_csv
    assert list(frame.columns) == [*COLUMNS, "lost", "overflow", "evicted"]
    assert len(by_csv) == len(rows)
    for cells, connection in zip(by_csv, rows, strict=True):
        assert cells["pid"] == str(connection.process.pid)
        assert cells["tid"] == str(connection.tid)
        assert cells["uid"] == str(connection.process.uid)
        assert cells["address"] == (connection.address or "")
        assert cells["port"] == ("" if connection.port is None else str(connection.port))
        assert cells["comm"].removeprefix("'") == visible(connection.process.comm).removeprefix("'")
        moment = datetime.fromisoformat(cells["time"]) - datetime(1970, 1, 1, tzinfo=UTC)
        assert (moment.days * 86400 + moment.seconds) * 10**9 + moment.microseconds * 1000 == (
            connection.time_ns
        )
        assert (cells["lost"], cells["overflow"], cells["evicted"]) == ("1", "2", "3")


def test_pandas_finds_numbers_and_times_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    written(path, [GITHUB, NETLINK], replace=False)
    frame = pd.read_csv(path, parse_dates=["time"])
    assert frame["pid"].sum() == 2 * 8549
    assert frame["port"].isna().tolist() == [False, True]
    assert (frame["time"].astype("int64") > 0).all()
    assert frame.groupby("host").size().to_dict() == {"github.com": 1}


def test_an_empty_session_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    result = written(path, [], replace=False)
    assert path.read_text() == ",".join([*COLUMNS, "lost", "overflow", "evicted"]) + "\n"
    assert str(result) == f"0 connections written to {path} (nothing lost)"


def test_says_what_was_written_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    losses = Losses(lost=3, overflow=0, evicted=12)
    result = written(path, iter([GITHUB]), replace=False, losses=losses)
    assert str(result) == f"1 connection written to {path} (3 lost, 0 dropped, 12 evicted)"
    assert result.rows == 1


# The file itself


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    written(path, [GITHUB], replace=False, owner=(os.geteuid(), os.getegid()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_belongs_to_the_user_who_called_sudo(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    written(path, [GITHUB], replace=False, owner=(12345, 23456))
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_does_not_replace_a_file_unless_told_to(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text(OLD)
    with pytest.raises(TargetExistsError, match=f"{path} exists already; it was not replaced"):
        written(path, [GITHUB], replace=False)
    assert path.read_text() == OLD
    written(path, [GITHUB], replace=True)
    assert read(path)[0]["comm"] == "curl"
    assert os.listdir(tmp_path) == ["out.csv"]


def appearing(path: Path) -> Iterator[Connection]:
    """A session during whose export someone else makes the file."""
    yield GITHUB
    path.write_text(OLD)
    yield GITHUB


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(TargetExistsError):
        written(path, appearing(path), replace=False)
    assert path.read_text() == OLD
    assert os.listdir(tmp_path) == ["out.csv"]


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # what vfat answers

    monkeypatch.setattr(os, "link", link)


def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_links(monkeypatch)
    path = tmp_path / "out.csv"
    written(path, [GITHUB], replace=False)
    assert read(path)[0]["comm"] == "curl"
    late = tmp_path / "late.csv"
    with pytest.raises(TargetExistsError):
        written(late, appearing(late), replace=False)
    assert late.read_text() == OLD
    assert sorted(os.listdir(tmp_path)) == ["late.csv", "out.csv"]


class CancelledError(Exception):
    pass


@pytest.mark.parametrize("fault", [CancelledError, OSError, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("there", [False, True])
def test_cancelled_leaves_everything_as_it_was(
    tmp_path: Path, fault: type[BaseException], there: bool
) -> None:
    path = tmp_path / "out.csv"
    if there:
        path.write_text(OLD)
    counts = []

    def progress(count: int) -> None:
        counts.append(count)
        if len(counts) == 2:
            raise fault

    with pytest.raises(fault):
        write_csv(path, [Connections.of([GITHUB] * 3 * BATCH)], replace=True, progress=progress)
    assert counts == [BATCH, 2 * BATCH]
    assert os.listdir(tmp_path) == (["out.csv"] if there else [])
    if there:
        assert path.read_text() == OLD


@pytest.mark.parametrize(
    ("rows", "told"), [(0, [0]), (1, [1]), (BATCH, [BATCH]), (BATCH + 1, [BATCH, BATCH + 1])]
)
def test_reports_progress_until_the_last_row(tmp_path: Path, rows: int, told: list[int]) -> None:
    counts: list[int] = []
    piece = Connections.of([GITHUB] * rows)
    write_csv(tmp_path / "out.csv", [piece], replace=False, progress=counts.append)
    assert counts == told


def test_rows_that_fail_leave_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[Connection]:
        yield GITHUB
        raise LookupError("evicted meanwhile")

    with pytest.raises(LookupError):
        written(tmp_path / "out.csv", broken(), replace=False)
    assert os.listdir(tmp_path) == []


# What stands in the way


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def link(path: Path) -> Path:
    path.symlink_to(path.with_name("elsewhere.csv"))
    return path


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def below_a_file(path: Path) -> Path:
    path.write_text(OLD)
    return path / "x.csv"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "x.csv", "there is no directory {parent}; make it or choose another"),
        (directory, "{path} is a directory; give it a file name to write to"),
        (link, "{path} is a symbolic link; name the file that it leads to"),
        (fifo, "{path} is not a regular file; choose another name"),
        (below_a_file, "{parent} is not a directory; choose another"),
        (lambda path: path.with_name("x" * 300), "File name too long"),
        (lambda path: path.with_name("a\0b"), "not a file name"),
        (lambda path: path.with_name("a\ud800"), "not a file name"),
    ],
)
@pytest.mark.parametrize("replacing", [False, True])
def test_says_why_a_file_cannot_be_written(
    tmp_path: Path, make: Callable[[Path], Path], said: str, replacing: bool
) -> None:
    path = make(tmp_path / "out.csv")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ExportError) as caught:
        written(path, [GITHUB], replace=replacing)
    assert said.format(path=path, parent=path.parent) in str(caught.value)
    assert str(caught.value).isprintable()
    assert sorted(os.listdir(tmp_path)) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", place]
    if subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("this machine does not let tests mount file systems")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "out.csv"
    path.write_text(OLD)
    with pytest.raises(ExportError, match="the disk is full; free some space"):
        written(path, [GITHUB] * (2 * BATCH), replace=True)
    assert path.read_text() == OLD
    assert os.listdir(small_disk) == ["out.csv"]


def test_a_read_only_file_system_is_named(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(ExportError, match=f"{small_disk} is on a read-only file system"):
        written(small_disk / "out.csv", [GITHUB], replace=False)


def test_a_directory_of_others_is_named() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.seteuid(12345)
    try:
        with pytest.raises(ExportError, match=r"not permitted in / for user 12345; choose another"):
            written(Path("/out.csv"), [GITHUB], replace=False)
    finally:
        os.seteuid(0)


# Names and owners


def test_offers_a_name_made_of_the_time() -> None:
    assert default_name(datetime(2026, 1, 31, 9, 5, 7)) == "sock-tui-20260131-090507.csv"


def test_where_nothing_may_be_written_here_another_folder_is_offered() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    was = Path.cwd()
    os.chdir("/")
    os.seteuid(12345)
    try:
        offered = Path(default_name(datetime(2026, 1, 31, 9, 5, 7)))
        assert offered == Path("/var/tmp/sock-tui-20260131-090507.csv")
    finally:
        os.seteuid(0)
        os.chdir(was)


def test_finds_who_called_sudo() -> None:
    assert calling_user({"SUDO_UID": "1000", "SUDO_GID": "1001"}, euid=0) == (1000, 1001)
    assert calling_user({}, euid=0) is None
    assert calling_user({"SUDO_UID": "1000", "SUDO_GID": "1001"}, euid=1000) is None


@pytest.mark.parametrize(
    ("uid", "gid"),
    [("x", "1"), ("1", ""), ("-1", "1"), ("1", "4294967295"), ("٣", "1"), ("9" * 5000, "1")],
)
def test_does_not_believe_any_sudo_variables(uid: str, gid: str) -> None:
    with pytest.raises(ExportError, match="SUDO_UID and SUDO_GID do not name a user and group"):
        calling_user({"SUDO_UID": uid, "SUDO_GID": gid}, euid=0)


def test_one_sudo_variable_is_not_enough() -> None:
    with pytest.raises(ExportError, match="unset both to write it as root"):
        calling_user({"SUDO_UID": "1000"}, euid=0)
