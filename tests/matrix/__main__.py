"""`make matrix`: every machine of the matrix, or those that are named, and their table.

Takes root, the network, 15 minutes a machine where nothing is there yet, and some 6 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.kernel.debian import UnavailableError, newest_kernel
from tests.kernel.guest import GuestTimeoutError, run_in_guest
from tests.matrix import root as roots
from tests.matrix.machines import BRIEF, MACHINES, Machine, chosen
from tests.matrix.table import table
from tests.matrix.trial import Trial
from tests.matrix.verdict import Verdict, judged, untold
from tests.scenarios import SCENARIO_NAMES

BOOT_AND_TRY_S = 2400  # ten minutes where two processors are free
_FAULTS_SHOWN = 12


def main() -> int:
    """Try the machines; the exit status is 0 only if every one works."""
    asked = _arguments()
    try:
        machines = chosen(asked.machines)
    except ValueError as error:
        print(f"make matrix: {error}", file=sys.stderr)
        return 2
    names = SCENARIO_NAMES if asked.all else BRIEF
    verdicts: list[Verdict] = []
    try:
        for machine in machines:
            verdicts.append(tried(machine, names, again=asked.again))
            _explain(verdicts[-1])
    finally:  # whoever is tired of waiting has what there is
        print(table(verdicts))
        print(f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, emulated in software")
    return 0 if all(verdict.works for verdict in verdicts) else 1


def tried(machine: Machine, names: Sequence[str], *, again: bool) -> Verdict:
    """Make the machine's root, boot its kernel on it, perform these scenarios, and judge."""
    root = None
    try:
        kernel = newest_kernel(machine.kernel)
        _say(f"{machine.title}: setting up a bare {machine.userland}")
        root = roots.made(machine.userland, kernel, again=again)
        _say(f"{machine.title}: booting {kernel.version}, then {len(names)} scenarios")
        finished = run_in_guest(
            kernel,
            [f"/{roots.CHECKOUT}/.venv/bin/python", "-m", "tests.matrix.trial", *names],
            root.folder / roots.CHECKOUT,
            BOOT_AND_TRY_S,
            root.folder,
        )
    except (UnavailableError, roots.SetupError, GuestTimeoutError) as error:
        return Verdict(machine, [str(error)], root)
    if finished.status != 0:
        return Verdict(machine, [f"{finished.stdout}{finished.stderr}".strip()], root)
    return judged(machine, root, Trial.from_json(finished.stdout.splitlines()[-1]))


def _explain(verdict: Verdict) -> None:
    for fault in verdict.faults[:_FAULTS_SHOWN]:
        _say(f"{verdict.machine.title}: {fault}")
    if (more := len(verdict.faults) - _FAULTS_SHOWN) > 0:
        _say(f"{verdict.machine.title}: and {more} faults more")
    for why in untold(verdict.trial) if verdict.trial else ():
        _say(f"{verdict.machine.title}: not tried: {why}")


def _say(text: str) -> None:
    print(f"sock-tui: {text}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make matrix", description=__doc__.splitlines()[0])
    names = ", ".join(machine.name for machine in MACHINES)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"one of {names}")
    parser.add_argument("--again", action="store_true", help="in the roots of an earlier run")
    parser.add_argument("--all", action="store_true", help="also the scenarios of hundreds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
