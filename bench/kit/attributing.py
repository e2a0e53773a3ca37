"""The scenarios of bench/attribution, performed once for each tool that watches them.

    python -m kit.attributing PEER CACHE PROGRAMS SETTLE_S START_S QUICK

To be run as root in network and mount namespaces of its own (`unshare --mount --net`). PEER: bcc,
bpftrace, printing or none. CACHE: of unpacked packages. PROGRAMS: what `make_programs` made.
Prints an object as the last line: `counts`, by tool and check (right, unknown and wrong), and
`remarks`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from kit import fates, hosts, identities
from kit.judging import Complain, judge
from kit.packages import PackageError, Packages
from kit.running import ToolError, running
from kit.stage import Stage, set_up
from kit.truth import Count, Performance, Seen
from kit.watchers import Watcher, bcc_tools, bpftrace_tools, ours, printing_tool

SCENARIOS: Final = (*identities.SCENARIOS, *hosts.SCENARIOS, *fates.SCENARIOS)
COMPLAINTS: Final = 2  # that are said, of each check


def main() -> None:
    """Watch, perform, judge."""
    peer, cache, programs, settle_s, start_s, quick = sys.argv[1:]
    packages = Packages(Path(cache))
    counts: dict[str, dict[str, Count]] = {}
    remarks: list[str] = []
    watchers = [ours()]
    try:
        match peer:
            case "bcc":
                watchers.append(bcc_tools(packages))
            case "bpftrace":
                watchers.append(bpftrace_tools())
            case "printing":
                watchers.append(printing_tool())
    except PackageError as error:
        remarks.append(f"no peer: {error}")
    with tempfile.TemporaryDirectory(prefix="sock-tui-bench-") as name:
        # Files of that folder are seen by other users and from other roots.
        Path(name).chmod(0o755)
        few, settle = quick == "quick", float(settle_s)
        with set_up(Path(programs), Path(name), quick=few, settle_s=settle) as stage:
            for number, watcher in enumerate(watchers):
                stage.done = Performance()
                try:
                    seen = watched(watcher, stage, Path(name, str(number)), float(start_s))
                except ToolError as error:
                    remarks.append(f"no peer: {error}")
                    continue
                counts[watcher.name] = judge(stage.done, seen, complainer(watcher.name))
            remarks += [f"cannot be done here: {each}" for each in stage.done.impossible]
    told = {
        "counts": {
            tool: {check: (each.right, each.unknown, each.wrong) for check, each in found.items()}
            for tool, found in counts.items()
        },
        "remarks": remarks,
    }
    print(json.dumps(told), flush=True)


def perform(stage: Stage) -> None:
    """Every scenario."""
    for scenario in SCENARIOS:
        began = time.monotonic()
        scenario(stage)
        print(f"{scenario.__name__}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def complainer(tool: str) -> Complain:
    """Says the first few of each check on standard error."""
    told: Counter[str] = Counter()

    def complain(check: str, what: str) -> None:
        told[check] += 1
        if told[check] <= COMPLAINTS:
            print(f"{tool}: {check}: {what}", file=sys.stderr, flush=True)

    return complain


def watched(watcher: Watcher, stage: Stage, folder: Path, start_s: float) -> Sequence[Seen]:
    """Perform while the tool watches; its rows. Raises ToolError."""
    folder.mkdir()
    folders = [folder / str(number) for number in range(len(watcher.tools))]
    with ExitStack() as stack:
        for tool, each in zip(watcher.tools, folders, strict=True):
            stack.enter_context(running(tool, each, patience=start_s))
        time.sleep(stage.settle_s)
        perform(stage)
        time.sleep(stage.settle_s)
    return watcher.read(folders)


if __name__ == "__main__":
    main()
