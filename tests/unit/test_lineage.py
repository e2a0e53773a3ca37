"""Who made whom: as the kernel told it, and from /proc for those that were there before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from probes.processes.image import Image
from probes.processes.lineage import LONGEST, Lineage
from probes.record import Ancestor
from tests.fake_proc import FakeProc

TICKS = 500
START = 5_000_000_321  # within that tick
NUMBER = START << 16


def image(pid: int, parent: int, execs: int = 1, parent_execs: int = 1) -> Image:
    """A process that a process of the same moment made; each runs a program of its own."""
    return Image(
        *(pid, NUMBER | execs, START, parent, 77, 4, 5, f"/bin/{pid}.{execs}", (str(pid), "-x")),
        parent_number=NUMBER | parent_execs if parent else 0,
        comm=f"c{pid}",
    )


def labels(line: tuple[Ancestor, ...]) -> list[str]:
    return [f"{each.pid} {each.label}" for each in line]


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.fixture
def lineage(fake: FakeProc) -> Lineage:
    return Lineage(fake.root)


def test_a_line_is_told_from_its_top(lineage: Lineage) -> None:
    assert lineage.tell(image(1, 0)) == ()
    assert labels(lineage.tell(image(20, 1))) == ["1 /bin/1.1"]
    assert lineage.tell(image(30, 20)) == (
        Ancestor(20, "c20", "/bin/20.1", ("20", "-x")),
        Ancestor(1, "c1", "/bin/1.1", ("1", "-x")),
    )


def test_a_parent_is_what_it_was_when_it_made_the_child(lineage: Lineage) -> None:
    lineage.tell(image(1, 0))
    lineage.tell(image(20, 1))
    lineage.tell(image(20, 1, execs=2))
    assert labels(lineage.tell(image(30, 20)))[0] == "20 /bin/20.1"
    assert labels(lineage.tell(image(31, 20, parent_execs=2)))[0] == "20 /bin/20.2"


def test_children_of_one_parent_share_its_line(lineage: Lineage) -> None:
    lineage.tell(image(1, 0))
    first, second = lineage.tell(image(20, 1)), lineage.tell(image(21, 1))
    assert first is second


def test_who_was_there_before_is_looked_up_at_the_start(lineage: Lineage, fake: FakeProc) -> None:
    fake.put(1, start=1, exe="/sbin/init", parent=0)
    fake.put(20, start=TICKS, exe="/bin/sh", cmdline=b"sh\0-c\0", parent=1, comm=b"sh")
    fake.put(30, start=TICKS + 5, exe="/bin/child", parent=20)
    lineage.look_around()
    fake.end(20)
    fake.put(20, start=TICKS + 9, exe="/bin/another", parent=1)
    assert lineage.tell(image(31, 20)) == (
        Ancestor(20, "sh", "/bin/sh", ("sh", "-c")),
        Ancestor(1, "x", "/sbin/init", ()),
    )


def test_whose_maker_ended_before_it_was_told_had_one_at_the_start(
    lineage: Lineage, fake: FakeProc
) -> None:
    fake.put(1, start=1, exe="/sbin/init", parent=0)
    fake.put(20, start=TICKS, exe="/bin/sh", parent=1)
    fake.put(30, start=TICKS, exe="/bin/child", parent=20)
    lineage.look_around()
    fake.end(20)
    adopted = image(30, 1)
    assert labels(lineage.tell(adopted)) == ["20 /bin/sh", "1 /sbin/init"]
    lineage.tell(image(1, 0))
    made = image(30, 1)._replace(is_made=True)
    assert labels(lineage.tell(made)) == ["1 /bin/1.1"], "it began before it was looked at"
    later = adopted._replace(number=adopted.number + (1 << 40))
    assert labels(lineage.tell(later)) == ["1 /bin/1.1"], "another of that number"


def test_who_was_not_told_is_looked_up_if_it_started_then(lineage: Lineage, fake: FakeProc) -> None:
    fake.put(1, start=1, exe="/sbin/init", parent=0)
    fake.put(20, start=TICKS, exe="/bin/sh", parent=1)
    assert labels(lineage.tell(image(30, 20))) == ["20 /bin/sh", "1 /sbin/init"]


def test_a_pid_given_again_is_nobodys_parent(lineage: Lineage, fake: FakeProc) -> None:
    fake.put(20, start=TICKS + 1, exe="/bin/later", parent=1)
    assert labels(lineage.tell(image(30, 20))) == ["20 [?]"]
    fake.put(1, start=TICKS + 3, exe="/bin/younger", parent=0)
    assert labels(lineage.of_process(20)) == [], "a parent that is younger than its child"


def test_a_thread_of_the_kernels_has_a_name(lineage: Lineage, fake: FakeProc) -> None:
    fake.put(2, start=TICKS, exe=None, parent=0, comm=b"kthreadd")
    assert labels(lineage.tell(image(30, 2))) == ["2 [kthreadd]"]


def test_of_a_line_without_end_the_nearest_are_kept(lineage: Lineage, fake: FakeProc) -> None:
    for pid in range(1, 3 * LONGEST):
        line = lineage.tell(image(pid, pid - 1))
    assert [each.pid for each in line] == list(range(pid - 1, pid - 1 - LONGEST, -1))
    for pid in range(1, 3 * LONGEST):
        fake.put(pid, start=TICKS, exe="/bin/x", parent=pid - 1)
    assert len(Lineage(fake.root).of_process(pid)) == LONGEST
    fake.put(7, start=TICKS, exe="/bin/x", parent=7)
    assert len(Lineage(fake.root).of_process(7)) <= LONGEST


def test_what_was_told_does_not_pile_up(lineage: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.processes.lineage._KEPT", 3)
    lineage.tell(image(1, 0))
    for pid in range(10, 20):
        assert labels(lineage.tell(image(pid, 1))) == ["1 /bin/1.1"], "whoever is in use is kept"
    assert labels(lineage.tell(image(30, 10))) == ["10 [?]"]


def test_this_process_has_its_own() -> None:
    line = Lineage().of_process(os.getpid())
    assert line[0].pid == os.getppid()
    assert line[0].executable == os.readlink(f"/proc/{os.getppid()}/exe")
    assert line[-1].pid == 1


def test_without_a_proc_there_is_nothing_to_know(tmp_path: Path) -> None:
    lineage = Lineage(tmp_path / "missing")
    lineage.look_around()
    assert lineage.of_process(1) == ()
