"""The command as a user starts it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from probes.record import Connection
from probes.recordings.jsonl import json_writer

REPOSITORY: Final = Path(__file__).parents[1]
PATIENCE_S: Final = 60.0
NOBODY: Final = 65534


def command(*arguments: str | Path) -> list[str]:
    """`sock-tui` with these arguments."""
    return [sys.executable, "-m", "app.cli", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, in which the command finds its modules from any folder.

    Whoever may have called sudo for the tests does not matter to it.
    """
    ours = {key: value for key, value in os.environ.items() if not key.startswith("SUDO_")}
    return {**ours, "PYTHONPATH": str(REPOSITORY), **changes}


def run(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with no terminal; `changes` are to the environment."""
    return subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(**changes),
        timeout=PATIENCE_S,
        check=False,
    )


def write_recording(path: Path, rows: Sequence[Connection]) -> Path:
    """Write what `--json` would have printed of `rows`; returns `path`."""
    write = json_writer()
    path.write_text("".join(f"{write(row)}\n" for row in rows))
    return path
