"""What root's rights become once the probes are attached, and that all still works without them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from probes.kernel.capabilities import Capability
from probes.kernel.requirements import libc_path
from probes.rights.opener import HELD
from probes.rights.privileges import capture
from tests.command import NOBODY, command, environment, run
from tests.native.cgroups import unified
from tests.native.started import (
    BY_NOBODY,
    Started,
    children_of,
    connect,
    started,
    threads_of,
    wait_for,
)
from tests.native.test_native_libcs import ASK, SCANNED_S
from tests.native.test_native_namespaces import Container

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

PORT = 20_031
CAPTURING = sum(1 << one for one in capture(range(64)))
ALL = (
    *(Capability.CAP_BPF, Capability.CAP_PERFMON, Capability.CAP_NET_RAW),
    *(Capability.CAP_SYS_PTRACE, Capability.CAP_DAC_READ_SEARCH, Capability.CAP_SYS_ADMIN),
    Capability.CAP_CHECKPOINT_RESTORE,
)
IDS = "\t".join([str(NOBODY)] * 4)


def held(status: dict[str, str]) -> int:
    return int(status["CapPrm"], 16)


@pytest.mark.parametrize("sudo", [True, False], ids=["sudo", "root"])
def test_no_thread_is_roots_and_one_holds_what_capture_needs(sudo: bool) -> None:
    with started("--json", "--ptr", **(BY_NOBODY if sudo else {})) as it:
        threads = wait_for(
            lambda: (
                (found := threads_of(it.pid))
                and all(one["Seccomp"] == "2" for one in found)
                and found
            )
        )
        [opener] = children_of(it.pid)
        for one in threads:
            assert one["Uid"] == one["Gid"] == IDS
            assert "0" not in one["Groups"].split()
            assert one["NoNewPrivs"] == "1"
            for kind in ("CapInh", "CapBnd", "CapAmb"):
                assert int(one[kind], 16) == 0
            assert one["CapEff"] == one["CapPrm"]
        # The thread that captures, and the one that looks for network namespaces.
        assert sorted(filter(None, map(held, threads))) == [CAPTURING, CAPTURING]
        assert held(threads_of(it.pid)[0]) == 0  # the first thread's, and what draws the screen
        [process] = threads_of(opener)
        assert held(process) == sum(1 << one for one in HELD)
        assert (process["NoNewPrivs"], process["Seccomp"]) == ("1", "2")
        assert int(process["CapBnd"], 16) == 0
        assert it.end() == 0
        assert len(it.said) == 2
        assert "lost 0" in it.last
    assert not Path(f"/proc/{opener}").exists()


def test_the_process_beside_it_ends_where_it_is_killed() -> None:
    with started("--json", **BY_NOBODY) as it:
        [opener] = children_of(it.pid)
        it.end(9)
        wait_for(lambda: not Path(f"/proc/{opener}").exists())


def test_it_sees_what_root_sees(shared: Path) -> None:
    """Another user's process, a libc that comes later, an address that is only in a container."""
    copy = Path(shutil.copy(libc_path(), shared / "libc.so.6"))
    flags = ["--json", "--wait", "0", "--hook", "tracepoint"]
    with started(*flags, **BY_NOBODY) as it:
        asker = subprocess.Popen(
            [sys.executable, "-c", ASK, str(PORT)],
            stdin=subprocess.PIPE,
            env={**os.environ, "LD_LIBRARY_PATH": str(copy.parent)},
        )
        container = Container(PORT + 1)
        try:
            time.sleep(SCANNED_S)
            assert asker.stdin is not None
            asker.communicate(b"11")
            row = it.row(lambda row: row["pid"] == asker.pid and row["port"] == PORT)
            assert (row["user"], row["host"], row["host_source"]) == (
                *("root", "localhost"),
                "getaddrinfo",
            )
            assert row["process"] == os.path.realpath(sys.executable)
            assert row["args"][1:] == ["-c", ASK, str(PORT)]
            pid = container.ask()
            row = it.row(lambda row: row["pid"] == pid and row["port"] == PORT + 1)
            assert (row["host"], row["host_source"]) == ("inside.world.test", "dns")
        finally:
            asker.kill()
            asker.wait()
            container.end()
        assert it.end() == 0


@pytest.mark.parametrize(
    ("folder", "field", "owner"),
    [
        ("sock-tui-test.service", "unit", "sock-tui-test.service"),
        (f"docker-{'0123456789abcdef' * 4}.scope", "container", "0123456789ab"),
    ],
)
def test_it_sees_whose_a_cgroup_is(folder: str, field: str, owner: str) -> None:
    script = f"import socket; socket.socket(2, 2).connect(('127.0.0.1', {PORT + 2}))"
    with (
        started("--json", "--wait", "0", **BY_NOBODY) as it,
        unified(folder) as entering,
        subprocess.Popen([*entering, sys.executable, "-c", script]) as process,
    ):
        row = it.row(lambda row: row["pid"] == process.pid and row["port"] == PORT + 2)
        assert row[field] == owner


@pytest.mark.parametrize("flag", ["--export", "--record"])
def test_files_are_made_with_the_rights_of_who_called(flag: str, shared: Path) -> None:
    path = shared / "session"
    with started(flag, path, **BY_NOBODY) as it:
        connect(PORT)
        time.sleep(0.5)
        assert it.end() == 0
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (NOBODY, NOBODY)
    assert stat.S_IMODE(status.st_mode) == 0o600
    # Where only root may write it is said at once, and not when the session is over.
    shared.chmod(0o755)
    done = run("--replace", flag, path, "--duration", "0.1", **BY_NOBODY)
    assert done.returncode == 1
    assert done.stderr == (
        f"sock-tui: cannot write {path}: nobody, who this process becomes, may not write in "
        f"{shared}; choose another, such as /var/tmp, use sudo, or add --keep-root\n"
    )
    done = run("--replace", "--keep-root", flag, path, "--duration", "0.1")
    assert done.returncode == 0
    assert path.stat().st_uid == 0


def test_root_is_kept_where_that_is_wanted() -> None:
    with started("--json", "--keep-root", **BY_NOBODY) as it:
        assert {one["Uid"] for one in threads_of(it.pid)} == {"0\t0\t0\t0"}
        assert children_of(it.pid) == []


SHOW = "grep -E '^(Uid|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"


def test_a_command_may_still_become_root() -> None:
    """By sudo, for example: nothing of what sock-tui takes from itself reaches it."""
    done = run("run", "--plain", "--", "sh", "-c", SHOW, **BY_NOBODY)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(":\t") for line in done.stdout.splitlines())
    assert lines["Uid"] == IDS
    assert (lines["NoNewPrivs"], lines["Seccomp"]) == ("0", "0")
    assert int(lines["CapBnd"], 16) != 0


def test_a_signal_reaches_a_command_that_became_root(shared: Path) -> None:
    """It may be sent by whoever could end sock-tui itself."""
    script = 'trap "echo ended; exit 7" TERM; echo begun; while :; do sleep 0.05; done'
    process = subprocess.Popen(
        command("run", "--plain", "--", "sh", "-c", script),  # root's, watched by nobody
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        cwd="/",
    )
    it = Started(process)
    try:
        wait_for(lambda: "begun" in it.lines)
        assert threads_of(it.pid)[0]["Uid"] == IDS
        assert it.end(15) == 7
        assert it.lines == ["begun", "ended"]
    finally:
        process.kill()
        it.wait()


def test_what_doctor_says_of_it() -> None:
    done = run("doctor", "--json", **BY_NOBODY)
    [finding] = [one for one in map(json.loads, done.stdout.splitlines()) if "while" in one["what"]]
    assert finding["found"].startswith("user nobody, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, ")
