"""Filtering and sorting while a person types: in slices, between which keys are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from textual.widget import Widget
from textual.worker import WorkType

from app.screens.place import Place
from app.session.session import Change, Session

_EVERY: Final = 10  # calls of `advance`: new rows are put into an order so often
_SLICE: Final = 0.01  # seconds of work between two looks at the keys
_BREATH: Final = 0.001  # seconds at least for the keys
_ANSWER: Final = 0.03  # seconds in which a key is answered where nothing else is done
_LONG: Final = 0.2  # seconds until one wonders


class Told(Protocol):
    """Is told whenever rows may have changed."""

    def __call__(self, *, touched: bool, now: bool) -> None:
        """`touched`: they have. `now`: it is to be shown at once."""


class SlicedWork:
    """Does what a session's filters and order have left to do.

    `doing`: what it is called, once it takes so long that one wonders; else empty.
    """

    def __init__(
        self, board: Widget, session: Session, place: Place, told: Told, clock: Callable[[], float]
    ) -> None:
        """`board`: whose worker does it, as long as it is on the screen. `clock`: seconds."""
        self.doing = ""
        self._board = board
        self._session = session
        self._place = place
        self._told = told
        self._clock = clock
        self._due = 0  # calls of `advance`
        self._at_work = False
        self._rests_until = 0.0

    def give_way(self) -> None:
        """Leave the next moment to a key: it takes many turns of the loop until it is answered."""
        self._rests_until = self._clock() + _ANSWER

    def begin(self, change: Callable[[], None], doing: str) -> None:
        """Make a change that may take longer, as far as a moment's work brings it.

        `doing`: what it is called, should it take so long that one wonders.
        """
        session = self._session
        with self._place.kept() as changes:
            change()
            changes += [session.work(_SLICE), Change(0, touched=True, changed=True)]
        if session.view.is_working:
            self._go_on(doing)
        else:
            self._at_work, self.doing = False, ""
        self._told(touched=True, now=True)

    def advance(self) -> None:
        """Take up, now and then, what new rows have brought; to be called ten times a second."""
        self._due -= 1
        if self._session.view.is_working and not self._at_work and self._due <= 0:
            self._go_on()

    def _go_on(self, doing: str = "") -> None:
        # Not called yet: another one may take its place before it has begun.
        work: WorkType[None] = partial(self._see_through, doing)
        self._board.run_worker(work, exclusive=True)

    async def _see_through(self, doing: str) -> None:
        """Work to the end, and let keys in between."""
        self._at_work = True
        began = self._clock()
        while self._session.view.is_working:
            # Not 0: what a key sets in motion takes more than one turn of the loop. Once, not until
            # no key comes any more: a key that is held down must not hold up the work.
            await asyncio.sleep(max(_BREATH, self._rests_until - self._clock()))
            if not self._board.is_attached:  # the screen was left meanwhile
                return
            if doing and self._clock() - began >= _LONG:
                self.doing = doing
            with self._place.kept() as changes:
                changes.append(self._session.work(_SLICE))
            self._told(touched=changes[0].touched, now=False)
        self._at_work, self.doing = False, ""
        self._due = _EVERY
        self._told(touched=False, now=True)
