"""What a measurement is for: figures beside their limits or peers, for a person and for `all`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from kit.table import show

HEADER: Final = ("of", "figure", "limit or peer", "ratio", "")


class Rule(StrEnum):
    """How a figure is to its bound."""

    AT_MOST = "≤"
    AT_LEAST = "≥"
    EXACTLY = "="
    BESIDE = "beside"  # a peer's figure, to compare


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `bound`: in the same `unit`; `whose`: the peer it is of, or nothing."""

    what: str
    value: float
    unit: str
    rule: Rule
    bound: float
    whose: str = ""

    @property
    def ratio(self) -> float | None:
        """The value in bounds; None where the bound is 0."""
        return self.value / self.bound if self.bound else None

    @property
    def holds(self) -> bool | None:
        """Whether it is as it should be; None where nothing is asked."""
        match self.rule:
            case Rule.AT_MOST:
                return self.value <= self.bound
            case Rule.AT_LEAST:
                return self.value >= self.bound
            case Rule.EXACTLY:
                return self.value == self.bound
            case Rule.BESIDE:
                return None

    @property
    def cells(self) -> list[str]:
        """Its row below `HEADER`."""
        bound = [
            "" if self.rule is Rule.BESIDE else self.rule.value,
            _number(self.bound),
            self.unit,
            f"({self.whose})" if self.whose else "",
        ]
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        verdict = {True: "holds", False: "MISSED", None: ""}[self.holds]
        figure = f"{_number(self.value)} {self.unit}".strip()
        return [self.what, figure, " ".join(filter(None, bound)), ratio, verdict]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one measurement. `remarks`: what a reader of the figures must know."""

    figures: Sequence[Figure]
    remarks: Sequence[str]


def hand_over(report: Report, path: Path | None) -> None:
    """Print it and, where a `path` is given, write it there as a JSON object.

    That has the fields of `Report`, and its figures those of `Figure`.
    """
    show("against what is asked for", HEADER, [figure.cells for figure in report.figures])
    print("".join(f"\n{remark}" for remark in report.remarks), flush=True)
    if path is not None:
        path.write_text(json.dumps(asdict(report), indent=1) + "\n")


def handed_over(path: Path) -> Report:
    """What `hand_over` wrote."""
    told = json.loads(path.read_text())
    figures = [Figure(**{**each, "rule": Rule(each["rule"])}) for each in told["figures"]]
    return Report(figures, told["remarks"])


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a page: the first two columns to the left, the others right."""
    lines = [header, ["---", "---", *["---:"] * (len(header) - 2)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: float) -> str:
    """Three digits at least: `0.83`, `12.4`, `1,234`."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
