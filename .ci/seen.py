"""The main job of an installed sock-tui: a connection on loopback is seen, and is in a CSV file.

    seen.py PROGRAM

Run as root by the system's own Python, with nothing beside it. Prints what it saw; ends with 1 and
a line where anything is not as it should be.
"""

from __future__ import annotations

import csv
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

PATIENCE_S = 120.0
CAPTURE_S = 4


def main() -> None:
    """Ask for the version and for what doctor finds, capture, and look at what was captured."""
    program = sys.argv[1]
    print(_done([program, "--version"]).strip())
    print(_done([program, "doctor"]).rstrip())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o1777)  # where root did not come by sudo, it becomes nobody
        seen = Path(folder) / "seen.csv"
        port = _captured(program, seen)
        row = _row(seen, port)
        print("seen: " + ", ".join(f"{name} {value}" for name, value in row.items()))
        _shown(program, seen, port)
    print("the dashboard shows it")


def _captured(program: str, seen: Path) -> int:
    """Connect to a listener of our own while `program` captures; returns the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # An expression, so that google-re2 and the grammar of filters have to be there as well.
        wanted = [f"--filter=proc:/python3/ port:{port}", f"--duration={CAPTURE_S}"]
        with subprocess.Popen(  # noqa: S603 - what was given to us
            [program, f"--export={seen}", *wanted], stderr=subprocess.PIPE, text=True
        ) as capture:
            said = []
            assert capture.stderr is not None
            for line in capture.stderr:
                said.append(line)
                if "capturing:" in line:
                    _connect(port)
            if capture.wait(PATIENCE_S) or not any("capturing:" in line for line in said):
                _fail(f"the capture ended with {capture.returncode}", *said)
        print("".join(said).rstrip())
    return int(port)


def _connect(port: int) -> None:
    """From a process of its own that is gone at once: `localhost` is looked up in it."""
    code = "import socket, sys; socket.create_connection(('localhost', int(sys.argv[1])))"
    subprocess.run([sys.executable, "-I", "-c", code, str(port)], check=True)  # noqa: S603


def _row(seen: Path, port: int) -> dict[str, str]:
    """The one row that there must be, or rather what is known beforehand of it."""
    with seen.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    expected = {
        "process": os.path.realpath(sys.executable),
        "user": "root",
        "address": "127.0.0.1",
        "port": str(port),
        "host": "localhost",
        "outcome": "connected",
    }
    found = [{name: row.get(name, "") for name in expected} for row in rows]
    if found != [expected]:
        _fail(f"expected one row, {expected}", *(f"{row}\n" for row in rows))
    return expected


def _shown(program: str, seen: Path, port: int) -> None:
    """Open the file in the dashboard, on a terminal; `q` once the connection stands there."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "140", "LINES": "40"}
        os.environ["LANG"] = "C.UTF-8"
        os.execv(program, [program, "open", str(seen)])  # noqa: S606 - what was given to us
    drawn = b""
    text = ""
    until = time.monotonic() + PATIENCE_S
    asked_to_end = False
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                drawn += os.read(terminal, 65_536)
            except OSError:  # Linux says EIO where the other end is closed
                break
            text = re.sub(r"\x1b[^a-zA-Z]*[a-zA-Z]", "", drawn.decode(errors="replace"))
        if str(port) in text and "localhost" in text and not asked_to_end:
            asked_to_end = True
            os.write(terminal, b"q")
    if not asked_to_end:
        os.kill(child, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status or not asked_to_end:
        _fail(f"the dashboard ended with {status}, and showed:", text[-2000:])


def _done(command: list[str]) -> str:
    ended = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if ended.returncode:
        _fail(f"{' '.join(command)} ended with {ended.returncode}", ended.stdout, ended.stderr)
    return ended.stdout


def _fail(what: str, *said: str) -> NoReturn:
    sys.exit("".join(said) + f"sock-tui: {what}")


if __name__ == "__main__":
    main()
