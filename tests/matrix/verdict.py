"""What a machine of the matrix showed, judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests import lookups, outcomes, programs, sends
from tests.matrix.machines import Machine
from tests.matrix.root import Root
from tests.matrix.trial import Trial
from tests.recording import flaws

_KINDS: Final = {
    "identity": programs.SCENARIOS,
    "results": outcomes.SCENARIOS,
    "sends": sends.SCENARIOS,
    "names": lookups.SCENARIOS,
}
KIND_OF: Final = {scenario.__name__: kind for kind, all in _KINDS.items() for scenario in all}
CONNECTS: Final = "connects"
"""The kind of all other scenarios."""
KINDS: Final = (CONNECTS, *_KINDS)


@dataclass(frozen=True, slots=True)
class Share:
    """How many scenarios of a kind were seen row for row, of how many that could be performed."""

    right: int = 0
    tried: int = 0

    def and_(self, *, right: bool) -> Share:
        """One more, which was right or was not."""
        return Share(self.right + right, self.tried + 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A line of the table. `faults`: what is wrong, a line each; nothing where it works.

    `trial` and `root` are None as far as it did not come to them.
    """

    machine: Machine
    faults: Sequence[str]
    root: Root | None = None
    trial: Trial | None = None
    shares: dict[str, Share] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether all was tried, and nothing is wrong."""
        return self.trial is not None and not self.faults


def judged(machine: Machine, root: Root, trial: Trial) -> Verdict:
    """Hold what was seen against what was done."""
    recording = trial.recording
    shares = dict.fromkeys(KINDS, Share())
    faults = list(_export_faults(trial))
    for report in recording.reports:
        if report.impossible:
            continue
        complaints = recording.complaints(report.scenario)
        kind = KIND_OF.get(report.scenario, CONNECTS)
        shares[kind] = shares[kind].and_(right=not complaints)
        faults += [f"{report.scenario}: {complaint}" for complaint in complaints]
    faults += flaws(recording)
    if [report.scenario for report in recording.reports] != trial.asked:
        faults.append("not all scenarios were performed")
    if recording.status != 0:
        faults.append(f"the capture ended with status {recording.status}")
    if (last := recording.stderr.splitlines()[-1]) != f"seen {len(recording.rows)}, lost 0":
        faults.append(f"the capture printed {len(recording.rows)} rows, and then: {last}")
    return Verdict(machine, faults, root, trial, shares)


def untold(trial: Trial) -> list[str]:
    """The scenarios that could not be performed, and why."""
    return [
        f"{report.scenario}: {report.impossible}"
        for report in trial.recording.reports
        if report.impossible
    ]


def _export_faults(trial: Trial) -> Iterator[str]:
    if len(trial.exported) != 1:
        yield f"the CSV has {len(trial.exported)} rows of the one connection to its server"
    for row in trial.exported:
        wrong = {name: row.get(name) for name, value in trial.client.items() if row[name] != value}
        if wrong:
            yield f"the CSV has {wrong}, and {trial.client} was done"
