"""The lines of an outline, as a table reads them."""

from __future__ import annotations

from app.screens.groupings import Kind
from app.session.outline import Outline
from app.session.session import Session
from probes.record import Connection
from widgets.outline_row import OutlineRow


class OutlineLines:
    """The lines of an outline, as the table reads them."""

    def __init__(self, session: Session, kind: Kind, outline: Outline) -> None:
        self._session = session
        self._kind = kind
        self._outline = outline
        self.largest = 1

    def __len__(self) -> int:
        return len(self._outline)

    def __getitem__(self, index: int) -> OutlineRow | Connection | None:
        if not 0 <= index < len(self._outline):
            return None
        place = self._outline[index]
        if place.more is not None:
            hidden = f"… {place.more.hidden:,} more: a filter leaves fewer"
            return OutlineRow(hidden, guide="  " * (len(place.path) - 1), is_over=True)
        if place.row is not None:
            store = self._session.store
            return store[place.row] if store.first <= place.row < store.end else None
        grouped = self._session.view.grouped
        if place.node is None or grouped is None:
            return None
        return self._kind.row(place.node, grouped, self.largest)
