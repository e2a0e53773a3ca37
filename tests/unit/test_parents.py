"""Who descends from whom, as told and as /proc says; a pid that is given again leads nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from probes.naming.asked import Asker
from probes.naming.parents import Parents
from probes.processes.image import Image
from tests.fake_proc import FakeProc

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def image(pid: int, start: int, parent: int) -> Image:
    return Image(pid, start << 16 | 3, start, parent, 1, 2, 3, "/bin/x", ())


@pytest.fixture
def parents(tmp_path: Path) -> Parents:
    return Parents(tmp_path)


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def test_what_was_told_is_kept_when_all_have_ended(parents: Parents) -> None:
    for pid in range(10, 20):
        parents.tell(image(pid, pid, pid - 1))
    child = Asker(19, 19)
    assert parents.generations(Asker(18, 18), child) == 1
    assert parents.generations(Asker(10, 10), child) == 9
    assert parents.generations(child, Asker(10, 10)) is None
    assert parents.generations(child, child) is None


def test_who_has_an_ancestors_pid_now_is_no_ancestor(parents: Parents) -> None:
    parents.tell(image(10, 5, 1))
    parents.tell(image(11, 6, 10))
    child = Asker(11, 6)
    parents.note(child)
    parents.tell(image(10, 7, 1))
    assert parents.generations(Asker(10, 5), child) == 1
    assert parents.generations(Asker(10, 7), child) is None
    assert parents.generations(Asker(10, 4), child) is None


def test_who_started_it_counts_also_when_it_was_given_to_another(parents: Parents) -> None:
    parents.tell(image(10, 5, 1))
    parents.tell(image(11, 6, 10))
    parents.tell(image(11, 6, 1)._replace(number=6 << 16 | 4))
    assert parents.generations(Asker(10, 5), Asker(11, 6)) == 1


def test_what_was_not_told_is_looked_up(proc: FakeProc, parents: Parents) -> None:
    for pid, parent in ((20, 1), (21, 20), (22, 21)):
        put(proc, pid, parent, ticks=pid)
    starts = {pid: pid * TICK_NS + 5 for pid in (20, 21, 22)}
    child = Asker(22, starts[22])
    assert parents.generations(Asker(21, starts[21]), child) == 1
    assert parents.generations(Asker(20, starts[20]), child) == 2
    assert parents.generations(Asker(20, starts[20] + TICK_NS), child) is None
    for pid in (20, 21, 22):
        proc.end(pid)
    assert parents.generations(Asker(20, starts[20]), child) == 2


def test_a_process_that_is_another_now_has_no_ancestors(proc: FakeProc, parents: Parents) -> None:
    put(proc, 22, 21, ticks=99)
    put(proc, 21, 1, ticks=21)
    assert parents.generations(Asker(21, 21 * TICK_NS), Asker(22, 22 * TICK_NS)) is None


def test_who_cannot_be_told_from_others_has_none(parents: Parents) -> None:
    assert parents.generations(Asker(1, "/bin/x"), Asker(2, "/bin/y")) is None


def test_a_circle_comes_to_an_end(parents: Parents) -> None:
    parents.tell(image(10, 5, 11))
    parents.tell(image(11, 6, 10))
    assert parents.generations(Asker(10, 5), Asker(11, 6)) == 1


def put(proc: FakeProc, pid: int, parent: int, ticks: int) -> None:
    proc.put(pid, start=ticks, exe=None)
    stat = proc.root / str(pid) / "stat"
    stat.write_bytes(stat.read_bytes().replace(b") S 1 ", b") S %d " % parent, 1))


def test_the_real_proc_is_read() -> None:
    """A grandchild of this process."""
    code = "import os, sys; os.fork() and os.wait(); print(os.getpid(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stdin
        grandchild = int(child.stdout.readline())
        parents = Parents()
        asker = Asker(grandchild, start_of(grandchild))
        assert parents.generations(Asker(child.pid, start_of(child.pid)), asker) == 1
        assert parents.generations(Asker(os.getpid(), start_of(os.getpid())), asker) == 2
        child.stdin.write(b"\n\n")


def start_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[19]) * TICK_NS
