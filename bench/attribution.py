"""Whose connection it was, by which name, what became of it: right, unknown or wrong.

Programs whose doings are known are run in a world of their own (network and mount namespaces) while
a tool watches; then each of its rows is held against what was done. What should be there and is not
is unknown; wrong is what is shown and was not so, and every row for which nothing was done. The
tools watch one after the other, since BCC's keep other probes off the functions that they watch;
each sees the same programs do the same.

BCC's tcpconnect takes kprobes: where this kernel has none, a tool of its kind stands in, and
`--guest 6.1` or `--guest 7.2` measures under a Debian kernel in a virtual machine. BCC compiles
against 6.1 and no longer against 7.2: there bpftrace's tools of the same names are the peer. Their
rows get their names as a person would give them: the nth connection of a PID the nth name that the
PID asked for, or the name that tcpconnect itself has found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kit.command import give_up, require_root, run
from kit.figures import Figure, Report, Rule, hand_over
from kit.guests import GUESTS, told_by_guest
from kit.judging import totals
from kit.machine import REPOSITORY, description, has_kprobes
from kit.musl import make_musl_root
from kit.packages import PackageError, Packages
from kit.stage import make_programs
from kit.table import show
from kit.truth import Count, Subject

OURS: Final = "sock-tui"
BCC_NEEDS: Final = ("bpfcc-tools", "python3-dnslib", "python3-cachetools")
# Seconds within which a tool watches a libc that is new to it, and is attached.
SETTLE_S, START_S = 4, 60
GUEST_SETTLE_S, GUEST_START_S = 15, 900
# What the hook that stands in for the kprobe cannot see, and says so.
TRACEPOINT_BLIND: Final = "io_uring"

Counts = dict[str, dict[str, Count]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of what is done many times")
    parser.add_argument(
        "--figures", type=Path, metavar="FILE", help="also write the figures to FILE, as JSON"
    )
    parser.add_argument("--guest", choices=GUESTS, help="under that kernel, in a virtual machine")
    parser.add_argument("--alone", action="store_true", help="without a peer, which takes longest")
    asked = parser.parse_args()
    require_root()
    packages = Packages(cache_folder())
    kprobes = asked.guest is not None or has_kprobes()
    peer = GUESTS[asked.guest][1] if asked.guest else "bcc" if kprobes else "printing"
    if asked.alone:
        peer = "none"
    missing = fetched(packages, BCC_NEEDS if peer == "bcc" else ())
    with tempfile.TemporaryDirectory(dir=packages.folder(), prefix="programs-") as name:
        programs = Path(name)
        programs.chmod(0o755)
        make_programs(programs)
        try:
            make_musl_root(programs / "musl", packages)
        except PackageError as error:
            missing.append(str(error))
        told, kernel = performed(asked.guest, packages, programs, peer, quick=asked.quick)
    counts = read(told)
    show_counts(counts)
    remarks = [f"Linux {kernel}; hook: {'kprobe' if kprobes else 'tracepoint'}", *missing]
    if not kprobes:
        remarks.append("tcpconnect takes kprobes, which this kernel has not: see --guest")
    hand_over(Report(figures(counts, kprobes=kprobes), [*remarks, *told["remarks"]]), asked.figures)
    print(description())


def cache_folder() -> Path:
    """Where unpacked packages are kept; may be deleted any time."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sock-tui" / "attribution"


def fetched(packages: Packages, names: tuple[str, ...]) -> list[str]:
    """Have the packages there, since the world has no network; what is missing, for a person."""
    missing = []
    for name in names:
        try:
            packages.unpacked(name)
        except PackageError as error:
            missing.append(str(error))
    return missing


def performed(
    guest: str | None, packages: Packages, programs: Path, peer: str, *, quick: bool
) -> tuple[dict[str, Any], str]:
    """What `kit.attributing` found, and on which kernel."""
    environment = f"{REPOSITORY}:{REPOSITORY / 'bench'}"
    settle_s, start_s = (GUEST_SETTLE_S, GUEST_START_S) if guest else (SETTLE_S, START_S)
    options = [peer, packages.cache, programs, settle_s, start_s, "quick" if quick else "whole"]
    command = [
        *("unshare", "--mount", "--net", "--propagation", "private"),
        *("env", f"PYTHONPATH={environment}", sys.executable, "-m", "kit.attributing"),
        *map(str, options),
    ]
    if guest:
        kernel, text = told_by_guest(guest, packages, command)
    else:
        done = subprocess.run(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            give_up("it failed, as it said above")
        kernel, text = os.uname().release, done.stdout
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found, kernel


def read(told: Mapping[str, Any]) -> Counts:
    """The counts by tool and check."""
    return {
        tool: {check: Count(*three) for check, three in found.items()}
        for tool, found in told["counts"].items()
    }


def show_counts(counts: Counts) -> None:
    """Print a row for each check, and for each tool how often it was right, unknown and wrong."""
    rows = []
    checks = counts[OURS]
    for check in checks:
        each = [found.get(check, Count()) for found in counts.values()]
        rows.append([check, str(checks[check].total), *(_cell(count) for count in each)])
    rows.append(["all", "", *(_cell(totals(found)) for found in counts.values())])
    show("right / unknown / wrong", ["", "of", *counts], rows)


def _cell(count: Count) -> str:
    return f"{count.right} / {count.unknown} / {count.wrong}"


def figures(counts: Counts, *, kprobes: bool) -> list[Figure]:
    """Every check of sock-tui's, which must all be right; and what all of a peer's come to."""
    asked = {
        check: count
        for check, count in counts[OURS].items()
        if kprobes or not check.startswith(TRACEPOINT_BLIND)
    }
    found = [
        Figure(f"{check}: right", count.right, "", Rule.EXACTLY, count.total)
        for check, count in asked.items()
        if not check.endswith(Subject.NAME)  # who knows the path knows that
    ]
    whole = totals(asked)
    found += [
        Figure("unknown, in all", whole.unknown, "", Rule.AT_MOST, 0),
        Figure("wrong, in all", whole.wrong, "", Rule.AT_MOST, 0),
    ]
    for tool, theirs in counts.items():
        if tool != OURS:
            peer = totals({check: theirs[check] for check in asked if check in theirs})
            found += [
                Figure(f"{what}, in all", ours, "", Rule.BESIDE, its, tool)
                for what, ours, its in (
                    ("right", whole.right, peer.right),
                    ("unknown", whole.unknown, peer.unknown),
                    ("wrong", whole.wrong, peer.wrong),
                )
            ]
    return found


if __name__ == "__main__":
    run(main)
