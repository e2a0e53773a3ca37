"""How a board looks: as it is asked to at first, and as it is left."""

from __future__ import annotations

from textual.containers import Container

from app.session.order import Order
from app.session.session import Session
from app.settings.look import PANELS, Look
from widgets.columns import Sorted
from widgets.connection_table import ConnectionTable
from widgets.timeline import Timeline


def dress(body: Container, table: ConnectionTable, session: Session, look: Look) -> None:
    """Have the table and the panels in `body` look so; for a board that is not shown yet."""
    table.set_columns(look.columns or ())
    for name in PANELS:
        hidden = look.panels is not None and name not in look.panels
        body.set_class(hidden, f"-without-{name}")
        body.set_class(look.panel == name, f"-with-{name}")
    if look.sort is not None:
        order = Order(look.sort.removeprefix("-"), look.sort.startswith("-"))
        session.sort(order)
        table.set_sorted(Sorted(order.key, order.descending))
    elif look.follow is not None:
        table.set_reactive(ConnectionTable.following, look.follow)


def worn(body: Container, table: ConnectionTable, timeline: Timeline) -> Look:
    """How they look now, as far as that is remembered."""
    panels = [name for name in PANELS if not body.has_class(f"-without-{name}")]
    below = [name for name in PANELS if body.has_class(f"-with-{name}")]
    return Look(
        columns=table.chosen_columns,
        panels=tuple(panels),
        panel=below[0] if below else "",
        # `display` would be False of whatever has ended.
        timeline=timeline.styles.display != "none",
    )
