"""What limits the rows that are shown: a typed filter, a process, a user."""

from __future__ import annotations

from app.filters.query import Key, Query
from probes.record import Process


class Filters:
    """A typed filter, and what key presses have pinned: a process, a user, groups.

    All must match.
    """

    def __init__(self) -> None:
        self._typed = Query.everything
        self._pinned: dict[Key | Query, Query] = {}

    @property
    def typed(self) -> Query:
        """The filter as it was typed."""
        return self._typed

    @property
    def query(self) -> Query:
        """Everything together."""
        query = self._typed
        for pinned in self._pinned.values():
            query = query & pinned
        return query

    @property
    def parts(self) -> list[str]:
        """Each condition as it would be typed, the pinned ones first."""
        return [
            str(part) for query in (*self._pinned.values(), self._typed) for part in query.terms
        ]

    def is_pinned(self, key: Key) -> bool:
        """Whether a process (`Key.PID`) or a user (`Key.USER`) is pinned."""
        return key in self._pinned

    def type(self, query: Query) -> None:
        """Replace the typed filter."""
        self._typed = query

    def toggle(self, key: Key, process: Process | None) -> None:
        """Lift the pinned process or user, or pin this process or its user."""
        if key in self._pinned:
            del self._pinned[key]
        elif process is not None:
            self._pinned[key] = Query.of(key, process.pid if key is Key.PID else process.user)

    def toggle_query(self, query: Query) -> None:
        """Pin what `query` keeps, beside all others; or lift it where it is pinned."""
        if query in self._pinned:
            del self._pinned[query]
        else:
            self._pinned[query] = query

    def clear(self) -> None:
        """Show everything."""
        self._typed = Query.everything
        self._pinned.clear()
