from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from probes.procfs import ARGS_MAX, Processes
from probes.record import Process

PYTHON = os.path.realpath(sys.executable)
ME = os.getuid()
Start = Callable[..., subprocess.Popen[bytes]]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a child that lives as long as the test; it has become its program when this returns."""
    children: list[subprocess.Popen[bytes]] = []

    def run(args: Sequence[str | bytes], **options: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(args, stdin=subprocess.PIPE, **options)  # type: ignore[call-overload]
        children.append(child)
        # Popen is done when the program is loaded, which is before its arguments are in place.
        while child.poll() is None and not Path(f"/proc/{child.pid}/cmdline").read_bytes():
            time.sleep(0.001)
        return child  # type: ignore[no-any-return]

    yield run
    for child in children:
        child.kill()
        child.communicate()


class FakeProc:
    """A folder laid out like /proc, for what a test cannot make happen: a pid given again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, pid: int, *, start: int, exe: str | None, cmdline: bytes = b"") -> None:
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        before_start = " ".join(["S", *["1"] * 18])
        (folder / "stat").write_bytes(b"%d (a) b) %s %d 0 0\n" % (pid, before_start.encode(), start))
        (folder / "cmdline").write_bytes(cmdline)
        (folder / "exe").unlink(missing_ok=True)
        if exe is not None:
            (folder / "exe").symlink_to(exe)

    def end(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def test_a_running_process_is_told_in_full(start: Start) -> None:
    child = start([sys.executable, "-c", "input()", "two words", ""])
    assert Processes().find(child.pid, b"some-thread", ME) == Process(
        pid=child.pid,
        comm="some-thread",
        executable=PYTHON,
        args=(sys.executable, "-c", "input()", "two words", ""),
        uid=ME,
        user=pwd.getpwuid(ME).pw_name,
    )


def test_a_process_that_has_ended_has_its_comm(start: Start) -> None:
    child = start(["true"])
    child.wait()
    found = Processes().find(child.pid, b"true", ME)
    assert (found.executable, found.args) == (None, ())
    assert found.label == "[true]"
    assert found.user == pwd.getpwuid(ME).pw_name


def test_what_was_known_of_a_process_survives_it(start: Start, clock: Clock) -> None:
    child = start(["sleep", "60"])
    processes = Processes(clock=clock)
    known = processes.find(child.pid, b"sleep", ME)
    assert known.args == ("sleep", "60")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    clock.now += 10  # a zombie now: its stat is there, its executable is not
    assert processes.find(child.pid, b"sleep", ME) is known
    child.wait()
    clock.now += 10
    assert processes.find(child.pid, b"sleep", ME) is known


def test_a_process_that_becomes_another_program_is_read_anew(start: Start, clock: Clock) -> None:
    script = "import os, sys; input(); os.execv('/bin/sleep', ['python', '60'])"
    child = start([sys.executable, "-c", script], stdout=subprocess.PIPE)
    processes = Processes(clock=clock)
    before = processes.find(child.pid, b"python", ME)
    assert before.executable == PYTHON
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    while Path(f"/proc/{child.pid}/cmdline").read_bytes() != b"python\x0060\0":
        time.sleep(0.01)
    assert processes.find(child.pid, b"python", ME) is before, "asked again within a second"
    clock.now += 1.5
    after = processes.find(child.pid, b"python", ME)
    assert after.executable == os.path.realpath("/bin/sleep")
    assert after.args == ("python", "60")


def test_another_name_is_another_question(start: Start, clock: Clock) -> None:
    child = start([sys.executable, "-c", "input()"])
    processes = Processes(clock=clock)
    main, thread = (processes.find(child.pid, comm, ME) for comm in (b"python3", b"resolver"))
    assert (main.comm, thread.comm) == ("python3", "resolver")
    assert main.executable == thread.executable == PYTHON


def test_an_unchanged_process_stays_one_object(start: Start, clock: Clock) -> None:
    child = start([sys.executable, "-c", "input()"])
    processes = Processes(clock=clock)
    first = processes.find(child.pid, b"python3", ME)
    clock.now += 1.5
    assert processes.find(child.pid, b"python3", ME) is first


def test_a_pid_that_was_given_again_is_another_process(fake: FakeProc, clock: Clock) -> None:
    processes = Processes(fake.root, clock)
    fake.put(7, start=100, exe="/bin/old", cmdline=b"old\0")
    assert processes.find(7, b"worker", 0).executable == "/bin/old"
    clock.now += 1.5
    fake.put(7, start=200, exe="/bin/new", cmdline=b"new\0-x\0")
    found = processes.find(7, b"worker", 0)
    assert (found.executable, found.args) == ("/bin/new", ("new", "-x"))
    clock.now += 1.5
    fake.put(7, start=300, exe=None)
    assert processes.find(7, b"worker", 0).label == "[worker]"
    fake.end(7)
    clock.now += 1.5
    assert processes.find(7, b"worker", 0).label == "[worker]"


def test_a_pid_that_was_given_to_another_user_is_another_process(fake: FakeProc) -> None:
    processes = Processes(fake.root)
    fake.put(7, start=100, exe="/bin/old")
    processes.find(7, b"worker", 0)
    fake.put(7, start=200, exe="/bin/new")
    assert processes.find(7, b"worker", 1).executable == "/bin/new"


def test_a_kernel_thread_has_a_name_and_no_executable(fake: FakeProc) -> None:
    fake.put(2, start=0, exe=None)
    found = Processes(fake.root).find(2, b"kworker/0:1", 0)
    assert (found.label, found.args) == ("[kworker/0:1]", ())


@pytest.mark.skipif(not Path("/proc/2/stat").exists(), reason="not run: no kernel threads in sight")
def test_this_machines_kernel_threads() -> None:
    assert Processes().find(2, b"kthreadd", 0).label == "[kthreadd]"


def test_a_user_nobody_knows_is_shown_by_number() -> None:
    processes = Processes()
    assert processes.user(0) == "root"
    assert processes.user(3_999_999_999) == "3999999999"
    assert processes.user(0xFFFF_FFFF) == "4294967295"
    assert processes.find(0x7FFF_FFFF, b"x", 54_321).user == "54321"


def test_arguments_beyond_the_most_are_cut_and_said_to_be(start: Start) -> None:
    child = start([sys.executable, "-c", "input()", "a" * 3 * ARGS_MAX, "never"])
    args = Processes().find(child.pid, b"python3", ME).args
    assert args[-1] == "…"
    assert sum(len(arg) + 1 for arg in args[:-1]) - 1 == ARGS_MAX
    assert args[3].startswith("aaaa")


def test_arguments_up_to_the_most_are_whole(fake: FakeProc) -> None:
    fake.put(7, start=1, exe="/x", cmdline=b"a" * (ARGS_MAX - 1) + b"\0")
    assert Processes(fake.root).find(7, b"x", 0).args == ("a" * (ARGS_MAX - 1),)


def test_bytes_that_are_no_text_are_kept(start: Start, tmp_path: Path) -> None:
    program = os.fsencode(tmp_path) + b"/pro\xffgram\n"
    Path(os.fsdecode(program)).write_bytes(Path("/bin/cat").read_bytes())
    os.chmod(program, 0o755)
    child = start([program, b"-", b"a\xe9", b"\x1b[31m"])
    found = Processes().find(child.pid, b"pro\xff\x1b", ME)
    assert found.comm == "pro\udcff\x1b"
    assert found.executable is not None
    assert os.fsencode(found.executable) == program
    assert found.args[1:] == ("-", "a\udce9", "\x1b[31m")


def test_many_processes_do_not_pile_up(fake: FakeProc) -> None:
    processes = Processes(fake.root)
    fake.put(1, start=1, exe="/bin/first")
    processes.find(1, b"x", 0)
    fake.end(1)
    for pid in range(2, 8300):
        processes.find(pid, b"x", 0)
    assert processes.find(1, b"x", 0).label == "[x]", "forgotten, and gone"


@pytest.mark.parametrize("pid", [0, 0xFFFF_FFFF])
def test_numbers_that_no_process_has(pid: int) -> None:
    assert Processes().find(pid, b"swapper/0", 0).label == "[swapper/0]"
