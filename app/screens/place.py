"""The connection under the cursor, which stays there while rows come and go around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.session.session import Change
from app.session.view import View
from widgets.connection_table import ConnectionTable


class Place:
    """Keeps a table's cursor on its connection while the view behind it changes."""

    def __init__(self, table: ConnectionTable, view: View) -> None:
        self._table = table
        self._view = view
        # The connection to go back to, once it is found, unless a person goes elsewhere before.
        self._awaited: int | None = None
        self._left: int | None = None

    @contextmanager
    def kept(self) -> Iterator[list[Change]]:
        """Change the view in this block, and tell of it by appending to the list.

        The table is drawn anew where anything was touched, with the cursor on the connection on
        which it was before, also where that is found only by later changes.
        """
        number = self._number
        if self._awaited is None or number != self._left:
            self._awaited = number
        row, changes = self._table.cursor_row, list[Change]()
        yield changes
        if any(change.touched for change in changes):
            evicted = sum(change.evicted for change in changes)
            at = None
            if self._awaited is not None and not self._table.following:
                at = self._view.index(self._awaited)
            changed = any(change.changed for change in changes)
            self._table.refresh_rows(evicted if at is None else row - at, changed=changed)
            if at is not None or not self._view.is_working:
                self._awaited = None
        self._left = self._number

    @property
    def _number(self) -> int | None:
        row = self._table.cursor_row
        there = self._table.display and 0 <= row < len(self._view)
        return self._view.sequence(row) if there else None
