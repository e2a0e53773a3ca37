"""The libraries and data that are used, and the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from app.doctor.finding import Finding, State
from app.screens import terminal
from probes.asn.table import UPDATED, AsnDataError, AsnTable
from probes.errors import SourceError
from probes.kernel import compiler

_OLD: Final = 183  # days from which on newer data on autonomous systems is worth fetching


def software_findings(
    table: Callable[[], AsnTable] = AsnTable.load, today: date | None = None
) -> Iterator[Finding]:
    """BCC, Python's packages, the AS data. `today`: None, the machine's."""
    yield _bcc()
    yield _packages()
    yield _systems(table, today or date.today())


def terminal_finding(environment: Mapping[str, str] = os.environ) -> Finding:
    """Whether the dashboard can be shown here."""
    kind = environment.get("TERM", "") or "not set"
    if not sys.stdout.isatty():
        found = "standard output is none: lines are printed, as with --plain"
        return Finding("terminal", State.NOTE, found)
    if refusal := terminal.refusal():
        return Finding(
            "terminal", State.NOTE, f"TERM is {kind}", f"{refusal[0].upper()}{refusal[1:]}"
        )
    size = os.get_terminal_size(sys.stdout.fileno())
    colours = environment.get("COLORTERM") or "256 colours or fewer"
    found = f"{kind}, {size.columns} by {size.lines}, {colours}"
    encoding = sys.stdout.encoding
    if encoding.lower().replace("-", "") != "utf8":
        remedy = "Lines and marks are drawn with UTF-8: set LANG, such as LANG=C.UTF-8."
        return Finding("terminal", State.NOTE, f"{found}, {encoding}", remedy)
    return Finding("terminal", State.OK, found)


def _bcc() -> Finding:
    try:
        bcc, clang = compiler.versions()
    except SourceError as error:
        return Finding("BCC", State.FAILED, str(error))
    return Finding("BCC", State.OK, f"{bcc}, with clang {clang}" if clang else bcc)


def _packages() -> Finding:
    found = [f"Python {'.'.join(map(str, sys.version_info[:3]))}"]
    for name in ("textual", "rich", "pyasn"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return Finding("packages", State.FAILED, f"{name} is missing", "Run: make setup")
    return Finding("packages", State.OK, ", ".join(found))


def _systems(table: Callable[[], AsnTable], today: date) -> Finding:
    what = "AS data"
    try:
        systems = table()
    except AsnDataError as error:
        return Finding(what, State.FAILED, str(error))
    age = (today - systems.date).days
    source = systems.source if systems.source == "bundled" else str(UPDATED)
    found = f"of {systems.date} ({source}), {systems.prefix_count:,} prefixes"
    if age > _OLD:
        remedy = f"It is {age} days old. Newer: sudo sock-tui asn update"
        return Finding(what, State.NOTE, found, remedy)
    return Finding(what, State.OK, found)
