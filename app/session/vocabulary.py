"""The values that fields have in a session, the commonest first, for whoever types a filter."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from app.filters.fields import Column, Field
from app.session.store import Store

_ROWS: Final = 65_536  # the newest, at most, that are looked at
_PARTS: Final = 8_192  # processes, endpoints, hosts and ports, of each, that are counted
_VALUES: Final = 1_000
_WEIGHT: Final = 60  # of a row for the first of a part's values; the second has half of it


class Vocabulary:
    """Looks at a store's newest rows when it is asked; nothing is kept up in between."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = 0
        self._counts: dict[Column, Counter[Any]] = {}  # of parts, by identity where rows share them
        self._parts: dict[int, Any] = {}

    def offered(self, field: Field) -> list[str]:
        """Values of `field` to ask for."""
        if field.column is Column.TIME:
            return list(field.kind.offered(None))
        self._catch_up()
        values: Counter[str] = Counter()
        for key, number in self._counts.get(field.column, Counter[Any]()).items():
            part = self._parts[key] if field.column.is_shared else key
            # A user's name is of more use than the number behind it.
            for place, value in enumerate(field.kind.offered(part), start=1):
                values[value] += number * _WEIGHT // place
        return [value for value, _ in values.most_common(_VALUES)]

    def _catch_up(self) -> None:
        start = max(self._next, self._store.end - _ROWS)
        self._next = self._store.end
        for _, rows in self._store.pieces(start, self._store.end):
            for column in Column:
                if column is Column.TIME:
                    continue
                parts = column.of(rows)
                counts = self._counts.setdefault(column, Counter())
                if column.is_shared:
                    keys = list(map(id, parts))
                    self._parts.update(zip(keys, parts, strict=True))
                    counts.update(keys)
                else:
                    counts.update(parts)
        self._forget()

    def _forget(self) -> None:
        """Keep the commonest, so that a long session's parts do not pile up."""
        if all(len(counts) <= 2 * _PARTS for counts in self._counts.values()):
            return
        for column, counts in self._counts.items():
            self._counts[column] = Counter(dict(counts.most_common(_PARTS)))
        kept = {
            key for column, counts in self._counts.items() if column.is_shared for key in counts
        }
        self._parts = {key: part for key, part in self._parts.items() if key in kept}
