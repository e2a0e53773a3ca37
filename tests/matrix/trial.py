"""What is tried in the virtual machine: a name, a connection and a CSV; then scenarios.

Run there as a program (root) with the scenarios' names this module prints what it found as one line
of JSON.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from probes.kernel.ring import can_map
from tests.recording import Recording, record

START_S: Final = 600.0
PATIENCE_S: Final = 20.0
NAME: Final = "localhost"
_COMMAND: Final = str(Path(sys.executable).with_name("sock-tui"))


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found. `kernel`: as `uname -r` has it. `ring`: how the events come from the kernel.

    `exported`: the rows of the CSV that are `client`'s, a port and a PID; `attached_s`: how long
    that first capture took to be attached, when nothing was compiled yet, in seconds.
    `asked`: the scenarios' names; `recording`: they, captured by a second one.
    """

    kernel: str
    ring: str
    exported: list[dict[str, str]]
    client: dict[str, str]
    attached_s: float
    asked: list[str]
    recording: Recording

    @classmethod
    def from_json(cls, line: str) -> Trial:
        """Read what this module prints."""
        found = json.loads(line)
        return cls(**{**found, "recording": Recording.from_json(json.dumps(found["recording"]))})


def main() -> None:
    """Try, and print."""
    rows, client, attached_s = export()
    command = [_COMMAND, "--json", "--wait", "4"]
    asked = sys.argv[1:]
    recording = record(command, START_S, PATIENCE_S, asked)
    ring = "ring buffer, mapped" if can_map() else "ring buffer, by libbpf"
    trial = Trial(os.uname().release, ring, rows, client, attached_s, asked, recording)
    print(json.dumps(asdict(trial)))


def export() -> tuple[list[dict[str, str]], dict[str, str], float]:
    """Connect by a name while a CSV is made; see `Trial`.

    Raises:
        SystemExit: the capture did not start, or did not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # the capture becomes nobody
        file = Path(folder, "first.csv")
        began = time.monotonic()
        capture = subprocess.Popen(
            [_COMMAND, "--export", str(file)], stderr=subprocess.PIPE, text=True
        )
        assert capture.stderr is not None
        said = _until_attached(capture.stderr)
        attached_s = time.monotonic() - began
        client = connect_by_name()
        capture.send_signal(signal.SIGINT)
        _, rest = capture.communicate(timeout=START_S)
        if capture.returncode != 0:
            sys.exit(f"the capture that exports ended with {capture.returncode}: {said}{rest}")
        with file.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
    return [row for row in rows if row["port"] == client["port"]], client, attached_s


def connect_by_name() -> dict[str, str]:
    """Connect to a server of our own on loopback; what the CSV must say of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        [*_, (*_, place)] = socket.getaddrinfo(NAME, port, socket.AF_INET, socket.SOCK_STREAM)
        with socket.socket() as sock:
            sock.connect(place)
    return {"pid": str(os.getpid()), "address": "127.0.0.1", "port": str(port), "host": NAME}


def _until_attached(stream: IO[str]) -> str:
    said = ""
    for line in stream:
        said += line
        if line.startswith("capturing: "):
            break
    return said


if __name__ == "__main__":
    main()
