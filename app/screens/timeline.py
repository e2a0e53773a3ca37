"""The timeline of a session: how many connections there were when."""

from __future__ import annotations

from textual import on

from app.session.session import Session
from widgets.timeline import Timeline


class SessionTimeline(Timeline):
    """Counts a session's connections as far as it is asked to."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(hint=" · - plays it" if session.pace else "", id=id)
        self._session = session

    def catch_up(self) -> bool:
        """Count rows that were not counted before; tells whether there were any."""
        history = self._session.history
        behind = history.behind
        if behind:
            history.catch_up()
        return behind

    @on(Timeline.Resized)
    def refresh_counts(self) -> None:
        """Show what is counted."""
        if self.cells:
            course = self._session.history.over(self.cells)
            if course is not None:
                self.set_counts(course.counts, course.start_ns, course.end_ns)
