"""All about one connection, over the dashboard; each value can be filtered by and copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer

from app.filters.errors import QueryError
from app.filters.narrowing import Choice
from app.screens import clipboard
from app.screens.company import OtherConnections
from app.screens.lookups import Lookups
from app.screens.pointer import Pointer
from app.session.related import Subject
from app.session.session import Session
from app.session.walk import Walk
from probes.record import Connection, Process
from probes.text import visible
from widgets import detail, who
from widgets.facts import FactSheet

_LOOK: Final = 0.5  # seconds between looks for what was learned since
_KEYS: Final = "↑ ↓ values · enter filters · ! not this · y copies · n N others · escape"
_PATIENCE: Final = 0.15  # seconds on one connection before anything is looked up for it


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the walk stood, None where that is shown no more; and what is to be filtered by."""

    index: int | None
    choice: Choice | None = None


class DetailScreen(ModalScreen[Leaving]):
    """Shows where a walk stands, and goes on with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "below(-1)", tooltip="The value above"),
        Binding("down,j", "below(1)", tooltip="The value below"),
        Binding("left,h", "beside(-1)", tooltip="The value to the left"),
        Binding("right,l", "beside(1)", tooltip="The value to the right"),
        Binding("tab", "next(1)", tooltip="The next value"),
        Binding("shift+tab", "next(-1)", tooltip="The value before"),
        Binding("enter,slash", "filter(False)", tooltip="Keep only this value"),
        Binding("exclamation_mark", "filter(True)", tooltip="Leave this value out"),
        Binding("y", "copy", tooltip="Copy the value"),
        Binding("Y", "copy_row", tooltip="Copy the whole row"),
        Binding("n,right_square_bracket", "move(1)", tooltip="The next connection"),
        Binding("N,left_square_bracket", "move(-1)", tooltip="The connection before"),
        Binding("pageup,ctrl+up,K", "scroll(-1)", tooltip="Scroll up"),
        Binding("pagedown,ctrl+down,J,space", "scroll(1)", tooltip="Scroll down"),
        Binding("escape,q", "leave", tooltip="Close"),
        Binding("ctrl+c", "app.quit", tooltip="Quit"),
    ]

    def __init__(self, walk: Walk, session: Session, lookups: Lookups) -> None:
        """`session`: in which others are sought, those that the filter leaves out too."""
        super().__init__()
        self._walk = walk
        self._lookups = lookups
        self._company = OtherConnections(session)
        self._packages: dict[Process, str] = {}
        self._prefixes: dict[str, str] = {}
        self._shown: Connection | None = None
        self._due: Timer | None = None

    def compose(self) -> ComposeResult:
        """Two sheets, beside each other where there is room."""
        with VerticalScroll(id="detail", can_focus=False) as self._box:
            self._box.border_subtitle = _KEYS
            with Container():
                self._facts = FactSheet(id="detail-facts")
                self._lineage = FactSheet(id="detail-lineage")
                yield self._facts
                yield self._lineage
        self._pointer = Pointer(self._box, (self._facts, self._lineage))

    def on_mount(self) -> None:
        """Show it, and go on looking at what becomes of it."""
        self._show()
        self.call_after_refresh(self._pointer.settle)
        self.set_interval(_LOOK, self._look_again)

    def on_unmount(self) -> None:
        """Seek no more."""
        self._company.leave()

    def action_below(self, step: int) -> None:
        """Go to the value above or below."""
        self._pointer.below(step)

    def action_beside(self, step: int) -> None:
        """Go to the value to the left or right."""
        self._pointer.beside(step, abreast=self._facts.region.y == self._lineage.region.y)

    def action_next(self, step: int) -> None:
        """Go to the next value, or the one before."""
        self._pointer.next(step)

    def action_move(self, by: int) -> None:
        """Show the connection so many rows on."""
        if self._walk.move(by):
            self._show()
            self.call_after_refresh(self._pointer.settle)

    def action_scroll(self, pages: int) -> None:
        """Scroll by pages."""
        self._box.scroll_relative(y=pages * max(1, self._box.size.height - 1), animate=False)

    def action_filter(self, excluded: bool) -> None:
        """Keep only what has the value, or what has not, and go back to the table."""
        value = self._pointer.value
        if value is None:
            return
        if not value.asks:
            said = f"No filter can ask for {value.name}; y copies it"
            self.notify(said, severity="warning", markup=False)
            return
        try:
            choice = Choice.of(value.asks, excluded=excluded)
        except QueryError as error:
            self.notify(visible(error.message), severity="warning", markup=False)
            return
        self.dismiss(Leaving(self._walk.index, choice))

    def action_copy(self) -> None:
        """Copy the value."""
        value = self._pointer.value
        if value is not None:
            clipboard.copy(self.app, value.name, value.text)

    def action_copy_row(self) -> None:
        """Copy all of the connection."""
        clipboard.copy(self.app, "the row", clipboard.line(self._walk.row))

    def action_leave(self) -> None:
        """Go back to the table."""
        self.dismiss(Leaving(self._walk.index))

    @on(FactSheet.Clicked)
    def _click(self, event: FactSheet.Clicked) -> None:
        """Go to the value that was clicked; a second click keeps only it."""
        if not self._pointer.go_to(event.sheet, event.spot):
            self.action_filter(excluded=False)

    def _look_again(self) -> None:
        self._company.catch_up()
        self._show()
        if self._company.is_working:
            self._seek()

    def _show(self) -> None:
        """Show the connection as it is known now. Draws only what has changed."""
        row, index = self._walk.row, self._walk.index
        place = "no longer shown" if index is None else f"{index + 1:,} of {self._walk.total:,}"
        title = f"Connection {place}"
        if self._box.border_title != title:
            self._box.border_title = title
        package = self._packages.get(row.process)
        prefix = self._prefixes.get(row.address or "") if row.system else ""
        self._facts.show((detail.destination(row, prefix), who.process(row, package)))
        self._lineage.show((who.lineage(row.process), *self._company.sections(row)))
        self._pointer.follow()
        if row != self._shown:
            self._shown = row
            if self._due is not None:
                self._due.stop()
            self._due = self.set_timer(_PATIENCE, lambda: self._find_out(row))

    def _find_out(self, row: Connection) -> None:
        """Look for what takes a while."""
        subject = Subject.of(self._walk.sequence, row)
        if subject != self._company.subject:
            self._company.begin(subject)
            self._seek()
        prefix = self._prefixes.get(row.address or "") if row.system else ""
        if prefix is None or row.process not in self._packages:
            self._look_up(row)

    @work(group="others", exclusive=True)
    async def _seek(self) -> None:
        """Look for what other connections have in common with this one."""
        await self._company.seek(self._show)

    @work(thread=True)
    def _look_up(self, row: Connection) -> None:
        """Ask for what is not known yet, which takes a while."""
        if row.system and row.address is not None and row.address not in self._prefixes:
            self._prefixes[row.address] = self._lookups.prefix(row.address)
        if row.process not in self._packages:
            self._packages[row.process] = self._lookups.package(row.process)
        self.app.call_from_thread(self._show)
