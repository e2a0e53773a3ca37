"""The ways in which the rows can be grouped, and what each group's line says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from app.session.branches import Branch, Branches
from app.session.facets import DESTINATION, GROUPINGS, HOST, PROGRAM, Facet
from app.session.groups import Groups
from app.session.members import Group, Measure
from app.session.outline import Node
from app.session.view import Grouped, Grouping
from probes.record import Process
from widgets.fit import count
from widgets.outline_row import Cut, OutlineColumn, OutlineForm, OutlineRow
from widgets.tones import Span, Tone

_COUNT: Final = OutlineColumn("Conns", 7, 9)
_FAILED: Final = OutlineColumn("Failed", 8, 6)
_LAST: Final = OutlineColumn("Last", 8, 5)
_OWN: Final = OutlineColumn("Own", 7, 4)
_ALL: Final = OutlineColumn("All", 7, 8)
_PID: Final = OutlineColumn("PID", 7, 7)
_CUTS: Final = {PROGRAM.name: Cut.FOLDERS, HOST.name: Cut.START, DESTINATION.name: Cut.START}

_ENDED: Final = "ended"

HasEnded = Callable[[int, int], bool]
"""Whether a process that had this pid at that time is gone; see `app.session.living`."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What groups are sorted by: the column that says so, its word, and the measure."""

    column: str
    word: str
    measure: Measure


BY_COUNT: Final = Ranked("Conns", "connections", lambda group: group.count)
BY_ALL: Final = Ranked("All", "connections", lambda group: group.count)
BY_LAST: Final = Ranked("Last", "last time", lambda group: group.last_ns)
BY_FAILED: Final = Ranked("Failed", "failures", lambda group: group.failed)
BY_PID: Final = Ranked("PID", "PID", lambda group: -cast(int, group.key))


class FlatKind:
    """Rows by a facet, and within each group by another."""

    is_tree = False
    orders = (BY_COUNT, BY_LAST, BY_FAILED)

    def __init__(self, facets: tuple[Facet, Facet]) -> None:
        self._facets = facets
        outer, inner = facets
        self.name = outer.name
        self.plural = outer.plural
        inside = inner.plural.capitalize()
        self._columns = (_COUNT, OutlineColumn(inside, len(inside), 4), _FAILED, _LAST)

    @property
    def grouping(self) -> Grouping:
        """What counts the rows."""
        return lambda store, matches: Groups(store, matches, self._facets)

    def form(self, by: Ranked) -> OutlineForm:
        """The columns."""
        title = self.name if self.name.isupper() else self.name.capitalize()
        return OutlineForm(title, self._columns, by.column)

    def row(self, node: Node, _grouped: Grouped, largest: int) -> OutlineRow:
        """A group's line. `largest`: the count that fills a bar."""
        group, depth = node.group, len(node.path) - 1
        facet = self._facets[depth]
        inside = "" if group.members is None else count(len(group.members), 12)
        cells = (*_conns(group.count), (inside, Tone.PLAIN), _failures(group), _last(group))
        return OutlineRow(
            facet.label(node.path[-1]),
            cells,
            "  " * depth,
            node.is_open,
            _CUTS.get(facet.name, Cut.END),
            share=0.0 if depth else group.count / max(1, largest),
        )


class TreeKind:
    """Rows by process, under the processes that made it."""

    is_tree = True
    orders = (BY_PID, BY_ALL, BY_LAST, BY_FAILED)
    name = "process tree"
    plural = "processes"
    _columns = (_PID, _OWN, _ALL, _FAILED, _LAST)

    def __init__(self, has_ended: HasEnded | None) -> None:
        """`has_ended`: None where these are not processes of this machine, now."""
        self.has_ended = has_ended

    @property
    def grouping(self) -> Grouping:
        """What counts the rows."""
        return Branches

    def form(self, by: Ranked) -> OutlineForm:
        """The columns."""
        return OutlineForm("Process", self._columns, by.column, widest=90)

    def row(self, node: Node, _grouped: Grouped, _largest: int) -> OutlineRow:
        """A process's line."""
        branch = cast(Branch, node.group)
        pid = cast(int, branch.key)
        is_over = self.has_ended is not None and self.has_ended(pid, branch.last_ns)
        cells = (
            (str(pid), Tone.PLAIN),
            (count(branch.own, 7) if branch.own else "", Tone.PLAIN),
            *_conns(branch.count),
            _failures(branch),
            _last(branch),
        )
        return OutlineRow(
            branch.who.label,
            cells,
            guide(node.is_last),
            node.is_open if node.can_open else None,
            Cut.FOLDERS,
            _ENDED if is_over else "",
            _particulars(branch),
            is_over=is_over,
        )


Kind = FlatKind | TreeKind

KINDS: Final = tuple(map(FlatKind, GROUPINGS))
"""In the order in which a key goes through them."""


def guide(is_last: tuple[bool, ...]) -> str:
    """The lines that lead to a branch; none for those at the top."""
    if len(is_last) < 2:
        return ""
    *above, last = is_last[1:]
    return "".join("  " if one else "│ " for one in above) + ("└─" if last else "├─")


def _particulars(branch: Branch) -> str:
    """Whose it is, where that is known, and its arguments."""
    who = branch.who
    user = f"{who.user}  " if isinstance(who, Process) else ""
    return user + " ".join(who.args[1:])


def _conns(number: int) -> tuple[Span]:
    return ((count(number, 7), Tone.PLAIN),)


def _failures(group: Group) -> Span:
    return (count(group.failed, 7) if group.failed else "", Tone.FAILED)


def _last(group: Group) -> Span:
    return time.strftime("%H:%M:%S", time.localtime(group.last_ns // 1_000_000_000)), Tone.MUTED
