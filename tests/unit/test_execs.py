"""What processes executed, where the kernel can tell of no images: a process that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.event import WHO
from probes.processes.execs import Exec, Execs
from probes.processes.procfs import Processes
from tests.fake_proc import Clock, FakeProc


def who(pid: int = 7, comm: bytes = b"x") -> bytes:
    return WHO.pack(pid, 0, comm, 0)


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def processes(fake: FakeProc, clock: Clock) -> Processes:
    return Processes(fake.root, clock)


def test_who_is_gone_at_once_is_what_it_executed(processes: Processes) -> None:
    processes.executes(Exec(7, b"x", b"/bin/x"))
    found = processes.find(who(), 7)
    assert (found.executable, found.args, found.parents) == ("/bin/x", (), ())


def test_what_was_still_there_when_it_was_told_is_known_in_full(
    processes: Processes, fake: FakeProc
) -> None:
    fake.put(7, start=100, exe="/usr/bin/dash", cmdline=b"sh\0script\0", comm=b"script")
    processes.executes(Exec(7, b"script", b"./script"))
    fake.end(7)
    found = processes.find(who(comm=b"script"), 7)
    assert (found.executable, found.args) == ("/usr/bin/dash", ("sh", "script"))


def test_another_name_is_another_process(processes: Processes) -> None:
    processes.executes(Exec(7, b"x", b"/bin/x"))
    assert processes.find(who(comm=b"y"), 7).label == "[y]"


def test_who_is_there_is_looked_up(processes: Processes, fake: FakeProc) -> None:
    fake.put(1, start=1, exe="/sbin/init", parent=0)
    fake.put(7, start=100, exe="/bin/there")
    processes.executes(Exec(7, b"x", b"/bin/x"))
    found = processes.find(who(), 7)
    assert (found.executable, [each.label for each in found.parents]) == (
        "/bin/there",
        ["/sbin/init"],
    )


def test_a_later_execve_counts_at_once(processes: Processes) -> None:
    for program in (b"/bin/first", b"/bin/second"):
        processes.executes(Exec(7, b"x", program))
        assert processes.find(who(), 7).label == program.decode()


def test_a_long_name_is_marked_as_cut(fake: FakeProc) -> None:
    execs = Execs(fake.root)
    execs.tell(Exec(7, b"x", b"/" + b"a" * 254))
    found = execs.find(7, b"x")
    assert found is not None
    assert found.executable == "/" + "a" * 254 + "…"


def test_they_do_not_pile_up(fake: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.processes.execs._KEPT", 2)
    execs = Execs(fake.root)
    for pid in (1, 2, 3):
        execs.tell(Exec(pid, b"x", b"/bin/x"))
    assert [execs.find(pid, b"x") is not None for pid in (1, 2, 3)] == [False, True, True]
