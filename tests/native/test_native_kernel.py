"""The programs in this machine's kernel: from the cache or not, and told what to leave out."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from probes.errors import SourceError
from probes.event import WHO, Connects
from probes.hooks import connect as connect_probes
from probes.hooks import kernel
from probes.hooks.kernel import Kernel
from probes.hooks.names import PROGRAMS
from probes.kernel import compiler
from probes.kernel.bytecode import Bytecode
from probes.kernel.decode import decode
from probes.kernel.program_cache import ProgramCache
from probes.kernel.task import Task
from probes.processes.image import Image, started_at
from probes.record import HookKind
from probes.selection import Selection
from tests.command import NOBODY, REPOSITORY

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

SELF = Task(HookKind.TRACEPOINT, names=False, include_self=True)
PORTS = (6201, 6202, 6203)
ADDRESS = "127.77.20.1"

Attached = Callable[..., Kernel]


@pytest.fixture
def stages() -> list[str]:
    return []


@pytest.fixture
def cache(tmp_path: Path) -> ProgramCache:
    return ProgramCache(tmp_path / "cache")


@pytest.fixture
def attached(stages: list[str], cache: ProgramCache) -> Iterator[Attached]:
    """Attach a task; it is detached after the test."""
    made: list[Kernel] = []

    def attach(task: Task = SELF) -> Kernel:
        made.append(Kernel(stages.append, cache))
        made[-1].attach(task)
        return made[-1]

    yield attach
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def bytecode() -> Bytecode:
    return compiler.compiled()


@pytest.fixture
def kept(cache: ProgramCache, bytecode: Bytecode) -> None:
    """As after a first start."""
    cache.write(compiler.inputs(), bytecode)


def connect_to_all() -> None:
    """From this process to each of `PORTS`, and to a family that has none."""
    for port in PORTS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((ADDRESS, port))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as sock:
        sock.connect((0, 0))


def in_child(uid: int) -> int:
    """The same from a process of its own; returns its id."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(uid)
            connect_to_all()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    return pid


def seen(watched: Kernel, *pids: int) -> list[tuple[int, int]]:
    """(pid, port) of what these processes connected to, as far as it was reported."""
    return [(tgid, port) for tgid, _, _, _, port in callers(watched) if tgid in pids]


def callers(watched: Kernel) -> list[tuple[int, int, int, bytes, int]]:
    """(tgid, tid, uid, comm, port) of each connect() that was reported."""
    found = []
    for event in decode(watched.drain()).events:
        if isinstance(event, Connects):
            for who, tid, port in zip(event.who, event.tids, event.ports, strict=True):
                tgid, uid, comm, _ = WHO.unpack(who)
                found.append((tgid, tid, uid, comm.rstrip(b"\0"), port))
    return found


def all_of(pid: int) -> list[tuple[int, int]]:
    return [(pid, port) for port in (*PORTS, 0)]


def test_a_second_start_compiles_nothing(attached: Attached, stages: list[str]) -> None:
    for expected in (["Compiling the probes", "Attaching the probes"], []):
        stages.clear()
        watched = attached()
        connect_to_all()
        assert stages == expected
        assert seen(watched, os.getpid()) == all_of(os.getpid())
        assert (watched.lost(), watched.filtered()) == (0, 0)
        watched.close()


def test_what_the_kernel_refuses_is_compiled_anew(
    attached: Attached, stages: list[str], cache: ProgramCache, bytecode: Bytecode
) -> None:
    inputs = compiler.inputs()
    endless = dict.fromkeys(bytecode.programs, bytes([0x05, 0, 0xFF, 0xFF, 0, 0, 0, 0]))
    cache.write(inputs, replace(bytecode, programs=endless))
    assert cache.read(inputs) != bytecode
    watched = attached()
    assert stages[0] == "Compiling the probes"
    connect_to_all()
    assert seen(watched, os.getpid()) == all_of(os.getpid())
    assert cache.read(inputs) == bytecode


@pytest.mark.parametrize("left", ["maps", "programs"])
def test_what_lacks_a_part_is_compiled_anew(
    attached: Attached, stages: list[str], cache: ProgramCache, bytecode: Bytecode, left: str
) -> None:
    empty = replace(bytecode, maps=()) if left == "maps" else replace(bytecode, programs={})
    cache.write(compiler.inputs(), empty)
    attached()
    assert stages[0] == "Compiling the probes"
    assert cache.read(compiler.inputs()) == bytecode


@pytest.mark.parametrize(
    "layout",
    [
        None,
        pytest.param((0,) * 8, id="unknown"),
        pytest.param((1, 5, 9, 13, 3, 7, 11, 15), id="refused"),
    ],
)
def test_who_called_is_told_whether_the_kernels_structures_are_known_or_not(
    attached: Attached, cache: ProgramCache, bytecode: Bytecode, layout: tuple[int, ...] | None
) -> None:
    if layout is not None:
        assert len(layout) == len(bytecode.layout)
        cache.write(compiler.inputs(), replace(bytecode, layout=layout))
    watched = attached()
    child = in_child(54321)
    comm = Path("/proc/self/comm").read_bytes().strip()
    told = [caller[:4] for caller in callers(watched) if caller[0] == child]
    assert told == [(child, child, 54321, comm)] * 4


@pytest.mark.usefixtures("kept")
def test_a_process_image_is_told_once_and_ahead_of_what_it_does(attached: Attached) -> None:
    watched = attached(replace(SELF, selection=Selection(pids=frozenset({os.getpid()}))))
    for _ in range(3):
        connect_to_all()
    # Others are told as they make processes.
    events = [
        event
        for event in decode(watched.drain()).events
        if not isinstance(event, Image) or event.pid == os.getpid()
    ]
    image, *runs = events
    assert isinstance(image, Image)
    callers = [who for run in runs if isinstance(run, Connects) for who in run.who]
    assert [WHO.unpack(who)[3] for who in callers] == [image.number] * 12
    assert not any(isinstance(run, Image) for run in runs)
    assert (image.pid, image.parent) == (os.getpid(), os.getppid())
    assert image.executable == os.readlink("/proc/self/exe")
    assert image.args == tuple(Path("/proc/self/cmdline").read_text().split("\0")[:-1])
    assert image.netns == os.stat("/proc/self/ns/net").st_ino
    assert image.mntns == os.stat("/proc/self/ns/mnt").st_ino
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    assert image.start_ns // (10**9 // os.sysconf("SC_CLK_TCK")) == ticks
    assert started_at(image.number, ticks)


def test_without_a_cache_it_captures_all_the_same(tmp_path: Path) -> None:
    watched = Kernel(cache=ProgramCache(tmp_path / "missing" / "cache"))
    watched.attach(SELF)
    connect_to_all()
    assert seen(watched, os.getpid()) == all_of(os.getpid())
    watched.close()


@pytest.mark.usefixtures("kept")
def test_no_descriptor_outlives_it(attached: Attached) -> None:
    before = os.listdir("/proc/self/fd")
    watched = attached()
    assert len(os.listdir("/proc/self/fd")) > len(before)
    watched.close()
    watched.close()
    assert os.listdir("/proc/self/fd") == before
    assert "bpf-map" not in Path("/proc/self/maps").read_text()


@pytest.mark.usefixtures("kept")
def test_nor_where_it_could_not_be_attached(
    cache: ProgramCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(connect_probes, "TRACEPOINT", "syscalls:sys_enter_nowhere")
    with pytest.raises(SourceError, match="sys_enter_nowhere cannot be watched: No such file"):
        Kernel(cache=cache).attach(SELF)
    assert os.listdir("/proc/self/fd") == before


def test_the_compiler_is_not_in_this_process(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from probes.hooks.kernel import Kernel; from probes.kernel.task import Task;"
        "from probes.kernel.program_cache import ProgramCache;"
        "kernel = Kernel(cache=ProgramCache(Path(sys.argv[1])));"
        "kernel.attach(Task(names=False)); print(Path('/proc/self/maps').read_text())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert "libc.so" in done.stdout
    assert "libbcc" not in done.stdout
    assert "LLVM" not in done.stdout


@pytest.mark.usefixtures("kept")
def test_nobody_asked_for_anything_in_particular(attached: Attached) -> None:
    watched = attached()
    root, nobody = in_child(0), in_child(NOBODY)
    assert seen(watched, root, nobody) == all_of(root) + all_of(nobody)
    assert watched.filtered() == 0


@pytest.mark.usefixtures("kept")
def test_its_own_connections_are_neither_seen_nor_counted(attached: Attached) -> None:
    watched = attached(replace(SELF, include_self=False, selection=Selection(pids=frozenset({1}))))
    before = watched.filtered()
    connect_to_all()
    child = in_child(0)
    assert seen(watched, os.getpid(), child) == []
    # Others may connect meanwhile, but hardly as often.
    assert watched.filtered() - before >= 4


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(pids=frozenset({os.getpid()})), [(0, *PORTS)]),
        (Selection(users=frozenset({NOBODY})), [(2, *PORTS)]),
        (Selection(users=frozenset({NOBODY, 54321})), [(1, *PORTS), (2, *PORTS)]),
        (Selection(ports=frozenset({6202})), [(n, 6202) for n in range(3)]),
        (Selection(ports=frozenset({6201, 6203})), [(n, 6201, 6203) for n in range(3)]),
        (Selection(users=frozenset({54321}), ports=frozenset({6203, 53})), [(1, 6203)]),
        (Selection(frozenset({os.getpid(), 1}), frozenset({0}), frozenset({6202})), [(0, 6202)]),
        (Selection(pids=frozenset({os.getpid()}), users=frozenset({NOBODY})), []),
        (Selection(pids=frozenset(range(1, 5000)), ports=frozenset({7})), []),
    ],
)
def test_only_what_is_selected_is_reported_and_the_rest_counted(
    attached: Attached, selection: Selection, expected: list[tuple[int, ...]]
) -> None:
    watched = attached(replace(SELF, selection=selection))
    connect_to_all()
    pids = [os.getpid(), in_child(54321), in_child(NOBODY)]
    limited = bool(selection.ports)
    wanted = [
        (pids[number], port)
        for number, *ports in expected
        for port in (ports if limited else [*ports, 0])
    ]
    assert seen(watched, *pids) == wanted
    assert watched.filtered() >= 12 - len(wanted)


@pytest.mark.usefixtures("kept")
def test_libbpfs_consumer_reads_the_same(
    attached: Attached, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "can_map", lambda: False)
    watched = attached()
    connect_to_all()
    assert seen(watched, os.getpid()) == all_of(os.getpid())
    connect_to_all()
    assert seen(watched, os.getpid()) == all_of(os.getpid())
    assert seen(watched, os.getpid()) == []


def test_a_connection_wakes_a_reader_that_rests(attached: Attached) -> None:
    # Who else connects on this machine would wake it too.
    watched = attached(replace(SELF, selection=Selection(pids=frozenset({os.getpid()}))))
    for _ in range(100):
        # What others did when they made processes is in the ring, and is no reason to rest.
        watched.drain()
        resting = threading.Thread(target=watched.wait, args=(600,))
        resting.start()
        resting.join(0.2)
        if resting.is_alive():
            break
    assert resting.is_alive()
    connect_to_all()
    resting.join(20)
    assert not resting.is_alive()


@pytest.mark.usefixtures("kept")
def test_who_makes_a_process_is_told_ahead_of_it(attached: Attached) -> None:
    watched = attached()
    child = in_child(0)
    told = {
        event.pid: (place, event)
        for place, event in enumerate(decode(watched.drain()).events)
        if isinstance(event, Image)
    }
    (before, maker), (after, made) = told[os.getpid()], told[child]
    assert before < after
    assert (made.parent, made.parent_number) == (os.getpid(), maker.number)
    assert (maker.parent, maker.executable) == (os.getppid(), os.readlink("/proc/self/exe"))


def test_what_runs_at_uprobes_has_the_stack_of_its_thread(bytecode: Bytecode) -> None:
    """See stay_on_own_stack() in bpf/base.c: a tail call is what keeps it there."""
    call, of_helper = 0x85, 12  # BPF_JMP | BPF_CALL, BPF_FUNC_tail_call
    for name in PROGRAMS:
        code = bytecode.programs[name]
        calls = {
            value
            for operation, registers, _, value in struct.iter_unpack("=BBhi", code)
            if operation == call and registers >> 4 == 0
        }
        assert of_helper in calls, name
