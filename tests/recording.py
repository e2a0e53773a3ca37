"""A capture of the scenarios: `sock-tui --json` watches while they are performed.

The same on this machine and in a guest; run as a program (START_S PATIENCE_S COMMAND...) this
module prints the recording as one line of JSON.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import IO, Any, Final

from tests.scene import Expected, Report
from tests.world import in_new_world

Row = Mapping[str, object]

FIELDS: Final = (
    *("time", "af", "pid", "tid", "comm", "process", "args", "uid", "user"),
    *("address", "port", "host", "host_source", "asn", "as_name"),
    *("parent", "started", "cgroup", "netns", "mntns", "container", "unit"),
    *("local_address", "local_port", "outcome", "errno", "latency_ms"),
    *("container_name", "parents"),
    *("call", "socket_type", "protocol"),
)


class RecordingError(Exception):
    """The capture or the scenarios could not be run to their end; the message says why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was done and what was seen. `status`, `stderr`: the capture's, ended by SIGINT.

    `began`, `ended`: seconds since the epoch, around the scenarios. `attached_s`: how long it took
    to be attached, in seconds from its start.
    """

    rows: list[Row]
    reports: list[Report]
    stderr: str
    status: int
    began: float
    ended: float
    attached_s: float = 0.0

    @property
    def hook(self) -> str:
        """The hook that the capture named, such as `kprobe security_socket_connect`."""
        [line] = [line for line in self.stderr.splitlines() if line.startswith("capturing: ")]
        return line.removeprefix("capturing: ")

    def report(self, scenario: str) -> Report:
        """What the scenario of that name did."""
        return next(report for report in self.reports if report.scenario == scenario)

    def complaints(self, scenario: str) -> list[str]:
        """Where rows and expectations of a scenario differ; nothing where all is well."""
        return complaints(self.report(scenario), self.rows)

    @classmethod
    def from_json(cls, line: str) -> Recording:
        """Read what this module prints."""
        found = json.loads(line)
        return cls(**{**found, "reports": [_report(report) for report in found["reports"]]})


def complaints(report: Report, rows: Sequence[Row]) -> list[str]:
    """What is wrong with the rows of a report's processes, a line each."""
    if report.failed:
        return [f"the scenario itself failed: {report.failed}"]
    left = [row for row in rows if row["pid"] in report.pids]
    found = []
    for expected in report.expected:
        row = next((row for row in left if _fits(expected, row)), None)
        if row is None:
            found.append(f"not seen: {expected.fields}")
        else:
            left.remove(row)
    return [*found, *(f"seen, but not done: {dict(row)}" for row in left)]


def _fits(expected: Expected, row: Row) -> bool:
    return all(_is(name, value, row[name]) for name, value in expected.fields.items())


def _is(name: str, expected: object, found: Any) -> bool:
    """A latency is between two; a line of parents may go on, up to the machine's first process."""
    if name == "latency_ms" and isinstance(expected, list):
        least, most = expected
        return found is not None and bool(least <= found <= most)
    if name == "parents" and isinstance(expected, list) and isinstance(found, list):
        found = found[: len(expected)]
    return bool(found == expected)


def flaws(recording: Recording) -> list[str]:
    """What is wrong with any row, whoever made it, a line each."""
    return [f"{flaw}: {dict(row)}" for row in recording.rows for flaw in _flaws(recording, row)]


def _flaws(recording: Recording, row: Row) -> Iterator[str]:
    if tuple(row)[: len(FIELDS)] != FIELDS:
        yield "not the promised fields"
        return
    when = datetime.fromisoformat(str(row["time"]))
    if when.tzinfo is None:
        yield "a time without an offset"
    elif not recording.began - 1 < when.timestamp() < recording.ended + 1:
        yield "a time outside the recording"
    if row["af"] in ("AF_UNIX", "AF_UNSPEC"):
        yield "a family that must not be shown"
    if (
        row["port"] == 0
        and row["socket_type"] != "raw"
        and row["protocol"] not in ("icmp", "icmp6")
    ):
        yield "a port that must not be shown"
    if row["protocol"] is None or row["socket_type"] is None:
        yield "a socket of which nothing is known"
    if not row["comm"] or not row["user"]:
        yield "a blank"


def record(
    command: Sequence[str], start_s: float, patience_s: float, names: Sequence[str] = ()
) -> Recording:
    """Start the capture, perform the scenarios of these names, or all, stop the capture.

    `start_s`: how long to wait for it to be attached. `patience_s`: how long to wait for each
    scenario's rows, and for the end; what comes later is missing in the recording.
    Raises `RecordingError`.
    """
    with _running(command) as capture:
        started = time.monotonic()
        written, messages = _Lines(capture.stdout), _Lines(capture.stderr)
        _within(start_s, lambda: messages.any("capturing: ") or _over(capture))
        if not messages.any("capturing: "):
            raise RecordingError(f"the capture did not start:\n{messages.text()}")
        attached_s = time.monotonic() - started
        began = time.time()
        reports = []
        for report in _performed(names):
            reports.append(report)
            _within(patience_s, partial(_satisfied, report, written))
        ended = time.time()
        capture.send_signal(signal.SIGINT)
        if not _within(patience_s, lambda: _over(capture)):
            raise RecordingError(f"SIGINT did not end the capture:\n{messages.text()}")
        written.join()
        messages.join()
        rows = written.rows()
    return Recording(rows, reports, messages.text(), capture.returncode, began, ended, attached_s)


def _performed(names: Sequence[str]) -> Iterator[Report]:
    """Each scenario's report; its processes live until the next one is asked for."""
    with _running(in_new_world([sys.executable, "-m", "tests.scenarios", *names])) as world:
        assert world.stdin is not None
        assert world.stdout is not None
        assert world.stderr is not None
        for line in world.stdout:
            yield _report(json.loads(line))
            world.stdin.write("\n")
            world.stdin.flush()
        if world.wait() != 0:
            raise RecordingError(f"the scenarios ended early:\n{world.stderr.read()}")


def _report(found: dict[str, Any]) -> Report:
    expected = [Expected(**each) for each in found["expected"]]
    return Report(**{**found, "expected": expected})


def _satisfied(report: Report, written: _Lines) -> bool:
    return not complaints(report, written.rows())


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _over(process: subprocess.Popen[str]) -> bool:
    return process.poll() is not None


def _within(patience_s: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class _Lines:
    """What a process writes, read as it comes."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None
        self._stream = stream
        self._lines: list[str] = []
        self._rows: list[Row] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self._lines.append(line)

    def any(self, start: str) -> bool:
        return any(line.startswith(start) for line in list(self._lines))

    def rows(self) -> list[Row]:
        """All lines so far, as JSON."""
        self._rows += [json.loads(line) for line in self._lines[len(self._rows) :]]
        return self._rows

    def text(self) -> str:
        return "".join(list(self._lines))

    def join(self) -> None:
        self._thread.join()


if __name__ == "__main__":
    print(json.dumps(asdict(record(sys.argv[3:], float(sys.argv[1]), float(sys.argv[2])))))
