"""What connections have in common, counted, and counted further within."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from heapq import nlargest
from typing import TypeAlias

from app.session.leaders import LISTED, Leaders

_SORTED = 2 * LISTED  # groups that are sorted each time; of more, leaders are kept


@dataclass(slots=True, eq=False)
class Group:
    """Connections that have `key` in common.

    `count`: how many there are, 0 for one that is no longer among its `Members`; `failed`: how
    many of them failed; `last_ns`: when the newest was made, nanoseconds since the epoch, which may
    have left meanwhile. `members`: the groups within, None where it has only connections.
    """

    key: Hashable
    count: int = 0
    failed: int = 0
    last_ns: int = 0
    members: Members | None = None


Measure: TypeAlias = Callable[[Group], int]
"""By what groups are sorted, from the highest down."""


class Members:
    """Groups by key, of which the foremost are at hand."""

    __slots__ = ("_fresh", "_leaders", "_measure", "groups")

    def __init__(self) -> None:
        self.groups: dict[Hashable, Group] = {}
        """To be read; `count` changes it."""
        self._leaders: Leaders[Group] | None = None
        self._measure: Measure | None = None
        self._fresh: list[Group] | None = None  # None until somebody asks

    def __len__(self) -> int:
        """How many groups there are."""
        return len(self.groups)

    def count(
        self,
        key: Hashable,
        change: int,
        failed: int,
        last_ns: int,
        new: Callable[[Hashable], Group],
    ) -> Group:
        """Change the counts of the group of `key`, and give it; `new` makes one.

        `change`, `failed`: how many connections more, or fewer. One without connections leaves.
        """
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = new(key)
            if self._fresh is not None and len(self._fresh) <= LISTED:
                self._fresh.append(group)
        group.count += change
        group.failed += failed
        if last_ns > group.last_ns:  # noqa: PLR1730 - max() takes three times as long
            group.last_ns = last_ns
        if group.count <= 0:
            del self.groups[key]
            if self._leaders is not None:
                self._leaders.gone(key)
        elif self._leaders is not None:
            self._leaders.touched(key, group)
        return group

    def foremost(self, measure: Measure) -> list[Group]:
        """The first `LISTED` groups by `measure`, then by the last connection."""
        self._fresh = []
        order = lambda group: (measure(group), group.last_ns)  # noqa: E731
        if len(self.groups) <= _SORTED:
            self._leaders = None
            return nlargest(LISTED, self.groups.values(), order)
        if self._leaders is None or self._measure is not measure:
            self._leaders, self._measure = Leaders(self.groups, measure), measure
        return self._leaders.highest(order)

    def fresh(self) -> list[Group]:
        """Groups that came since this or `foremost` was last called, at some hundred at most."""
        fresh, self._fresh = self._fresh or [], []
        return [group for group in fresh if group.count > 0]

    def unwatched(self) -> None:
        """Nobody asks for new groups any more."""
        self._fresh = self._leaders = None
