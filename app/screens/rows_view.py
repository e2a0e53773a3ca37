"""What shows the rows of a session: the table, the groups, or a word on why there are none."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from app.filters.query import Query
from app.screens.grouped import SessionOutline
from probes.record import Connection, Process
from widgets.connection_table import ConnectionTable
from widgets.placeholder import Placeholder


class RowsView:
    """Of three widgets, one of which is displayed; what is asked of the rows is asked of that."""

    def __init__(
        self, table: ConnectionTable, outline: SessionOutline, placeholder: Placeholder
    ) -> None:
        self._table = table
        self._outline = outline
        self._placeholder = placeholder
        self._absence: Sequence[str] = ()

    @property
    def is_grouped(self) -> bool:
        """Whether groups were asked for."""
        return self._outline.kind is not None

    @property
    def main(self) -> ConnectionTable | SessionOutline:
        """The one of the two that has the rows, once there are any."""
        return self._outline if self.is_grouped else self._table

    @property
    def selected(self) -> Connection | None:
        """The connection under the cursor; None while there is none."""
        if self.is_grouped:
            return self._outline.connection
        return self._table.selected if self._table.display else None

    @property
    def selected_process(self) -> Process | None:
        """The process under the cursor, of a connection or in the tree."""
        if self.is_grouped:
            return self._outline.process
        return self.selected.process if self.selected else None

    @property
    def selected_group(self) -> Query | None:
        """What keeps the group under the cursor; None where there is none, or a connection."""
        return self._outline.group_query if self.is_grouped else None

    @property
    def shown_columns(self) -> list[str]:
        """The keys of the columns that have a place, or will once there is a table."""
        parts = (self._table, self._outline, self._placeholder)
        width = next(part.outer_size.width for part in parts if part.display)
        return self._table.columns_in(width)

    def choose_columns(self, chosen: Sequence[str]) -> None:
        """Show these columns; none at all leaves them to the room there is."""
        self._table.set_columns(chosen)
        self._outline.set_columns(chosen)

    def entitle(self, title: str, subtitle: str) -> None:
        """Set the texts in the border."""
        self._table.entitle(title, subtitle)
        if self.is_grouped:
            self._outline.entitle(*self._outline.titles(title))

    def show(self, absence: Sequence[str], focused: Widget | None) -> None:
        """Show the rows, or why there are none. `focused`: has the keys."""
        absent = bool(absence)
        if absent and absence != self._absence:
            self._placeholder.show(*absence)
        self._absence = absence
        main, other = self.main, self._table if self.is_grouped else self._outline
        if self._placeholder.display != absent or main.display == absent or other.display:
            had_focus = focused in (None, self._table, self._outline)
            self._placeholder.display = absent
            other.display, main.display = False, not absent
            if not absent and had_focus:
                main.focus()
