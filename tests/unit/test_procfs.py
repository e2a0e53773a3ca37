from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from probes.event import WHO
from probes.processes.proc_files import ARGS_MAX
from probes.processes.procfs import Processes
from probes.record import Process
from tests.fake_proc import Clock, FakeProc

PYTHON = os.path.realpath(sys.executable)
ME = os.getuid()
Start = Callable[..., subprocess.Popen[bytes]]


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


@pytest.fixture
def fake(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def find(processes: Processes, pid: int, comm: bytes | None = None, uid: int = ME) -> Process:
    """What is known of a process whose main thread is called `comm`, or as it is called now."""
    if comm is None:
        comm = Path(f"/proc/{pid}/comm").read_bytes().removesuffix(b"\n")
    return processes.find(WHO.pack(pid, uid, comm, 0), pid)


def test_a_running_process_is_told_in_full(start: Start) -> None:
    child = start([sys.executable, "-c", "input()", "two words", ""])
    found = find(Processes(), child.pid)
    assert [parent.pid for parent in found.parents[:2]] == [os.getpid(), os.getppid()]
    assert found.parents[0].executable == PYTHON
    assert replace(found, parents=()) == Process(
        pid=child.pid,
        comm=Path(sys.executable).name,
        executable=PYTHON,
        args=(sys.executable, "-c", "input()", "two words", ""),
        uid=ME,
        user=pwd.getpwuid(ME).pw_name,
    )


def test_a_process_that_has_ended_has_its_comm(start: Start) -> None:
    child = start(["true"])
    child.wait()
    found = find(Processes(), child.pid, b"true", ME)
    assert (found.executable, found.args) == (None, ())
    assert found.label == "[true]"
    assert found.user == pwd.getpwuid(ME).pw_name


def test_what_was_known_of_a_process_survives_it(start: Start, clock: Clock) -> None:
    child = start(["sleep", "60"])
    processes = Processes(clock=clock)
    known = find(processes, child.pid, b"sleep")
    assert known.args == ("sleep", "60")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    clock.now += 10  # a zombie now: its stat is there, its executable is not
    assert find(processes, child.pid, b"sleep") is known
    child.wait()
    clock.now += 10
    assert find(processes, child.pid, b"sleep") is known


def test_a_process_that_becomes_another_program_of_its_name_is_read_anew(
    start: Start, clock: Clock, tmp_path: Path
) -> None:
    program = tmp_path / Path(sys.executable).name
    program.symlink_to("/bin/sleep")
    script = "import os, sys; input(); os.execv(sys.argv[1], ['again', '60'])"
    child = start([sys.executable, "-c", script, str(program)])
    processes = Processes(clock=clock)
    before = find(processes, child.pid)
    assert before.executable == PYTHON
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    while Path(f"/proc/{child.pid}/cmdline").read_bytes() != b"again\x0060\0":
        time.sleep(0.01)
    assert find(processes, child.pid) is before, "asked again within a second"
    clock.now += 1.5
    after = find(processes, child.pid)
    assert after.executable == os.path.realpath("/bin/sleep")
    assert after.args == ("again", "60")


NAMED_THREAD = """
import threading, sys
def work():
    with open("/proc/thread-self/comm", "w") as comm:
        comm.write("resolver")
    print(threading.get_native_id(), flush=True)
    if sys.argv[1] == "stay":
        sys.stdin.read()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("ended", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("thread", ["stay", "end"])
def test_a_thread_of_another_name_is_of_its_process(start: Start, thread: str) -> None:
    child = start([sys.executable, "-c", NAMED_THREAD, thread], stdout=subprocess.PIPE)
    assert child.stdout is not None
    tid = int(child.stdout.readline())
    if thread == "end":
        assert child.stdout.readline() == b"ended\n"
    found = Processes().find(WHO.pack(child.pid, ME, b"resolver", 0), tid)
    assert (found.pid, found.comm, found.executable) == (child.pid, "resolver", PYTHON)


def test_a_program_that_came_after_did_not_connect(start: Start) -> None:
    child = start(["sleep", "60"])
    found = find(Processes(), child.pid, b"bash")
    assert (found.label, found.args) == ("[bash]", ())


@pytest.mark.parametrize("comm", [b"a) b", b"(a)", b"a\\b", b"a\nb", b"tab\t\x1b", b" ", b"\xff"])
def test_a_name_of_odd_characters_does_not_hide_its_program(start: Start, comm: bytes) -> None:
    script = (
        f"import sys; open('/proc/self/comm', 'wb').write({comm!r}); print(flush=True); input()"
    )
    child = start([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    assert find(Processes(), child.pid, comm).executable == PYTHON


def test_an_unchanged_process_stays_one_object(start: Start, clock: Clock) -> None:
    child = start([sys.executable, "-c", "input()"])
    processes = Processes(clock=clock)
    first = find(processes, child.pid)
    clock.now += 1.5
    assert find(processes, child.pid) is first


def test_a_pid_that_was_given_again_is_another_process(fake: FakeProc, clock: Clock) -> None:
    processes = Processes(fake.root, clock)
    fake.put(7, start=100, exe="/bin/old", cmdline=b"old\0")
    assert find(processes, 7, b"x", 0).executable == "/bin/old"
    clock.now += 1.5
    fake.put(7, start=200, exe="/bin/new", cmdline=b"new\0-x\0")
    found = find(processes, 7, b"x", 0)
    assert (found.executable, found.args) == ("/bin/new", ("new", "-x"))
    clock.now += 1.5
    fake.put(7, start=300, exe=None)
    assert find(processes, 7, b"x", 0).label == "[x]"
    fake.end(7)
    clock.now += 1.5
    assert find(processes, 7, b"x", 0).label == "[x]"


def test_a_pid_that_was_given_to_another_user_is_another_process(fake: FakeProc) -> None:
    processes = Processes(fake.root)
    fake.put(7, start=100, exe="/bin/old")
    find(processes, 7, b"x", 0)
    fake.put(7, start=200, exe="/bin/new")
    assert find(processes, 7, b"x", 1).executable == "/bin/new"


def test_a_kernel_thread_has_a_name_and_no_executable(fake: FakeProc) -> None:
    fake.put(2, start=0, exe=None, comm=b"kworker/0:1")
    found = find(Processes(fake.root), 2, b"kworker/0:1", 0)
    assert (found.label, found.args) == ("[kworker/0:1]", ())


@pytest.mark.skipif(not Path("/proc/2/stat").exists(), reason="not run: no kernel threads in sight")
def test_this_machines_kernel_threads() -> None:
    assert find(Processes(), 2, b"kthreadd", 0).label == "[kthreadd]"


def test_a_user_nobody_knows_is_shown_by_number() -> None:
    processes = Processes()
    assert processes.user(0) == "root"
    assert processes.user(3_999_999_999) == "3999999999"
    assert processes.user(0xFFFF_FFFF) == "4294967295"
    assert find(processes, 0x7FFF_FFFF, b"x", 54_321).user == "54321"


def test_arguments_beyond_the_most_are_cut_and_said_to_be(start: Start) -> None:
    child = start([sys.executable, "-c", "input()", "a" * 3 * ARGS_MAX, "never"])
    args = find(Processes(), child.pid).args
    assert args[-1] == "…"
    assert sum(len(arg) + 1 for arg in args[:-1]) - 1 == ARGS_MAX
    assert args[3].startswith("aaaa")


def test_arguments_up_to_the_most_are_whole(fake: FakeProc) -> None:
    fake.put(7, start=1, exe="/x", cmdline=b"a" * (ARGS_MAX - 1) + b"\0")
    assert find(Processes(fake.root), 7, b"x", 0).args == ("a" * (ARGS_MAX - 1),)


def test_bytes_that_are_no_text_are_kept(start: Start, tmp_path: Path) -> None:
    program = os.fsencode(tmp_path) + b"/pro\xffgram\n"
    Path(os.fsdecode(program)).write_bytes(Path("/bin/cat").read_bytes())
    os.chmod(program, 0o755)
    child = start([program, b"-", b"a\xe9", b"\x1b[31m"])
    found = find(Processes(), child.pid)
    assert found.comm == "pro\udcffgram\n"
    assert found.executable is not None
    assert os.fsencode(found.executable) == program
    assert found.args[1:] == ("-", "a\udce9", "\x1b[31m")


def test_many_processes_do_not_pile_up(fake: FakeProc, clock: Clock) -> None:
    processes = Processes(fake.root, clock)
    fake.put(1, start=1, exe="/bin/first")
    find(processes, 1, b"x", 0)
    fake.end(1)
    for pid in range(2, 8300):
        find(processes, pid, b"x", 0)
    clock.now += 1.5
    assert find(processes, 1, b"x", 0).label == "[x]", "forgotten, and gone"


@pytest.mark.parametrize("pid", [0, 0xFFFF_FFFF])
def test_numbers_that_no_process_has(pid: int) -> None:
    assert find(Processes(), pid, b"swapper/0", 0).label == "[swapper/0]"
