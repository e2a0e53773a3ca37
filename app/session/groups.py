"""Counts of the rows that match, in groups, and in groups within them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from app.filters.query import Query
from app.session.counting import FAILED, Counting
from app.session.facets import Facet
from app.session.listing import Listing
from app.session.matches import Matches
from app.session.members import Group, Members
from app.session.store import Store
from probes.connections import Connections, Endpoint
from probes.record import Host, Process

Path = tuple[Hashable, ...]
"""The key of a group, or of that and of one within it."""


def _outer(key: Hashable) -> Group:
    return Group(key, members=Members())


class Groups(Counting):
    """Matches by one facet, and within each group by another.

    What a batch of rows costs depends on its length, not on how many rows or groups there are.
    """

    def __init__(self, store: Store, matches: Matches, facets: tuple[Facet, Facet]) -> None:
        """`facets`: of the groups, and within them."""
        super().__init__(store, matches)
        self.facets = facets
        self.members = Members()
        self._listings: dict[Path, Listing] = {}

    @property
    def is_working(self) -> bool:
        """Whether `step` has anything to do."""
        return self.is_counting or any(map(_is_working, self._listings.values()))

    def step(self) -> None:
        """Go on, for some 10 ms."""
        if self.is_counting:
            super().step()
            return
        listing = next(filter(_is_working, self._listings.values()), None)
        if listing is not None:
            listing.step()

    def label(self, path: Path) -> str:
        """What a group is called, in characters as other processes chose them."""
        return self.facets[len(path) - 1].label(path[-1])

    def query(self, path: Path) -> Query:
        """What keeps a group and no others; raises QueryError where no filter can say it."""
        query = Query.everything
        for facet, key in zip(self.facets, path, strict=False):
            query = query & facet.query(key)
        return query

    def listing(self, path: Path, group: Group) -> Listing | None:
        """The connections of an inner group, looked for from now on; None for an outer one."""
        if len(path) != len(self.facets):
            return None
        listing = self._listings.get(path)
        if listing is None:
            (first, second), (outer, inner) = self.facets, path

            def belongs(process: Process, endpoint: Endpoint, host: Host | None, port: int) -> bool:
                parts: Any = (process, endpoint, host, port)
                return first.key(*parts) == outer and second.key(*parts) == inner

            listing = self._listings[path] = Listing(self._store, self._matches, belongs)
        listing.expect(group.count)
        return listing

    def unlisted(self, path: Path) -> None:
        """Nobody looks at these connections any more."""
        self._listings.pop(path, None)

    def _count(self, rows: Connections, sign: int) -> None:
        outer, inner = self.facets
        keys = list(
            zip(
                *(map(id, rows.processes), map(id, rows.endpoints), map(id, rows.hosts)),
                *(rows.ports, rows.outcomes),
                strict=True,
            )
        )
        last = dict(zip(keys, range(len(keys)), strict=True))
        for key, number in Counter(keys).items():
            at = last[key]
            parts = rows.processes[at], rows.endpoints[at], rows.hosts[at], rows.ports[at]
            change, failed = sign * number, sign * number * FAILED[rows.outcomes[at]]
            # The newest of those that are alike, or one made at almost the same time.
            time_ns = rows.times[at] if sign > 0 else 0
            group = self.members.count(outer.key(*parts), change, failed, time_ns, _outer)
            assert group.members is not None
            group.members.count(inner.key(*parts), change, failed, time_ns, Group)


def _is_working(listing: Listing) -> bool:
    return listing.is_working
