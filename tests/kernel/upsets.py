"""What can be done to a whole machine while sock-tui captures on it: for a guest, as root.

Run as a program this prints what was seen as one line of JSON, and ends with 1 where something that
was promised did not hold.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.native.left import added, held_by, left
from tests.native.started import Started, connect, started, wait_for

PORT: Final = 7031
HOUR_S: Final = 3600
FLAGS: Final = ("--json", "--wait", "0", "--hook", "kprobe", "--port", str(PORT))
_OTHER_CPU: Final = Path("/sys/devices/system/cpu/cpu1/online")
_POWER: Final = Path("/sys/power")


def clock_set_back(it: Started) -> str:
    """Times are those of the clock as it is set."""
    moved(-HOUR_S)
    try:
        one_is_seen(it)
    finally:
        moved(HOUR_S)
    one_is_seen(it)
    return ""


def moved(seconds: float) -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def processor_off_line(it: Started) -> str:
    """Nothing is lost while one is off line, nor on the one that comes back."""
    if not _OTHER_CPU.exists():
        return "no processor can be taken off line"
    _OTHER_CPU.write_text("0")
    try:
        one_is_seen(it)
    finally:
        _OTHER_CPU.write_text("1")
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1})
    try:
        one_is_seen(it)
    finally:
        os.sched_setaffinity(0, everywhere)
    return ""


def frozen(it: Started) -> str:
    """All processes are stopped and go on, as the first and the last step of a suspension are.

    The steps between, which stop devices, would end a guest for good: nobody starts its root file
    system again (virtio 9p). What they do to the clocks, tests/unit/test_clocks.py has.
    """
    if "freezer" not in text_of(_POWER / "pm_test") or "freeze" not in text_of(_POWER / "state"):
        return "this kernel does not try a suspension"
    (_POWER / "pm_test").write_text("freezer")  # no further than that, for 5 s
    begun = time.monotonic()
    try:
        (_POWER / "state").write_text("freeze")
    except OSError as error:
        return f"no suspension: {error.strerror}"
    finally:
        (_POWER / "pm_test").write_text("none")
    assert time.monotonic() - begun > 4
    one_is_seen(it)
    return ""


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def one_is_seen(it: Started) -> None:
    """A new process connects, and its row has the time and its start as they were."""
    begun = time.time()
    script = f"import socket; socket.socket(2, 2).connect(('127.0.0.1', {PORT}))"
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        process.wait()
    ended = time.time()
    row = it.row(lambda row: row["pid"] == process.pid)
    for field in ("time", "started"):
        at = datetime.fromisoformat(row[field]).timestamp()
        assert begun - 1 < at < ended + 1, (field, begun, at, ended)


UPSETS: Final[Mapping[str, Callable[[Started], str]]] = {
    "clock set back": clock_set_back,
    "processor off line": processor_off_line,
    "all processes frozen": frozen,
}


def main() -> None:
    """All of them, one after the other; then two ends, after which nothing may be left."""
    told: dict[str, Any] = {}
    events, before = added(), left()
    for number in (signal.SIGINT, signal.SIGKILL):
        with started(*FLAGS) as it:
            connect(PORT)
            it.row(lambda row: row["pid"] == os.getpid())
            of = held_by(it.pid)
            assert of
            if number == signal.SIGINT:
                for name, upset in UPSETS.items():
                    told[name] = upset(it)
            it.end(number)
            if number == signal.SIGINT:
                told["last"] = it.last
        wait_for(lambda of=of: not left() & of)
        wait_for(lambda: added() <= events)
    told["left"] = sorted(left() - before)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
