"""Without a screen: the command's output, its end, and what it says when either goes wrong."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from app.output.headless import summary
from app.output.lines import plain_header, plain_writer
from app.session.capture import Progress
from probes.recordings.json_reader import connection_from_json
from tests.command import PATIENCE_S, command, environment, run, write_recording
from tests.connections import GITHUB, NETLINK, made_by

HOUR_NS = 3_600_000_000_000
LATER = replace(GITHUB, time_ns=GITHUB.time_ns + HOUR_NS)
Process = subprocess.Popen[str]


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "short.jsonl", [GITHUB, NETLINK, LATER])


@pytest.fixture
def endless(tmp_path: Path) -> list[str]:
    """Arguments that show one connection at once, and the next in an hour."""
    path = write_recording(tmp_path / "endless.jsonl", [GITHUB, LATER])
    return ["open", str(path), "--speed", "1", "--plain"]


@pytest.fixture
def running() -> Iterator[list[Process]]:
    """Processes that are ended after the test."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(running: list[Process], arguments: list[str], **options: object) -> Process:
    process = subprocess.Popen(
        command(*arguments),
        **{  # type: ignore[call-overload]
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": environment(),
            **options,
        },
    )
    running.append(process)
    return process  # type: ignore[no-any-return]


def stream(file: IO[str] | None) -> IO[str]:
    assert file is not None
    return file


def test_lines_are_those_of_the_reference_tool(short: Path) -> None:
    done = run("open", short, "--plain")
    write = plain_writer(full=False)
    assert done.stdout.splitlines() == [
        plain_header(full=False),
        *map(write, [GITHUB, NETLINK, LATER]),
    ]
    assert done.returncode == 0
    assert done.stderr.splitlines() == ["capturing: recording short.jsonl", "seen 3, lost 0"]


def test_output_that_is_no_terminal_is_plain(short: Path) -> None:
    assert run("open", short, "-a").stdout == run("open", short, "-a", "--plain").stdout
    assert "AS-INFO" in run("open", short, "-a").stdout


def test_json_has_a_line_for_each_and_no_other(short: Path) -> None:
    done = run("open", short, "--json")
    assert [connection_from_json(line) for line in done.stdout.splitlines()] == [
        *(GITHUB, NETLINK, LATER),
    ]


def test_what_was_not_asked_for_is_counted(short: Path) -> None:
    done = run("open", short, "--json", "--filter", "port:443")
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.splitlines()[-1] == "seen 3, lost 0, filtered out 1, kept 2"


def test_an_export_prints_no_lines_unless_asked_to(short: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    done = run("open", short, "--export", target, "--max-rows", "2")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1] == "seen 3, lost 0, evicted 1, kept 2"
    with target.open(newline="") as file:
        assert [row["af"] for row in csv.DictReader(file)] == ["AF_NETLINK", "AF_INET"]
    both = run("open", short, "--export", target, "--replace", "--plain")
    assert len(both.stdout.splitlines()) == 4


def test_a_file_that_exists_is_not_replaced_unasked(short: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("mine")
    done = run("open", short, "--export", target)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "--replace" in line
    assert target.read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(
    number: signal.Signals, endless: list[str], running: list[Process]
) -> None:
    process = start(running, endless)
    assert stream(process.stdout).readline().startswith("TIME")
    assert "github.com" in stream(process.stdout).readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert said.splitlines()[-1] == "seen 1, lost 0"
    assert "Traceback" not in said


def test_it_ends_by_itself_after_the_time_given(endless: list[str]) -> None:
    done = run(*endless, "--duration", "0.2")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "seen 1, lost 0")


def test_a_pipe_is_shown_as_it_comes_and_a_signal_ends_the_wait(
    tmp_path: Path, running: list[Process]
) -> None:
    """`ssh there sock-tui --json | sock-tui open /dev/stdin --json`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start(running, ["open", str(pipe), "--json"])
    line = write_recording(tmp_path / "x.jsonl", [GITHUB]).read_text()
    with pipe.open("w") as writer:
        for part in (line, line, line[:20]):
            writer.write(part)
            writer.flush()
        for _ in range(2):
            assert stream(process.stdout).readline() == line
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, rest) == (0, "")
    assert said.splitlines()[-1] == "seen 2, lost 0"


def test_a_signal_ends_the_wait_for_a_pipe_that_nobody_writes(
    tmp_path: Path, running: list[Process]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start(running, ["open", str(pipe), "--json"])
    assert "capturing" in stream(process.stderr).readline()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said.splitlines()[-1]) == (0, "seen 0, lost 0")


def test_a_pipe_that_ends_is_a_recording_that_ends(tmp_path: Path, running: list[Process]) -> None:
    line = write_recording(tmp_path / "x.jsonl", [GITHUB]).read_text()
    process = start(running, ["open", "/dev/stdin", "--json"], stdin=subprocess.PIPE)
    out, said = process.communicate(line * 3000, timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, line * 3000)
    assert said.splitlines()[-1] == "seen 3000, lost 0"


def test_a_pipe_that_nobody_reads_ends_it_without_an_event(
    endless: list[str], running: list[Process]
) -> None:
    process = start(running, endless)
    stream(process.stdout).readline()
    stream(process.stdout).readline()
    stream(process.stdout).close()
    said = stream(process.stderr).read()
    assert process.wait(PATIENCE_S) == 0
    assert said.splitlines()[-1] == "seen 1, lost 0"


@pytest.mark.parametrize("stderr", [subprocess.PIPE, subprocess.STDOUT])
def test_a_pipe_that_nobody_reads_any_more_ends_it(
    stderr: int, tmp_path: Path, running: list[Process]
) -> None:
    """`sock-tui | head -1`, and with 2>&1: then nothing can be said either."""
    many = write_recording(tmp_path / "many.jsonl", [GITHUB] * 20_000)
    target = tmp_path / "x.csv"
    arguments = ["open", str(many), "--plain", "--export", str(target)]
    process = start(running, arguments, stderr=stderr)
    stream(process.stdout).readline()
    stream(process.stdout).close()
    said = stream(process.stderr).read() if process.stderr else ""
    assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in said
    assert "Exception" not in said
    assert target.exists(), "what was seen until then is exported"


def test_a_full_disk_is_told(short: Path, running: list[Process]) -> None:
    with open("/dev/full", "w") as full:
        process = start(running, ["open", str(short), "--plain"], stdout=full)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        "sock-tui: standard output cannot be written: No space left on device"
    )
    assert "Traceback" not in said
    assert "Exception" not in said


def test_an_empty_recording_is_a_header(tmp_path: Path) -> None:
    done = run("open", write_recording(tmp_path / "x.jsonl", []))
    assert (done.stdout.splitlines(), done.returncode) == ([plain_header(full=False)], 0)
    assert done.stderr.splitlines()[-1] == "seen 0, lost 0"


def test_a_damaged_recording_shows_what_came_before_and_says_where(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "x.jsonl", [GITHUB])
    with path.open("a") as file:
        file.write('{"time": "\x1b[31m"}\n')
    done = run("open", path, "--json")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1)
    *_, counts, why = done.stderr.splitlines()
    assert counts == "seen 1, lost 0"
    assert "x.jsonl, line 2" in why
    assert why.isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_text_of_a_process_stops_it_whatever_the_terminals_encoding(
    encoding: str, tmp_path: Path
) -> None:
    odd = made_by(executable="/opt/日本/ü\x1b[31m\udcff")
    path = write_recording(tmp_path / "x.jsonl", [odd, GITHUB])
    done = subprocess.run(
        command("open", path, "--plain"),
        capture_output=True,
        env=environment(PYTHONIOENCODING=encoding),
        timeout=PATIENCE_S,
        check=False,
    )
    lines = done.stdout.decode(encoding).splitlines()
    assert (done.returncode, len(lines)) == (0, 3)
    assert "\x1b" not in lines[1]
    assert (r"/opt/日本/ü" in lines[1]) == (encoding == "utf-8")
    assert "github.com" in lines[2]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed_are_nobody(
    closed: str, short: Path, tmp_path: Path
) -> None:
    target = tmp_path / "x.csv"
    words = command("open", short, "--plain", "--export", target)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert len(target.read_text().splitlines()) == 4
    expected = 0 if ">&-" in closed.replace("2>&-", "") else 4
    assert len(done.stdout.splitlines()) == expected


@pytest.mark.parametrize(
    ("progress", "evicted", "said"),
    [
        (Progress(seen=12), 0, "seen 12, lost 0"),
        (Progress(seen=12, lost=3, filtered=4), 0, "seen 12, lost 3, filtered out 4"),
        (Progress(seen=12, folded=4), 0, "seen 12, lost 0, folded 4"),
        (Progress(seen=9, overflowed=5), 7, "seen 9, lost 0, overflowed 5, evicted 7"),
    ],
)
def test_the_last_line_leaves_nothing_out(progress: Progress, evicted: int, said: str) -> None:
    assert summary(progress, evicted) == said


WRITES = """
import os, signal, sys, threading, time
from app.output.streams import prepare
prepare()
signal.signal(signal.SIGUSR1, lambda *_: None)
def interrupt():
    for _ in range(20):
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)
threading.Thread(target=interrupt).start()
for _ in range(8):
    sys.stdout.write("x" * 1_000_000)
sys.stdout.flush()
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_signal_takes_nothing_out_of_what_is_written(unbuffered: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES],
        stdout=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED=unbuffered),
    ) as process:
        assert process.stdout is not None
        time.sleep(0.5)
        assert len(process.stdout.read()) == 8_000_000
