"""Every measurement, one after the other, and what they found as one page: bench/RESULTS.md.

sudo make bench takes half an hour; with ARGS=--quick it takes minutes and finds out what a change
has spoilt. Each is a command of its own beside this one, and prints more than the page has.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from kit.command import give_up, require_root, run
from kit.figures import HEADER, Report, handed_over, markdown
from kit.machine import description

# In this order; a name is that of the command beside this one.
MEASUREMENTS: Final = (
    *("startup", "overhead", "capture", "table", "export", "record"),
    "attribution",
)

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "RESULTS.md"


def main() -> None:
    """Run them and write the page. Ends with status 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter loads")
    quick: bool = parser.parse_args().quick
    require_root()
    reports: dict[str, Report] = {}
    machine = description()
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as folder:
        for name in MEASUREMENTS:
            print(f"\n== bench/{name}.py ==", flush=True)
            path = Path(folder, name)
            command = [sys.executable, str(HERE / f"{name}.py"), "--figures", str(path)]
            subprocess.run([*command, *(["--quick"] if quick else [])], check=False)
            if path.exists():
                reports[name] = handed_over(path)
    failed = [name for name in MEASUREMENTS if name not in reports]
    write(page(reports, failed, machine, datetime.now().astimezone(), quick=quick))
    print(f"\nwritten to {RESULTS}")
    if failed:
        give_up(f"failed, as said above: {', '.join(failed)}")


def page(
    reports: Mapping[str, Report],
    failed: Sequence[str],
    machine: str,
    now: datetime,
    *,
    quick: bool,
) -> str:
    """The page: one table, and what must be known of it."""
    rows = [[name, *figure.cells] for name, report in reports.items() for figure in report.figures]
    how = "`make bench ARGS=--quick`: short loads, few rounds" if quick else "`make bench`"
    lines = [
        "# What was measured",
        "",
        f"{machine}.",
        f"{now:%Y-%m-%d %H:%M %Z}, by {how}. Do not edit: it is written anew each time.",
        "",
        markdown(["bench", *HEADER], rows),
        *(f"- {name}: {remark}" for name, report in reports.items() for remark in report.remarks),
        *(f"- {name}: FAILED, so its figures are not here" for name in failed),
    ]
    return "\n".join(lines) + "\n"


def write(text: str) -> None:
    """Write the page, as the owner of the folder that it is in."""
    RESULTS.write_text(text)
    owner = HERE.stat()
    os.chown(RESULTS, owner.st_uid, owner.st_gid)


if __name__ == "__main__":
    run(main)
