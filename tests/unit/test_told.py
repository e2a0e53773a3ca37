"""Processes that the kernel told: what it said counts, and /proc only for what it could not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.event import WHO
from probes.processes.cgroup import Owner
from probes.processes.image import Image
from probes.processes.procfs import Processes
from probes.record import Ancestor, Process
from tests.fake_proc import Clock, FakeProc

TICKS = 500  # the start of every process here, in /proc
START = 5_000_000_321  # and as the kernel tells it
BOOTED = 1_000_000_000_000
NUMBER = START << 16 | 3
AFTER_EXEC = NUMBER + 1
IMAGE = Image(7, NUMBER, START, 1, 77, 4, 5, "/bin/told", ("told", "-x"))
TOLD = Process(
    *(7, "x", "/bin/told", ("told", "-x"), 0, "root"),
    *(1, BOOTED + START, 77, 4, 5),
    parents=(Ancestor(1, "", None, ()),),
)


def who(number: int = NUMBER, comm: bytes = b"x", uid: int = 0, pid: int = 7) -> bytes:
    return WHO.pack(pid, uid, comm, number)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.fixture
def processes(fake: FakeProc, clock: Clock) -> Processes:
    return Processes(fake.root, clock, lambda: BOOTED)


def test_what_was_told_needs_no_proc(processes: Processes) -> None:
    processes.tell(IMAGE)
    assert processes.find(who(), 7) == TOLD


def test_what_was_told_counts_for_every_thread_and_user(processes: Processes) -> None:
    processes.tell(IMAGE)
    found = processes.find(who(comm=b"worker", uid=54_321), 9)
    assert (found.label, found.comm, found.user) == ("/bin/told", "worker", "54321")


def test_it_stays_one_object(processes: Processes, clock: Clock) -> None:
    processes.tell(IMAGE)
    first = processes.find(who(), 7)
    clock.now += 1.5
    processes.tell(IMAGE)
    assert processes.find(who(), 7) is first


def test_each_image_of_a_process_is_its_own(processes: Processes) -> None:
    other = IMAGE._replace(number=AFTER_EXEC, executable="/bin/other", args=())
    processes.tell(IMAGE)
    processes.tell(other)
    found = processes.find_all([who(), who(AFTER_EXEC), who()], [7, 7, 7])
    assert [process.label for process in found] == ["/bin/told", "/bin/other", "/bin/told"]


def test_a_pid_given_again_is_never_taken_for_the_old_process(
    processes: Processes, fake: FakeProc
) -> None:
    fake.put(7, start=TICKS + 1, exe="/bin/later", cmdline=b"later\0")
    found = processes.find(who(), 7)
    assert (found.label, found.args, found.parent) == ("[x]", (), None)


def test_what_was_not_told_is_looked_up_if_it_started_then(
    processes: Processes, fake: FakeProc, clock: Clock
) -> None:
    fake.put(7, start=TICKS, exe="/bin/there", cmdline=b"there\0-y\0")
    found = processes.find(who(), 7)
    assert (found.label, found.args) == ("/bin/there", ("there", "-y"))
    fake.end(7)
    clock.now += 1.5
    assert processes.find(who(), 7) is found


def test_what_is_told_later_takes_the_place_of_what_was_looked_up(
    processes: Processes, fake: FakeProc
) -> None:
    fake.put(7, start=TICKS, exe="/bin/there", cmdline=b"there\0")
    looked_up = processes.find_all([who(), who(uid=1)], [7, 7])
    assert {process.label for process in looked_up} == {"/bin/there"}
    processes.tell(IMAGE)
    found = processes.find_all([who(), who(uid=1)], [7, 7])
    assert {process.label for process in found} == {"/bin/told"}


def test_arguments_that_could_not_be_read_are_looked_up(
    processes: Processes, fake: FakeProc, clock: Clock
) -> None:
    fake.put(7, start=TICKS, exe="/host/bin/told", cmdline=b"told\0-z\0")
    processes.tell(IMAGE._replace(args=None))
    found = processes.find(who(), 7)
    assert (found.label, found.args) == ("/bin/told", ("told", "-z"))
    fake.put(7, start=TICKS + 1, exe="/host/bin/told", cmdline=b"told\0of another\0")
    clock.now += 1.5
    assert processes.find(who(), 7) is found
    processes.tell(IMAGE._replace(number=AFTER_EXEC, args=None))
    fake.end(7)
    assert processes.find(who(AFTER_EXEC), 7).args == ()


def test_whose_the_cgroup_is_is_asked_when_it_is_told(fake: FakeProc, clock: Clock) -> None:
    asked = []

    def owner(number: int) -> Owner:
        asked.append(number)
        return Owner("3f4a0b1c2d3e", "nginx.service")

    processes = Processes(fake.root, clock, lambda: BOOTED, owner)
    processes.tell(IMAGE)
    clock.now += 1.5
    found = processes.find(who(), 7)
    assert (found.container, found.unit) == ("3f4a0b1c2d3e", "nginx.service")
    assert asked == [77]


def test_a_thread_of_the_kernel_has_no_executable(processes: Processes) -> None:
    processes.tell(IMAGE._replace(executable=None, args=()))
    assert processes.find(who(), 7).label == "[x]"


def test_a_start_that_no_clock_shows_is_left_out(processes: Processes) -> None:
    processes.tell(IMAGE._replace(start_ns=2**64 - 1))
    assert processes.find(who(), 7).start_ns is None


def test_the_images_told_do_not_pile_up(
    processes: Processes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.processes.procfs._KEPT_IMAGES", 3)
    monkeypatch.setattr("probes.processes.procfs._KEPT", 1)
    for pid in range(1, 4):
        processes.tell(IMAGE._replace(pid=pid))
    assert processes.find(who(pid=1), 1).label == "/bin/told"
    processes.tell(IMAGE._replace(pid=4))
    clock.now += 1.5
    found = [processes.find(who(pid=pid), pid).label for pid in range(1, 5)]
    assert found == ["/bin/told", "[x]", "/bin/told", "/bin/told"], "the least used is forgotten"
