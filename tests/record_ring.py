"""Records what the kernel wrote while the scenarios were performed: tests/data/ring.jsonl.

Run as root, `python -m tests.record_ring`, after a change to bpf/event.h. Each line is a scenario:
the processes and rows of its report, and the ring records of these processes, byte for byte, in
base64. What the machine's user database tells is left out, and so are its other processes.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from probes.event import EVENT, EVENT_FIELDS
from probes.hooks.kernel import Kernel
from probes.kernel.ring import HEADER, span
from probes.kernel.task import Task
from tests.world import in_new_world

FILE: Final = Path(__file__).parent / "data" / "ring.jsonl"
_FROM_ELSEWHERE: Final = ("user", "parents")
# Hundreds of the same records; and what /proc has a part in.
_LEFT_OUT: Final = ("gone_at_once", "short_lived", "asked_by_a_child")
_TGID: Final = EVENT_FIELDS.index("tgid")


def main() -> int:
    """Perform, record, write; returns the exit status."""
    kernel = Kernel()
    kernel.attach(Task())
    kernel.drain()
    with (
        FILE.open("w") as file,
        subprocess.Popen(
            in_new_world([os.path.realpath(sys.executable), "-m", "tests.scenarios"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as world,
    ):
        assert world.stdin is not None
        assert world.stdout is not None
        for line in world.stdout:
            report = json.loads(line)
            time.sleep(0.2)
            pids = set(report["pids"])
            # Until it is empty: others may be busy, and a turn has an end.
            records = b"".join(
                record for turn in iter(kernel.drain, b"") for record in _of(turn, pids)
            )
            world.stdin.write("\n")
            world.stdin.flush()
            # Some are of what this kernel lacks, or its hook does not see.
            if report["impossible"] or not report["expected"]:
                continue
            if report["scenario"] in _LEFT_OUT:
                continue
            rows = [
                {
                    name: value
                    for name, value in row["fields"].items()
                    if name not in _FROM_ELSEWHERE
                }
                for row in report["expected"]
            ]
            entry = {
                "scenario": report["scenario"],
                "pids": report["pids"],
                "rows": rows,
                "ring": base64.b64encode(records).decode(),
            }
            file.write(json.dumps(entry) + "\n")
    lost = kernel.lost()
    print(f"{FILE}: {FILE.stat().st_size} bytes, {lost} events lost")
    kernel.close()
    if lost:
        print("Not good for tests: something else was busy. Record again.")
    return world.returncode or bool(lost)


def _of(records: bytes, pids: set[int]) -> list[bytes]:
    kept, position = [], 0
    while position < len(records):
        end = position + span(HEADER.unpack_from(records, position)[0])
        if EVENT.unpack_from(records, position + HEADER.size)[_TGID] in pids:
            kept.append(records[position:end])
        position = end
    return kept


if __name__ == "__main__":
    sys.exit(main())
