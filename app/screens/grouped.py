"""The session in groups, or as a tree of processes, in the table's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message

from app.filters.query import Query, QueryError
from app.screens.groupings import KINDS, Kind, Ranked, TreeKind
from app.screens.outline_lines import OutlineLines
from app.session.living import Living
from app.session.outline import Outline, Place
from app.session.session import Session
from probes.record import Connection, HookKind, Process
from widgets.outline_row import OutlineRow
from widgets.outline_table import OutlineTable

_LOOK: Final = 2.0  # seconds

Begin = Callable[[Callable[[], None], str], None]
"""Makes a change that may take longer; see `SlicedWork.begin`."""


class SessionOutline(OutlineTable):
    """Shows the rows that are shown, grouped as was asked for last; nothing until that.

    The order stands still once the cursor has moved; until then groups are put in order as they
    grow.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "leave_out", "Leave out", show=False),
    ]

    class Opened(Message):
        """All about a connection is to be shown; `number`: its sequence number."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Kept(Message):
        """`query` is to be in force from now on, or to be lifted where it is already."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    class LeftOut(Message):
        """What `query` keeps is to be left out from now on."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    def __init__(self, session: Session, begin: Begin, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self._session = session
        self._begin = begin
        self._living = Living()
        self._kind: Kind | None = None
        self._by: Ranked = KINDS[0].orders[0]
        self._outline: Outline | None = None
        self._shown: OutlineLines | None = None
        self._attached: object = None
        self._was_counting = False
        self._ended: list[bool] = []  # of the lines that are to be seen
        # The line to go back to, once it is there, unless a person goes elsewhere before.
        self._awaited: Place | None = None
        self._left = 0

    def on_mount(self) -> None:
        """Look now and then who of the processes has ended."""
        self.set_interval(_LOOK, self._look_who_ended)

    def _look_who_ended(self) -> None:
        if self._kind is None or not self._kind.is_tree or not self.display:
            return
        lines = (self._line(self.row_at(y)) for y in range(self.size.height))
        ended = [isinstance(line, OutlineRow) and line.is_over for line in lines]
        if ended != self._ended:
            self._ended = ended
            self.refresh()

    @property
    def kind(self) -> Kind | None:
        """How the rows are grouped; None where they are not."""
        return self._kind

    def step(self, by: int) -> None:
        """Group by the next facet (1) or the one before (-1); beyond the last, not at all."""
        kinds: tuple[Kind | None, ...] = (None, *KINDS)
        at = kinds.index(self._kind) if self._kind in kinds else 0
        self.group(kinds[(at + by) % len(kinds)])

    def toggle_tree(self) -> None:
        """Show the tree of processes, or the table again."""
        self.group(None if isinstance(self._kind, TreeKind) else TreeKind(self._has_ended))

    def group(self, kind: Kind | None) -> None:
        """Group the rows so; None shows nothing."""
        self._kind = kind
        self._outline = self._shown = self._attached = None
        view = self._session.view
        if kind is None:
            self._begin(lambda: view.group(None), "")
            return
        self._by = kind.orders[0]
        self.following = True
        self._begin(lambda: view.group(kind.grouping), "grouping")
        self.refresh_groups()

    def group_as(self, other: SessionOutline) -> None:
        """Group as another one does, of another session."""
        kind = other.kind
        self.group(TreeKind(self._has_ended) if isinstance(kind, TreeKind) else kind)

    def refresh_groups(self) -> None:
        """Show what has changed: in order while it follows, else in place."""
        grouped, kind = self._session.view.grouped, self._kind
        if grouped is None or kind is None:
            return
        place = self._place
        if self._outline is None or self._shown is None:
            self._outline = Outline(grouped, self._by.measure, opened=kind.is_tree)
            self._shown = OutlineLines(self._session, kind, self._outline)
            self._attached = grouped
            self._arrange()
            self.set_lines(self._shown, kind.form(self._by))
        elif self._attached is not grouped:
            self._outline.attach(grouped)
            self._attached = grouped
            self._arrange()
            # What is open is looked for from now on.
            self.call_later(self._begin, lambda: None, "looking")
        elif self.following or self._was_counting:
            self._arrange()
        else:
            self._outline.refresh()
        self._was_counting = self._session.view.is_counting
        self._read(place)

    def sort_by_next(self) -> None:
        """Sort by the next of what groups can be sorted by."""
        if self._kind is not None and self._outline is not None:
            orders = self._kind.orders
            self._by = orders[(orders.index(self._by) + 1) % len(orders)]
            self._outline.measure = self._by.measure
            place = self._place
            self._arrange()
            self.set_lines(self._shown or (), self._kind.form(self._by))
            self._read(place)

    def toggle_following(self) -> None:
        """Have groups in order as they grow, from the first on; or let them stand still."""
        self.following = not self.following
        if self.following:
            self.refresh_groups()

    def titles(self, limited: str) -> tuple[str, str]:
        """What stands in the border; `limited`: how many connections, of how many."""
        if self._kind is None:
            return "", ""
        grouped = self._session.view.grouped
        number = len(grouped.members) if grouped is not None and not self._kind.is_tree else 0
        name = self._kind.plural if number else self._kind.name
        title = f"{name[0].upper()}{name[1:]} {number:,}" if number else name.capitalize()
        still = "following" if self.following else "f follows"
        return f"{title} · {limited}", f"by {self._by.word} · {still}"

    def action_leave_out(self) -> None:
        """Leave the selected group out."""
        if (query := self.group_query) is not None:
            self.post_message(self.LeftOut(query))

    @property
    def connection(self) -> Connection | None:
        """The connection under the cursor."""
        line = None if self._shown is None else self._shown[self.cursor_row]
        return line if isinstance(line, Connection) else None

    @property
    def process(self) -> Process | None:
        """The process under the cursor: that of a connection, or in the tree."""
        if (row := self.connection) is not None:
            return row.process
        place = self._place
        who = getattr(place.node.group, "who", None) if place and place.node else None
        return who if isinstance(who, Process) else None

    @property
    def group_query(self) -> Query | None:
        """What keeps the group under the cursor and no others; None on a connection."""
        place, grouped = self._place, self._session.view.grouped
        if place is None or place.node is None or grouped is None:
            return None
        if place.row is not None or place.more is not None:
            return None
        try:
            return grouped.query(place.node.path)
        except QueryError:
            return None

    @property
    def _place(self) -> Place | None:
        row = self.cursor_row
        outline = self._outline
        return outline[row] if outline is not None and 0 <= row < len(outline) else None

    def _arrange(self) -> None:
        assert self._outline is not None
        assert self._shown is not None
        self._outline.arrange()
        self._shown.largest = self._outline.largest

    def _read(self, before: Place | None) -> None:
        """Draw, with the cursor on the line on which it was, also where that comes only later."""
        moved, row = 0, self.cursor_row
        if self._awaited is not None and row == self._left:
            before = self._awaited
        self._awaited = None
        if before is not None and self._outline is not None and not self.following:
            line = self._outline.index(before.path)
            if line is None and self._session.view.is_working:
                self._awaited = before
            moved = 0 if line is None else row - line
        self.reread(moved)
        self._left = self.cursor_row

    def _has_ended(self, pid: int, seen_ns: int) -> bool:
        watching = self._session.capture.progress.watching
        if watching is None or watching.hook.kind is HookKind.RECORDING:
            return False
        return self._living.has_ended(pid, seen_ns)

    @on(OutlineTable.Turned)
    def _turn(self, event: OutlineTable.Turned) -> None:
        event.stop()
        outline = self._outline
        if outline is None or not 0 <= event.row < len(outline):
            return
        self.following = False
        place = outline[event.row]
        is_group = place.row is None and place.more is None
        if is_group and outline.turn(place.path, is_open=event.is_open):
            self._begin(lambda: None, "looking")
            self._read(place)
        elif event.is_open is True and is_group and event.row + 1 < len(outline):
            inside = outline[event.row + 1].path
            if inside[: len(place.path)] == place.path:
                self.move_cursor(row=event.row + 1)
        elif event.is_open is False:
            self._go_out(place)

    def _go_out(self, place: Place) -> None:
        """Put the cursor on the group around."""
        assert self._outline is not None
        if place.row is None and place.more is None:
            path = place.path[:-1]
        else:
            path = place.node.path if place.node is not None else ()
        line = self._outline.index(path)
        if line is not None:
            self.move_cursor(row=line)

    @on(OutlineTable.Chosen)
    def _choose(self, event: OutlineTable.Chosen) -> None:
        event.stop()
        place = self._place
        if place is None or place.more is not None:
            return
        if place.row is not None:
            self.post_message(self.Opened(place.row))
        elif self._kind is not None and self._kind.is_tree:
            if (query := self.group_query) is not None:
                self.post_message(self.Kept(query))
        else:
            self.post_message(OutlineTable.Turned(self, event.row, None))
