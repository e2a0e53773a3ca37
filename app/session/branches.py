"""Counts of the rows that match by process, and under the processes that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from app.filters.query import Query
from app.session.counting import FAILED, Counting
from app.session.groups import Path
from app.session.listing import Listing
from app.session.matches import Matches
from app.session.members import Group, Members
from app.session.store import Store
from probes.connections import Connections
from probes.record import Ancestor, Process

_UNKNOWN: Final = Ancestor(0, "", None, ())


@dataclass(slots=True, eq=False)
class Branch(Group):
    """A process with all that stem from it; `key`: its pid.

    `count` and what else a `Group` has is of all of them, `own` of the process alone. `who`: the
    process as it last connected, else as it was when it made another. A pid that was given again
    by the same parents is one branch, as it is for `tree:` in a filter.
    """

    own: int = 0
    who: Process | Ancestor = _UNKNOWN

    def seen_as(self, who: Process | Ancestor) -> None:
        """Take note of what it is, where that is more than was known."""
        is_more = isinstance(who, Process) or who.executable or who.comm
        if is_more and (isinstance(who, Process) or not isinstance(self.who, Process)):
            self.who = who


def _branch(key: Hashable) -> Group:
    return Branch(key, members=Members())


class Branches(Counting):
    """Matches in a tree of processes, the first ancestor that is known of each at the top."""

    def __init__(self, store: Store, matches: Matches) -> None:
        super().__init__(store, matches)
        self.members = Members()

    def query(self, path: Path) -> Query:
        """What keeps a process and all that stem from it; raises QueryError for no such pid."""
        return Query.of("tree", cast(int, path[-1]))

    def listing(self, _path: Path, _group: Group) -> Listing | None:
        """None: a process has processes under it, and no connections."""
        return None

    def unlisted(self, path: Path) -> None:
        """Nothing is listed."""

    def _count(self, rows: Connections, sign: int) -> None:
        keys = list(zip(map(id, rows.processes), rows.outcomes, strict=True))
        last = dict(zip(keys, range(len(keys)), strict=True))
        # Processes of one parent share their line of parents, which is counted once for all.
        lines: dict[tuple[int, int | None], list[_Change]] = {}
        for key, number in Counter(keys).items():
            at = last[key]
            process = rows.processes[at]
            failed = sign * number * FAILED[rows.outcomes[at]]
            change = (process, sign * number, failed, rows.times[at] if sign > 0 else 0)
            parent = None if process.parents else process.parent
            lines.setdefault((id(process.parents), parent), []).append(change)
        for changes in lines.values():
            self._count_line(changes)

    def _count_line(self, changes: list[_Change]) -> None:
        """Count processes that have the same parents."""
        members = self.members
        processes, numbers, failures, times = zip(*changes, strict=True)
        total, failed, time_ns = sum(numbers), sum(failures), max(times)
        for who in _parents(processes[0]):
            branch = cast(Branch, members.count(who.pid, total, failed, time_ns, _branch))
            if total > 0:
                branch.seen_as(who)
            assert branch.members is not None
            members = branch.members
        for process, number, own_failed, own_time in changes:
            branch = cast(Branch, members.count(process.pid, number, own_failed, own_time, _branch))
            if number > 0:
                branch.seen_as(process)
            branch.own += number


_Change = tuple[Process, int, int, int]
"""A process, how many connections more or fewer, how many of these failed, the last one's time."""


def _parents(process: Process) -> Sequence[Ancestor]:
    """Its ancestors, the first of them first."""
    if not process.parents and process.parent:
        return (Ancestor(process.parent, "", None, ()),)
    return process.parents[::-1]
