"""`sock-tui run`: a command is run as its caller would, seen from its first instruction, judged."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import NOBODY, PATIENCE_S, command, environment

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

CONNECT = (
    "import socket, sys; [socket.create_connection(('127.0.0.1', int(p))) for p in sys.argv[1:]]"
)
PYTHON = "/usr/bin/python3"
# Leaves its session, its group and its parent, and connects when that has ended.
DAEMON = """
import os, socket, sys
reading, writing = os.pipe()
first = os.fork()
if not first:
    os.setsid()
    if os.fork():
        os._exit(0)
    parent = os.getppid()
    while os.getppid() == parent and os.path.exists(f"/proc/{parent}/fd/0"):
        pass
    socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    os.write(writing, b"x")
    os._exit(0)
os.waitpid(first, 0)
os.read(reading, 1)
"""


@dataclass(frozen=True)
class Ran:
    status: int
    output: bytes
    said: str

    @property
    def report(self) -> Mapping[str, object]:
        found: Mapping[str, object] = json.loads(self.said.splitlines()[-1])
        return found

    @property
    def contacts(self) -> set[tuple[str, object]]:
        contacts = self.report["contacts"]
        assert isinstance(contacts, list)
        return {(contact["process"], contact["port"]) for contact in contacts}


def ran(*words: str | Path, folder: Path | None = None, **changes: str) -> Ran:
    done = subprocess.run(
        command("run", *words),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment(**changes),
        timeout=PATIENCE_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def another_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that belongs to nobody, and can be reached by nobody, as pytest's own cannot."""
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


AS_NOBODY = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY), "SUDO_USER": "nobody"}


def test_the_tree_is_seen_and_nothing_beside_it(port: int, another_port: int) -> None:
    ended = threading.Event()

    def beside() -> None:
        while not ended.is_set():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect(("127.0.0.1", another_port))
            time.sleep(0.01)

    thread = threading.Thread(target=beside)
    thread.start()
    try:
        done = ran("--json", "--", "sh", "-c", f'{PYTHON} -c "{CONNECT}" {port}; true')
    finally:
        ended.set()
        thread.join()
    assert done.status == 0
    assert [found for _, found in done.contacts] == [port]
    assert done.report["lost"] == 0


def test_a_daemon_stays_watched(port: int) -> None:
    done = ran("--json", "--", PYTHON, "-c", DAEMON, str(port))
    assert done.status == 0
    assert [found for _, found in done.contacts] == [port]


@pytest.mark.parametrize(
    ("script", "status"), [("true", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -9 $$", 137)]
)
def test_the_status_is_the_commands_own(script: str, status: int) -> None:
    assert ran("--", "sh", "-c", script).status == status


def test_what_cannot_be_run_ends_as_in_a_shell(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    (tmp_path / "plain").chmod(0o644)
    missing = ran("--", "no-such-command-here")
    assert missing.status == 127
    assert missing.said == "sock-tui: no-such-command-here: no such command\n"
    refused = ran("--", tmp_path / "plain")
    assert refused.status == 126
    assert refused.said.endswith("plain: cannot be run: Permission denied\n")


def test_a_script_without_a_first_line_runs(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("echo it ran $1\n")
    (tmp_path / "script").chmod(0o755)
    assert ran("--", tmp_path / "script", "well").output == b"it ran well\n"


def test_output_and_input_are_the_commands_own() -> None:
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.exit(4)"
    given = bytes(range(256)) * 500
    done = subprocess.run(
        command("run", "--", PYTHON, "-c", script),
        input=given,
        capture_output=True,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout == given
    assert done.returncode == 4
    assert b"ended with 4" in done.stderr


def test_it_runs_as_the_caller(folder: Path) -> None:
    told = "echo $HOME $USER $LOGNAME $SUDO_UID"
    script = f"id -u; id -g; id -G; pwd; {told}; umask; cat /proc/self/status"
    done = ran("--", "sh", "-c", script, folder=folder, HOME="/root", **AS_NOBODY)
    lines = done.output.decode().splitlines()
    assert lines[:4] == [str(NOBODY), str(NOBODY), str(NOBODY), str(folder)]
    assert lines[4] == "/nonexistent nobody nobody"
    held = dict(line.split(":\t") for line in lines[6:] if ":\t" in line)
    assert int(held["CapEff"], 16) == int(held["CapPrm"], 16) == 0
    assert int(held["SigBlk"], 16) == 0
    assert int(held["SigIgn"], 16) & (1 << signal.SIGPIPE - 1) == 0
    assert "as nobody" in done.said


def test_learned_then_checked_then_something_else(
    folder: Path, port: int, another_port: int
) -> None:
    words = ("--", PYTHON, "-c", CONNECT, str(port))
    learned = ran("--learn", "allow.toml", *words, folder=folder, **AS_NOBODY)
    assert learned.status == 0, learned.said
    allow = folder / "allow.toml"
    assert (allow.stat().st_uid, allow.stat().st_gid) == (NOBODY, NOBODY)
    assert stat.S_IMODE(allow.stat().st_mode) == 0o644
    assert "1 rule added to allow.toml" in learned.said

    checked = ran("--check", "allow.toml", *words, folder=folder, **AS_NOBODY)
    assert checked.status == 0, checked.said
    outside = ran("--check", "allow.toml", *words, str(another_port), folder=folder, **AS_NOBODY)
    assert outside.status == 3

    # What is printed can be pasted.
    told = outside.said.partition("would allow it:\n\n")[2]
    with allow.open("a") as file:
        file.write("\n" + told)
    again = ran("--check", "allow.toml", *words, str(another_port), folder=folder, **AS_NOBODY)
    assert again.status == 0, again.said
    before = allow.read_text()
    nothing_new = ran("--learn", "allow.toml", *words, folder=folder, **AS_NOBODY)
    assert "0 rules added" in nothing_new.said
    assert allow.read_text() == before


def test_the_commands_failure_is_told_unless_something_was_not_allowed(
    tmp_path: Path, port: int
) -> None:
    (tmp_path / "none.toml").write_text("")
    (tmp_path / "all.toml").write_text('[[allow]]\nnet = "127.0.0.0/8"\n')
    words = ("--", "sh", "-c", f'{PYTHON} -c "$0" {port}; exit 7', CONNECT)
    assert ran("--check", tmp_path / "none.toml", *words).status == 3
    both = ("--check", tmp_path / "none.toml", "--check", tmp_path / "all.toml")
    assert ran(*both, *words).status == 7


def test_a_wrong_file_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "allow.toml").write_text('[[allow]]\nport = "https"\n')
    done = ran("--check", "allow.toml", "--", "touch", "ran", folder=tmp_path)
    assert done.status == 2
    assert done.said == (
        "sock-tui: allow.toml:2:1: 'port' expects a whole number from 0 to 65535\n"
    )
    assert not (tmp_path / "ran").exists()


def test_the_caller_cannot_have_written_what_it_could_not_write(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    for flag in ("--learn", "--check"):
        done = ran(flag, "secret", "--", "true", folder=folder, **AS_NOBODY)
        assert done.status == 2
        assert "Permission denied" in done.said
    (folder / "link.html").symlink_to("/root/report.html")
    done = ran("--report", "link.html", "--", "true", folder=folder, **AS_NOBODY)
    assert done.status == 2
    assert "symbolic link" in done.said
    done = ran("--report", "/root/report.html", "--", "true", folder=folder, **AS_NOBODY)
    assert done.status == 2
    assert not Path("/root/report.html").exists()


@pytest.mark.parametrize("suffix", ["json", "md", "html", "txt"])
def test_a_report_is_the_callers_own(folder: Path, port: int, suffix: str) -> None:
    path = folder / f"report.{suffix}"
    words = ("--", PYTHON, "-c", CONNECT, str(port))
    done = ran("--report", path, *words, folder=folder, **AS_NOBODY)
    assert done.status == 0, done.said
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (NOBODY, 0o600)
    assert str(port) in path.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on_and_the_report_comes(number: signal.Signals, port: int) -> None:
    script = f"{CONNECT}; print('here', flush=True); import time; time.sleep(100)"
    with subprocess.Popen(
        command("run", "--", PYTHON, "-c", script, str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment(),
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
    # Python ends itself by SIGINT's default after its traceback, as by the others.
    assert process.returncode == 128 + number
    assert f"127.0.0.1:{port}" in said


def test_who_ends_before_the_probes_are_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("run", "--", "touch", tmp_path / "ran"),
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as process:
        time.sleep(0.15)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    assert not (tmp_path / "ran").exists()


def test_what_goes_on_after_the_command_is_told(port: int) -> None:
    done = ran("--json", "--", "sh", "-c", "sleep 5 >/dev/null 2>&1 &")
    assert done.status == 0
    assert done.report["left"] == 1
