"""`sock-tui doctor`: whether capture will work here, and if not, what to do."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from app.commands.configured import add_config, parse_configured
from app.commands.options import Parser, add_hook
from app.doctor.finding import Finding, State
from probes.record import HookKind
from probes.text import visible

_STATE: Final = 8  # columns
_WHAT: Final = 26


@dataclass(frozen=True, slots=True)
class Doctor:
    """`json`: an object for each finding, instead of lines. `hook`: None chooses."""

    json: bool
    hook: HookKind | None


def run(arguments: Sequence[str]) -> int:
    """Look at everything; 0 where capture works, else 1."""
    options = parse(arguments)
    failed = False
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for finding in _findings(options):
        failed |= finding.state is State.FAILED
        text = json.dumps(asdict(finding)) if options.json else shown(finding, width)
        print(text, flush=True)
    if not options.json:
        print("\nCapture does not work here." if failed else "\nCapture works here.")
    return int(failed)


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui doctor", "Tell whether capture will work here, and what to do.")
    made.add_argument("--json", action="store_true", help="print a JSON object for each finding")
    add_hook(made)
    add_config(made)
    return made


def parse(arguments: Sequence[str]) -> Doctor:
    """What the `arguments` behind `doctor` ask for; ends the process where they are wrong.

    Without a `--hook` it is the one that a start would use: the configuration's.
    """
    given, _ = parse_configured(parser(), arguments)
    return Doctor(given.json, given.hook)


def shown(finding: Finding, width: int | None = None) -> str:
    """A finding for a person, what to do below it. `width`: of the terminal, None has no end."""
    told = [f"{finding.state:{_STATE}}{finding.what:{_WHAT}}{visible(finding.found)}"]
    indent = " " * (_STATE + _WHAT)
    if finding.remedy:
        told.append(indent + visible(finding.remedy))
    if width is not None:
        told = [
            textwrap.fill(line, max(width, 2 * len(indent)), subsequent_indent=indent)
            for line in told
        ]
    return "\n".join(told)


def _findings(options: Doctor) -> Iterable[Finding]:
    # Loaded one after the other: what is found first is said first.
    from app.doctor.kernel import kernel_findings
    from app.doctor.software import software_findings, terminal_finding

    privileged = True
    for finding in kernel_findings():
        privileged &= finding.state is not State.FAILED
        yield finding
    yield from software_findings()
    if not options.json:
        yield terminal_finding()
    if privileged:
        from app.doctor.trial import trial_findings

        yield from trial_findings(options.hook)
    else:
        found = "not tried, for what FAILED above"
        yield Finding("capture", State.FAILED, found)
