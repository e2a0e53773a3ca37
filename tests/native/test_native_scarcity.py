"""What there is too little of: disk, descriptors, memory. It says so, and loses nothing else."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.native.cgroups import MemoryGroup, memory_group
from tests.native.left import held_by, left, nothing_is_left
from tests.native.on_terminal import OnTerminal
from tests.native.started import BY_NOBODY, PATIENCE_S, connect, started, sums, wait_for
from tests.native.test_native_faults import AS_NOBODY, COMMITTED_S, PORT, recorded

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]


SMALL = """
set -e; folder=$1; shift
mount -t tmpfs -o size=300k,mode=1777 none "$folder"
set +e; "$@"; status=$?; ls -A "$folder"; exit $status
"""


def on_a_small_disk(folder: Path) -> list[str | Path]:
    """Starts a command with a disk of 300 KB at `folder`, and lists at the end what is there."""
    return ["unshare", "--mount", "sh", "-c", SMALL, "sh", folder]


def test_a_disk_that_is_full_while_it_records(shared: Path) -> None:
    flags = ["--record", shared / "x.db", "--duration", "8", "--port", str(PORT)]
    with started(*flags, before=on_a_small_disk(shared), **BY_NOBODY) as it:
        connect(PORT, 500)
        time.sleep(COMMITTED_S)
        for number in range(39_500):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.connect((f"127.78.{number >> 8 & 255}.{number & 255}", PORT))
        assert it.wait() == 0
    assert "not everything is recorded: the disk is full" in it.said
    found = re.fullmatch(r"(\d+) connections? recorded in .*, (\d+) not: the disk is full", it.last)
    assert found
    assert int(found[1]) + int(found[2]) == 40_000
    assert int(found[1]) >= 500
    counted = sums(it.said[-2])
    assert (counted["kept"], counted["lost"]) == (40_000, 0)


def test_a_disk_that_is_full_at_an_export(shared: Path) -> None:
    flags = ["--export", shared / "x.csv", "--duration", "3", "--port", str(PORT)]
    with started(*flags, before=on_a_small_disk(shared), **BY_NOBODY) as it:
        connect(PORT, 4_000)
        assert it.wait() == 1
    assert it.lines == []  # nothing is there, whole or not
    assert f"cannot write {shared}/x.csv: the disk is full" in it.last
    [counted] = [sums(line) for line in it.said if line.startswith("seen ")]
    assert (counted["kept"], counted["lost"]) == (4_000, 0)


def test_a_disk_that_is_for_reading_only(shared: Path) -> None:
    script = 'mount -t tmpfs none "$1"; mount -o remount,ro "$1"; shift; exec "$@"'
    before = ["unshare", "--mount", "sh", "-c", script, "sh", shared]
    for flag in ("--record", "--export"):
        flags = [flag, shared / "x", "--duration", "1"]
        with started(*flags, before=before, **BY_NOBODY) as it:
            assert it.wait() != 0
        [line] = it.said
        assert "cannot be written to" in line or "read-only" in line


@pytest.mark.parametrize("limit", ["--nofile=24", "--nofile=48", "--as=120000000"])
def test_too_little_of_what_it_takes_to_start(limit: str) -> None:
    """It says what there is too little of, in one line."""
    with started("--json", before=["prlimit", limit], **BY_NOBODY) as it:
        assert it.wait() == 1
    [line] = it.said
    assert line.startswith("sock-tui: ")
    assert re.search("many open files|memory|thread", line)


def test_no_memory_that_may_be_locked() -> None:
    with started("--json", before=["prlimit", "--memlock=0"], **BY_NOBODY) as it:
        assert it.end() == 0
        assert "lost 0" in it.last


def test_descriptors_that_run_out_while_it_captures(shared: Path) -> None:
    """Who connects is told all the same, as the kernel told it."""
    with started("--json", "--wait", "0", **BY_NOBODY) as it:
        of = held_by(it.pid)
        used = len(os.listdir(f"/proc/{it.pid}/fd"))
        limit = ["prlimit", f"--pid={it.pid}", f"--nofile={used}"]
        subprocess.run(["setpriv", *AS_NOBODY, *limit], check=True)
        time.sleep(2.5)  # it has looked for libcs and network namespaces meanwhile
        connect(PORT)
        row = it.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT)
        assert row["process"] == os.path.realpath(sys.executable)
        assert it.end() == 0
    nothing_is_left(of)


@pytest.fixture
def group() -> Iterator[MemoryGroup]:
    with memory_group() as made:
        yield made


@pytest.mark.parametrize("megabytes", [16, 48, 64])
def test_too_little_memory_to_start(megabytes: int, group: MemoryGroup) -> None:
    """It says so in a line, unless there is too little even for that; and nothing stays."""
    before = left()
    group.limit(megabytes << 20)
    with started("--json", before=group.entering, **BY_NOBODY) as it:
        status = it.wait()
    if status == -signal.SIGKILL:
        assert group.killed
    else:
        [line] = it.said
        assert (status, line[:10]) == (1, "sock-tui: ")
        assert "emory" in line
        assert "CONFIG_" not in line  # the kernel is not to blame
    wait_for(lambda: not left() - before)


def test_it_keeps_to_what_it_may_have(group: MemoryGroup, shared: Path) -> None:
    """With as many rows as were asked for, however many come: here 30 times as many."""
    flags = ["--export", shared / "x.csv", "--max-rows", "10000", "--port", str(PORT)]
    with started(*flags, before=group.entering, **BY_NOBODY) as it:
        connect_to_many(20_000)
        time.sleep(COMMITTED_S)
        group.limit(group.usage + (24 << 20))
        for _ in range(14):
            connect_to_many(20_000)
        assert it.end() == 0
        assert group.killed == 0
    counted = sums(it.last)
    assert [counted[name] for name in ("lost", "evicted", "kept")] == [0, 290_000, 10_000]


def test_the_kernel_ends_it_for_want_of_memory(group: MemoryGroup, shared: Path) -> None:
    """What was recorded until then is there, and no probe."""
    path = shared / "x.db"
    flags = ["--record", path, "--export", shared / "x.csv", "--port", str(PORT)]
    with started(*flags, before=group.entering, **BY_NOBODY) as it:
        of = held_by(it.pid)
        connect(PORT, 3)
        time.sleep(COMMITTED_S)
        assert recorded(path)[0] == 3
        group.limit(group.usage + (1 << 20))
        while it.process.poll() is None:
            connect_to_many(20_000)
        assert it.wait() == -signal.SIGKILL
        assert group.killed
        many, meta = recorded(path)
        assert (many >= 3, "end" in meta) == (True, False)
    nothing_is_left(of)


def connect_to_many(times: int) -> None:
    """Connect to PORT, each time to another address."""
    for number in range(times):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect((f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", PORT))


HOME = """
set -e; home=$1; shift
mount -t tmpfs none "$home"; mkdir -p "$home/.config/sock-tui"
echo 'columns = ["time", "process", "latency"]' >"$home/.config/sock-tui/config.toml"
echo 'web = "port:80"' >"$home/.config/sock-tui/filters.toml"
sed "s|^\\(nobody:[^:]*:[^:]*:[^:]*:[^:]*\\):[^:]*|\\1:$home|" /etc/passwd >"$home/passwd"
mount --bind "$home/passwd" /etc/passwd
chmod -R a+rX "$home"; mount -o remount,ro "$home"
for folder in /var/cache /var/lib; do mount -t tmpfs -o ro none "$folder"; done
export HOME="$home"; exec "$@"
"""


def with_a_home_that_is_read_only(folder: Path) -> list[str | Path]:
    """Starts a command; nobody's home is at `folder`, and what machines keep cannot be kept."""
    shell = ["sh", "-c", HOME, "sh", folder]
    return ["unshare", "--mount", "--propagation", "private", *shell]


def test_a_home_that_is_read_only(shared: Path) -> None:
    """What is set there counts, and only what would be written there is missing: it says so."""
    folder = shared / "home"
    folder.mkdir()
    read_only = with_a_home_that_is_read_only(folder)
    it = OnTerminal(shared / "errors", before=read_only)
    try:
        it.attached()
        of = held_by(it.process.pid)
        connect(PORT)
        wait_for(lambda: b"Latency" in it.output)  # 80 columns have no room for it otherwise
        it.press("/", "escape undoes")
        it.press("@mine = port:443", "Nothing matches the filter")
        it.press("\r", "cannot write")
        it.press("\x1b", "following")
        it.press("/", "escape undoes")
        it.press("@web", "Nothing matches the filter")
        it.press("\r", "escape clears")
        it.press("t", "Timeline")
        it.press("q", "\x1b[?1049l")
        assert it.process.wait(PATIENCE_S) == 0
        seen, look = it.said
        assert re.match(r"seen \d+, lost 0", seen)
        assert look.startswith(f"the look is not remembered: cannot write {folder}/.local")
        nothing_is_left(of)
    finally:
        it.end()
    with started("--json", "--wait", "0", before=read_only, **BY_NOBODY) as other:
        connect(PORT)
        other.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT)
        assert other.end() == 0
        assert len(other.said) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--record", "{home}/x.db"],
        ["--export", "{home}/x.csv"],
        ["run", "--report", "{home}/x.md", "--", "echo", "ran"],
        ["run", "--learn", "{home}/x.toml", "--", "echo", "ran"],
        ["asn", "update", "/etc/hostname"],
    ],
)
def test_what_cannot_be_written_is_said_at_once(arguments: list[str], shared: Path) -> None:
    words = [word.format(home=shared) for word in arguments]
    with started(*words, before=with_a_home_that_is_read_only(shared), **BY_NOBODY) as it:
        assert it.wait() != 0
    assert it.lines == []  # nor was the command begun
    said = " ".join(it.said)
    assert ("/var/lib/sock-tui" if words[0] == "asn" else str(shared)) in said
    assert re.search("writ(e|ten) |Read-only", said)
    assert "Traceback" not in said


def test_doctor_where_nothing_can_be_written(shared: Path) -> None:
    before = with_a_home_that_is_read_only(shared)
    with started("doctor", "--hook", "tracepoint", before=before, **BY_NOBODY) as it:
        assert it.wait() == 0
    assert it.lines[-1] == "Capture works here."
