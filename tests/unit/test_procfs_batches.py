"""Processes asked for by the thousand: how often /proc is read, and what stays in memory."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.event import WHO
from probes.processes.proc_files import ProcFiles, Stat
from probes.processes.procfs import Processes
from probes.record import Process
from tests.fake_proc import Clock, FakeProc


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@settings(deadline=None)
@given(st.binary(min_size=WHO.size, max_size=WHO.size), st.integers(0, 0xFFFF_FFFF))
def test_whatever_an_event_says_there_is_a_process(who: bytes, tid: int) -> None:
    pid, uid, *_ = WHO.unpack(who)
    found = Processes().find(who, tid)
    assert (found.pid, found.uid) == (pid, uid)
    assert "\0" not in found.comm


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The executables that were asked for since, as paths below proc."""
    paths: list[str] = []
    readlink = os.readlink

    def noted(path: bytes) -> bytes:
        paths.append("/".join(os.fsdecode(path).split("/")[-2:]))
        return readlink(path)

    monkeypatch.setattr(os, "readlink", noted)
    return paths


def who(pid: int, comm: bytes = b"x") -> bytes:
    return WHO.pack(pid, 0, comm, 0)


def test_a_batch_asks_once_for_each_process(fake: FakeProc, clock: Clock, asked: list[str]) -> None:
    fake.put(7, start=100, exe="/bin/seven")
    fake.put(8, start=200, exe="/bin/eight")
    processes = Processes(fake.root, clock)
    batch = [who(7), who(8), who(7), who(7), who(8)] * 100
    found = processes.find_all(batch, [7, 8, 7, 7, 8] * 100)
    assert [process.executable for process in found[:5]] == [
        *("/bin/seven", "/bin/eight", "/bin/seven", "/bin/seven", "/bin/eight"),
    ]
    assert found == found[:5] * 100
    assert len(set(map(id, found))) == 2
    assert processes.find_all(batch, [7, 8, 7, 7, 8] * 100) == found
    assert processes.find(who(7), 7) is found[0]
    assert asked == ["7/exe", "8/exe"]


def test_names_and_users_that_differ_are_different_processes(fake: FakeProc) -> None:
    fake.put(7, start=100, exe="/bin/seven", comm=b"x")
    batch = [who(7), who(7, b"y"), WHO.pack(7, 1, b"x", 0)]
    found = Processes(fake.root).find_all(batch, [7, 7, 7])
    assert [(process.comm, process.uid, process.executable) for process in found] == [
        *[("x", 0, "/bin/seven"), ("y", 0, None), ("x", 1, "/bin/seven")],
    ]


def test_what_became_stale_is_asked_for_again(
    fake: FakeProc, clock: Clock, asked: list[str]
) -> None:
    fake.put(7, start=100, exe="/bin/seven")
    fake.put(8, start=100, exe=None)
    processes = Processes(fake.root, clock)
    processes.find_all([who(7)], [7])
    clock.now = 0.5
    processes.find_all([who(8)], [8])
    assert asked == ["7/exe", "8/exe"]
    clock.now = 0.9
    processes.find_all([who(7), who(8)] * 10, [7, 8] * 10)
    assert asked == ["7/exe", "8/exe", "8/exe"], "what is not known is stale sooner"
    clock.now = 1.1
    fake.put(7, start=100, exe="/bin/other")
    [first, *_, last] = processes.find_all([who(7), who(8)] * 10, [7, 8] * 10)
    assert asked[3:] == ["7/exe", "8/exe"]
    assert (first.executable, last.label) == ("/bin/other", "[x]")
    clock.now = 1.11
    processes.find_all([who(7), who(8)], [7, 8])
    assert len(asked) == 5


def test_a_name_is_what_stands_before_its_nul(fake: FakeProc) -> None:
    fake.put(7, start=100, exe="/bin/seven", comm=b"x")
    assert Processes(fake.root).find(who(7, b"x\0left over"), 7) == Process(
        7, "x", "/bin/seven", (), 0, "root"
    )


@pytest.mark.parametrize("known", [True, False])
def test_batches_of_ever_new_processes_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr("probes.processes.procfs._KEPT", 50)
    if known:  # what has an executable is remembered apart from what has none
        monkeypatch.setattr(ProcFiles, "stat", lambda self, pid: Stat(b"x", 0, 1))
        monkeypatch.setattr(ProcFiles, "executable", lambda self, pid: "/bin/x")
    processes = Processes(tmp_path, Clock())
    before = processes_alive()
    for start in range(0, 3000, 100):
        pids = range(start, start + 100)
        found = processes.find_all(list(map(who, pids)), pids)
        assert [process.pid for process in found] == list(pids)
    del found
    assert processes_alive() - before <= 2 * 50 + 100


def processes_alive() -> int:
    gc.collect()
    return sum(isinstance(made, Process) for made in gc.get_objects())
