"""The filter line of a session: what is typed is read, tried, completed and saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual import on
from textual.message import Message
from textual.timer import Timer

from app.filters.completion import completions
from app.filters.query import Query, QueryError, parse, parse_line
from app.session.session import Session
from app.session.vocabulary import Vocabulary
from app.settings.saved import SavedError, SavedFilters
from widgets.filter_bar import FilterBar

_TRY_AFTER: Final = 0.15  # seconds from the last key


class FilterLine(FilterBar):
    """Says by messages which filter is to be kept: already while it is typed, once keys rest.

    What is wrong changes nothing, and escape brings back what there was.
    """

    class Typed(Message):
        """`query` is to be in force from now on."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    def __init__(self, session: Session, saved: SavedFilters) -> None:
        super().__init__(self._completions)
        self._session = session
        self._saved = saved
        self._vocabulary = Vocabulary(session.store)
        self._completed: tuple[str, Sequence[str]] = ("", ())
        self._before = Query.everything
        self._trial: Timer | None = None

    def begin(self) -> None:
        """Open with the filter that was typed last."""
        self._before = self._session.filters.typed
        self._completed = ("", ())
        try:
            self._saved.load()
        except SavedError as error:
            said = f"Saved filters cannot be read: {error}"
            self.notify(said, severity="warning", markup=False)
        # The parser is loaded beside the first key, which would wait for it.
        self.run_worker(lambda: parse("a"), thread=True)
        self.open(str(self._before))

    def _completions(self, text: str) -> Sequence[str]:
        if text != self._completed[0]:
            found = completions(text, self._vocabulary.offered, self._saved.texts)
            self._completed = text, found
        return self._completed[1]

    @on(FilterBar.Changed)
    def _try(self, event: FilterBar.Changed) -> None:
        event.stop()
        self._stop_trial()
        read = self._read(event.text, finished=False)
        if read is not None:
            self._trial = self.set_timer(_TRY_AFTER, lambda: self.post_message(self.Typed(read[1])))

    @on(FilterBar.Submitted)
    def _take(self, event: FilterBar.Submitted) -> None:
        event.stop()
        self._stop_trial()
        read = self._read(event.text, finished=True)
        if read is None:
            return
        name, query = read
        if name is not None:
            try:
                self.notify(self._saved.keep(name, str(query)), markup=False)
            except SavedError as error:
                self.show_error(str(error))
                return
            query = parse(f"@{name}", self._saved.texts) if query.terms else self._before
        self.close()
        self.post_message(self.Typed(query))

    @on(FilterBar.Cancelled)
    def _undo(self, event: FilterBar.Cancelled) -> None:
        event.stop()
        self._stop_trial()
        self.post_message(self.Typed(self._before))

    def _stop_trial(self) -> None:
        if self._trial is not None:
            self._trial.stop()
            self._trial = None

    def _read(self, text: str, *, finished: bool) -> tuple[str | None, Query] | None:
        """The name that it is to be saved under, and the filter; None where it is wrong."""
        try:
            read = parse_line(text, self._saved.texts)
        except QueryError as error:
            unfinished = error.unfinished and not finished
            self.show_error(error.message, error.position, error.end, unfinished=unfinished)
            return None
        self.clear_error()
        return read
