from __future__ import annotations

from dataclasses import replace

from probes.memo import ENTRIES, LONGEST, remembered
from probes.record import Connection
from tests.connections import CURL, GITHUB


def test_asks_once_for_each_object_and_keeps_them_apart() -> None:
    asked: list[str] = []

    def name(connection: Connection) -> str:
        asked.append(connection.process.comm)
        return connection.process.comm

    known = remembered("process", name)
    wget = replace(GITHUB, process=replace(CURL, comm="wget"))
    rows = [GITHUB, wget, replace(GITHUB, port=80), replace(wget, port=80)]
    assert [known(row) for row in rows] == ["curl", "wget", "curl", "wget"]
    assert asked == ["curl", "wget"]


def test_answers_rightly_when_objects_come_and_go() -> None:
    known = remembered("process", lambda connection: connection.process.pid)
    for pid in range(2 * ENTRIES + 1):
        assert known(replace(GITHUB, process=replace(CURL, pid=pid))) == pid


def test_does_not_keep_long_texts() -> None:
    asked: list[int] = []

    def text(connection: Connection) -> str:
        asked.append(1)
        return "x" * (LONGEST + 1)

    known = remembered("process", text)
    assert known(GITHUB) == known(GITHUB)
    assert len(asked) == 2
