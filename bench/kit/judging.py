"""What a tool showed, held against what was done: right, unknown and wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from kit.truth import Act, Count, Performance, Seen, Subject, Value

RIGHT: Final = Count(right=1)
UNKNOWN: Final = Count(unknown=1)
WRONG: Final = Count(wrong=1)

ROWS: Final = "rows"
SURVIVAL: Final = "survives"

# Milliseconds by which a latency may be more than the whole call that it is a part of (the clocks
# are read one after the other), and less than half of it.
_LATE, _EARLY = 1.0, 20.0
# One word for what tools call by several.
_OUTCOMES: Final = {
    "ok": "connected",
    "established": "connected",
    "timeout": "timed out",
    "no route": "unreachable",
}
_PENDING: Final = "in progress"  # not known yet, by its own account
_SHOWN_AS: Final = {Subject.NOT_INHERITED: Subject.HOST}

Complain = Callable[[str, str], None]
"""Is told of each thing that is not right: under which name it is counted, and what it is."""


def judge(
    done: Performance, seen: Sequence[Seen], complain: Complain = lambda _check, _what: None
) -> dict[str, Count]:
    """Count, for each scenario and subject (`PID reuse: path`), in the order of the acts.

    `SCENARIO: rows` counts acts that have their one row as right, those without one as unknown,
    and as wrong every row that nothing was done for: of another process than the act's, or one
    more. An act without its row leaves unknown all that could be said of it.
    """
    counts: dict[str, Count] = defaultdict(Count)
    left = defaultdict(list)
    for row in seen:
        left[row.there].append(row)
    matched = [(act, _taken(left[act.there], act.pid)) for act in done.acts]
    for act, row in matched:
        counts[act.check(ROWS)] += UNKNOWN if row is None else RIGHT
        for subject, truth in act.facts.items():
            verdict = UNKNOWN if row is None else compare(subject, truth, row)
            counts[act.check(subject)] += verdict
            if verdict != RIGHT:
                says = row.facts.get(_SHOWN_AS.get(subject, subject)) if row else "no row"
                what = f"process {act.pid} to {act.there}: {says!r}, not {truth!r}"
                complain(act.check(subject), what)
    pids = {(act.there, act.pid) for act in done.acts}
    for act in _first_each(done.acts):
        strangers = left.pop(act.there, [])
        # Nobody else knows these addresses; a family without any is everybody's.
        invented = [
            row for row in strangers if act.there[0] is not None or (row.there, row.pid) in pids
        ]
        counts[act.check(ROWS)] += Count(wrong=len(invented))
        for row in invented:
            complain(act.check(ROWS), f"nobody did what is shown: {row}")
    for scenario, pid in done.silent:
        rows = sum(row.pid == pid for row in seen)
        counts[f"{scenario}: {ROWS}"] += Count(wrong=rows) if rows else RIGHT
    for scenario, well in done.ended:
        counts[f"{scenario}: {SURVIVAL}"] += RIGHT if well else WRONG
    return dict(counts)


def _taken(rows: list[Seen], pid: int) -> Seen | None:
    """The first row of that process, taken out."""
    for number, row in enumerate(rows):
        if row.pid == pid:
            return rows.pop(number)
    return None


def _first_each(acts: Iterable[Act]) -> Iterable[Act]:
    """The first act of each destination."""
    return {act.there: act for act in reversed(list(acts))}.values()


def compare(subject: Subject, truth: Value, row: Seen) -> Count:
    """One thing that a row says, or does not."""
    said = row.facts.get(subject)
    match subject:
        case Subject.NOT_INHERITED:
            # As a guess it may be shown: then it says that it was another process's.
            inherited = row.own and row.facts.get(Subject.HOST) == truth
            return WRONG if inherited else RIGHT
        case _ if said is None:
            return UNKNOWN
        case Subject.OUTCOME:
            word = str(said).replace("-", " ").replace("_", " ").lower()
            if word == _PENDING:
                return UNKNOWN
            return RIGHT if _OUTCOMES.get(word, word) == truth else WRONG
        case Subject.LATENCY:
            assert isinstance(said, float)
            assert isinstance(truth, float)
            return RIGHT if truth / 2 - _EARLY <= said <= truth + _LATE and said >= 0 else WRONG
        case _:
            return RIGHT if said == truth else WRONG


def totals(counts: Mapping[str, Count]) -> Count:
    """All of them together."""
    return sum(counts.values(), Count())
