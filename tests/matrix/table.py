"""The matrix as a table in Markdown, as README has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tests.matrix.verdict import KINDS, Verdict

_UNKNOWN: Final = "-"
HEADINGS: Final = (
    *("machine", "kernel", "Python", "BCC, clang", "hook", "ring"),
    *KINDS,
    *("attached after, later", "seen, lost", "result"),
)
"""Of the columns. Between ring and attachment: of how many scenarios each row was as it must be."""


def table(verdicts: Iterable[Verdict]) -> str:
    """All lines of the table."""
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(list(_cells(verdict)) for verdict in verdicts)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cells(verdict: Verdict) -> Iterator[str]:
    root, trial = verdict.root, verdict.trial
    yield verdict.machine.title
    yield trial.kernel if trial else _UNKNOWN
    yield root.python if root else _UNKNOWN
    yield f"{root.bcc}, {root.clang or _UNKNOWN}" if root else _UNKNOWN
    yield from _captured(verdict)
    if verdict.works:
        yield "works"
    elif trial:
        yield f"faults: {len(verdict.faults)}"
    else:
        yield "not tried" if not root else "failed"


def _captured(verdict: Verdict) -> Iterator[str]:
    trial = verdict.trial
    if trial is None:
        yield from [_UNKNOWN] * (len(KINDS) + 4)
        return
    yield trial.recording.hook
    yield trial.ring
    for kind in KINDS:
        share = verdict.shares[kind]
        yield f"{share.right} of {share.tried}"
    yield f"{trial.attached_s:.0f} s, {trial.recording.attached_s:.0f} s"
    yield trial.recording.stderr.splitlines()[-1].removeprefix("seen ").replace("lost ", "")
