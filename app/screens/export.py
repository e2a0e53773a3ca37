"""An export, from the key that asks for it to what is said of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from textual.app import App
from textual.notifications import SeverityLevel
from textual.worker import WorkType

from app.output.export import Exported, ExportError, Losses, calling_user, default_name, write_csv
from app.output.exporting import CancelledError, Exporting
from app.screens.export_screens import ExportingScreen, ExportRequest, ExportScreen
from app.session.session import Session
from probes.text import visible

_PATIENCE: Final = 0.3  # seconds that it may take before it is shown how far it is
_LOOK: Final = 0.02  # seconds


class Export:
    """Writes a session to a CSV file, on a person's word; made for one export."""

    def __init__(
        self, app: App[Any], session: Session, leave_word: Callable[[str], object]
    ) -> None:
        """`app`: on whose screen it is asked, shown and told.

        `leave_word`: keeps what is to be said once the screen has been left.
        """
        self._app = app
        self._session = session
        self._leave_word = leave_word

    def ask(self) -> None:
        """Ask for a file name, then write."""
        session = self._session
        if not len(session.store):
            self._app.notify("There is nothing to export yet", severity="warning")
            return
        filtered = len(session.view) if session.limits else None
        screen = ExportScreen(default_name(datetime.now()), len(session.store), filtered)
        self._app.push_screen(screen, self._begin)

    def _begin(self, request: ExportRequest | None) -> None:
        if request is None:
            return
        session, progress = self._session, self._session.capture.progress
        total = len(session.view if request.only_shown else session.store)
        rows = session.view.rows() if request.only_shown else session.store.snapshot().rows()
        losses = Losses(progress.lost, progress.overflowed, session.store.first)

        def write(tell: Callable[[int], None]) -> Exported:
            owner = calling_user(os.environ, os.geteuid())
            path, replace = request.path, request.replace
            return write_csv(path, rows, replace=replace, owner=owner, losses=losses, progress=tell)

        exporting = Exporting(write, total)
        exporting.start()  # at once: a worker does not begin any more where the app is about to end
        work: WorkType[None] = partial(self._see_through, exporting)
        self._app.run_worker(work)

    async def _see_through(self, exporting: Exporting) -> None:
        """Show how far it is where that takes a while, and say what came of it.

        To quit is to cancel what takes a while: what is left behind is either whole or nothing.
        """
        try:
            patience = _PATIENCE
            while not exporting.ended and patience > 0:
                await asyncio.sleep(_LOOK)
                patience -= _LOOK
            if not exporting.ended:
                await self._app.push_screen_wait(ExportingScreen(exporting))
        except asyncio.CancelledError:
            # Who writes and quits at once has not been told that it takes longer.
            exporting.wait(_PATIENCE)
            exporting.cancel()
            self._leave_word(_what_came_of(exporting)[0])
            raise
        text, severity = _what_came_of(exporting)
        self._app.notify(text, severity=severity, markup=False)


def _what_came_of(exporting: Exporting) -> tuple[str, SeverityLevel]:
    try:
        return str(exporting.result()), "information"
    except CancelledError:
        return "Export cancelled; nothing was written", "information"
    except ExportError as error:
        return visible(str(error)), "error"
