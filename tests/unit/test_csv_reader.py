"""What an export wrote, opened again."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.output.export import Losses, write_csv
from app.output.rows import COLUMNS, csv_writer
from probes.connections import Connections
from probes.errors import ReplayError
from probes.record import AutonomousSystem, Connection, Host, HostSource
from probes.recordings.replay import ReplaySource
from probes.text import visible
from tests.connections import GITHUB, NETLINK, UNTOLD, connections, made_by
from tests.told import Told


def exported(path: Path, rows: Iterable[Connection], losses: Losses | None = None) -> Path:
    write_csv(path, [Connections.of(rows)], replace=True, losses=losses)
    return path


def read(path: Path) -> Told:
    told = Told()
    ReplaySource(path).run(told, Event())
    return told


def test_all_of_it_comes_back_with_what_is_missing(tmp_path: Path) -> None:
    rows = [GITHUB, NETLINK, made_by(executable=None, args=(), **UNTOLD)]
    told = read(exported(tmp_path / "x.csv", rows, Losses(1, 2, 4)))
    assert told.rows == rows
    assert told.losses == [7]


@settings(deadline=None, max_examples=100)
@given(st.lists(connections.filter(lambda row: not row.host or row.host.name), max_size=4))
def test_what_is_written_again_is_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Connection]
) -> None:
    """The guard against formulae and the quotes are undone, all that was escaped stays so."""
    path = exported(tmp_path_factory.getbasetemp() / "first.csv", rows)
    again = [row for row in read(path).rows if isinstance(row, Connection)]
    assert len(again) == len(rows)
    write = csv_writer()
    for before, after in zip(rows, again, strict=True):
        assert after.process.comm == visible(before.process.comm)
        assert len(after.process.args) == len(before.process.args)
        assert (after.time_ns, after.tid, after.address) == (
            *(before.time_ns, before.tid, before.address),
        )
        assert write(after) == write(before)


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'", "'quoted'", "-x", "+", "a"])
def test_the_guard_against_formulae_is_undone(text: str, tmp_path: Path) -> None:
    row = replace(
        made_by(comm=text, executable=text, args=(text, text), user=text),
        host=Host(text, HostSource.DNS),
        system=AutonomousSystem(1, text),
    )
    assert read(exported(tmp_path / "x.csv", [row])).rows == [row]


def test_columns_may_stand_elsewhere_and_others_between_them(tmp_path: Path) -> None:
    path = exported(tmp_path / "x.csv", [GITHUB])
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    rows = [[*row[:3], "more", *reversed(row[3:])] for row in rows]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert read(path).rows == [GITHUB]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(",8549,", ",x,"), "'pid' must be a whole number"),
        (lambda text: text.replace(",8549,", ",1.5,"), "'pid' must be a whole number"),
        (lambda text: text.replace(",443,", ","), "expected 25 cells, not 24"),
        (lambda text: text.replace("curl -s", "curl 's"), "arguments that a shell could read"),
        (lambda text: text.replace(",comm,", ",name,"), "the key 'comm' is missing"),
        (lambda text: text + '"', "expected CSV: unexpected end of data"),
        (lambda text: text.replace("2023-", "3023-"), "must be an ISO 8601 time"),
        (lambda text: text.replace("AF_INET", "AF_\x1b[31m"), "'af' must be"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(change, said: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = exported(tmp_path / "x.csv", [GITHUB])
    path.write_text(change(path.read_text()))
    with pytest.raises(ReplayError) as caught:
        read(path)
    assert f"{path}, line " in str(caught.value)
    assert said in str(caught.value).replace(str(len(COLUMNS) + 3), "25").replace(
        str(len(COLUMNS) + 2), "24"
    )
    assert str(caught.value).isprintable()


def test_an_empty_export_is_an_empty_session(tmp_path: Path) -> None:
    assert read(exported(tmp_path / "x.csv", [])).rows == []


def test_a_cell_may_be_as_long_as_arguments_can_be(tmp_path: Path) -> None:
    row = made_by(args=("x" * 2_000_000,))
    assert read(exported(tmp_path / "x.csv", [row])).rows == [row]
