"""The judge of the matrix, and its table: what must not pass for a machine that works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.matrix.machines import BRIEF, MACHINES, OF_HUNDREDS, chosen
from tests.matrix.root import Root
from tests.matrix.table import HEADINGS, table
from tests.matrix.trial import Trial
from tests.matrix.verdict import KIND_OF, KINDS, Share, Verdict, judged, untold
from tests.recording import FIELDS, Recording
from tests.scenarios import SCENARIO_NAMES
from tests.scene import Expected, Report

MACHINE = MACHINES[0]
ROOT = Root(Path("/root-of-it"), "3.14.1", "0.37.0", "21.1", 60)
CLIENT = {"pid": "7", "address": "127.0.0.1", "port": "5", "host": "localhost"}
NOON = 1_769_857_200.0


def row(pid: int) -> dict[str, object]:
    known = dict.fromkeys(FIELDS)
    return known | {
        **{"time": "2026-01-31T12:00:00.5+01:00", "af": "AF_INET", "pid": pid, "port": 443},
        **{"comm": "it", "user": "root", "protocol": "tcp", "socket_type": "stream"},
    }


def recording(reports: Sequence[Report], *, lost: int = 0) -> Recording:
    rows = [row(pid) for pid in range(1, len(reports) + 1)]
    said = f"capturing: kprobe it\nseen {len(rows)}, lost {lost}\n"
    return Recording(list(rows), list(reports), said, 0, NOON, NOON + 1, 2.0)


def trial(reports: Sequence[Report] | None = None, *, lost: int = 0) -> Trial:
    reports = all_reports() if reports is None else reports
    return Trial(
        "5.10.0",
        "mapped",
        [CLIENT],
        CLIENT,
        31.6,
        list(SCENARIO_NAMES),
        recording(reports, lost=lost),
    )


def all_reports() -> list[Report]:
    return [
        Report(name, [pid], [Expected({"pid": pid, "port": 443})])
        for pid, name in enumerate(SCENARIO_NAMES, start=1)
    ]


def verdict(tried: Trial) -> Verdict:
    return judged(MACHINE, ROOT, tried)


def test_a_machine_works_where_all_is_as_it_was_done() -> None:
    found = verdict(trial())
    assert found.works
    assert found.shares.keys() == set(KINDS)
    assert sum(share.right for share in found.shares.values()) == len(SCENARIO_NAMES)
    assert all(share.right == share.tried > 1 for share in found.shares.values())


def test_a_row_that_is_other_than_done_counts_against_its_kind() -> None:
    reports = all_reports()
    place = SCENARIO_NAMES.index("refused")
    reports[place] = replace(reports[place], expected=[Expected({"port": 80})])
    found = verdict(trial(reports))
    assert not found.works
    share = found.shares[KIND_OF["refused"]]
    assert share == Share(share.tried - 1, share.tried)
    assert any(fault.startswith("refused: not seen") for fault in found.faults)


@pytest.mark.parametrize(
    ("exported", "says"),
    [
        ([], "has 0 rows"),
        ([CLIENT, CLIENT], "has 2 rows"),
        ([CLIENT | {"host": ""}], "the CSV has {'host': ''}"),
    ],
)
def test_a_csv_that_is_wrong_is_a_fault(exported: list[dict[str, str]], says: str) -> None:
    [fault] = verdict(replace(trial(), exported=exported)).faults
    assert says in fault


def test_what_was_lost_is_a_fault() -> None:
    [fault] = verdict(trial(lost=1)).faults
    assert fault.endswith("lost 1")


def test_a_trial_that_ended_early_is_a_fault() -> None:
    [fault] = verdict(trial(all_reports()[:-1])).faults
    assert fault == "not all scenarios were performed"


def test_what_could_not_be_performed_is_neither_right_nor_wrong_and_said() -> None:
    reports = all_reports()
    reports[-1] = replace(reports[-1], expected=[], pids=[], impossible="no such thing here")
    tried = trial(reports)
    tried.recording.rows.pop()
    tried = replace(tried, recording=replace(tried.recording, stderr=said(len(reports) - 1)))
    found = verdict(tried)
    assert found.works
    assert found.shares[KIND_OF[SCENARIO_NAMES[-1]]].tried == trial_share(SCENARIO_NAMES[-1]) - 1
    assert untold(tried) == [f"{SCENARIO_NAMES[-1]}: no such thing here"]


def said(seen: int) -> str:
    return f"capturing: kprobe it\nseen {seen}, lost 0\n"


def trial_share(name: str) -> int:
    return verdict(trial()).shares[KIND_OF[name]].tried


def test_the_table_has_a_line_for_each_machine_with_a_cell_for_each_heading() -> None:
    untried = Verdict(MACHINES[1], ["no network"])
    failed = Verdict(MACHINES[2], ["it did not boot"], ROOT)
    lines = table([verdict(trial()), verdict(trial(lost=3)), untried, failed]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(each) for each in cells} == {len(HEADINGS)}
    assert cells[0] == list(HEADINGS)
    works, faulty, nothing, no_trial = cells[2:]
    assert works[1:6] == ["5.10.0", "3.14.1", "0.37.0, 21.1", "kprobe it", "mapped"]
    assert works[-3:] == ["32 s, 2 s", f"{len(SCENARIO_NAMES)}, 0", "works"]
    assert faulty[-2:] == [f"{len(SCENARIO_NAMES)}, 3", "faults: 1"]
    assert set(nothing[1:-1]) == {"-"}
    assert (nothing[-1], no_trial[-1]) == ("not tried", "failed")


def test_machines_are_chosen_by_name_in_their_own_order() -> None:
    assert chosen([]) == list(MACHINES)
    assert chosen(["sid", "5.10"]) == [MACHINES[0], MACHINES[-1]]
    with pytest.raises(ValueError, match="no machine etch; there are"):
        chosen(["sid", "etch"])


def test_only_scenarios_that_there_are_are_left_out() -> None:
    assert set(BRIEF) | OF_HUNDREDS == set(SCENARIO_NAMES)
    assert {KIND_OF.get(name, KINDS[0]) for name in BRIEF} == set(KINDS)
