"""What other connections have in common with one: sought while that is looked at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from app.session.leaders import Leaders
from app.session.related import Company, Named, Related, Subject
from app.session.session import Session
from probes.record import Connection
from widgets import others
from widgets.facts import Section
from widgets.others import Others, Ranked

_SLICE: Final = 0.01  # seconds of work between two looks at the keys
_BREATH: Final = 0.001  # seconds at least for the keys
_SHOWN_EVERY: Final = 0.1  # seconds, while it is sought
_PROGRAMS: Final = 4  # that are named; the others are counted
_ADDRESSES: Final = 4
_HOSTS: Final = 8


class OtherConnections:
    """Seeks them in a session, in slices between keys, and puts them into words."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, for how long a slice may take."""
        self._session = session
        self._clock = clock
        self._related: Related | None = None

    @property
    def subject(self) -> Subject | None:
        """What they have in common, those that are sought."""
        return None if self._related is None else self._related.subject

    @property
    def is_working(self) -> bool:
        """Whether `seek` has anything to do."""
        return self._related is not None and self._related.is_working

    def begin(self, subject: Subject) -> None:
        """Begin anew, with others."""
        self._related = Related(self._session.store, subject)
        self._session.told = self._related.changed

    def leave(self) -> None:
        """Seek no more."""
        self._related = None
        self._session.told = lambda _rows: None

    def catch_up(self) -> None:
        """Take notice of what came and went since."""
        if self._related is not None:
            self._related.catch_up()

    async def seek(self, show: Callable[[], object]) -> None:
        """Go on to the end, and let keys in between; `show` is called now and then."""
        shown = self._clock()
        while self._related is not None and self._related.is_working:
            until = self._clock() + _SLICE
            while self._related.is_working and self._clock() < until:
                self._related.step()
            if self._clock() - shown >= _SHOWN_EVERY:
                show()
                shown = self._clock()
            await asyncio.sleep(_BREATH)
        if self._related is not None:
            show()

    def sections(self, row: Connection) -> tuple[Section, ...]:
        """Those that have something to say of `row`."""
        if row.address is None:
            return ()
        to, called, within, progress = Others(), Others(), Others(), "…"
        if (related := self._related) is not None and related.subject.address == row.address:
            progress = "" if related.is_complete else f"so far, {related.done:.0%}"
            to = _others(related.destination, 0)
            called = _others(related.host, _ADDRESSES)
            within = _others(related.system, _HOSTS)
        found = (
            others.same_destination(row, to, progress),
            others.same_host(row, called, progress),
            others.same_system(row, within, progress),
        )
        return tuple(section for section in found if section.facts)


def _others(company: Company, places: int) -> Others:
    """`places`: how many of them are named."""
    if not company.count:
        return Others()
    return Others(
        company.count,
        *company.span_ns,
        _ranked(company.programs, _PROGRAMS),
        _ranked(company.places, places),
        tuple(company.results),
    )


def _ranked(names: Leaders[Named], most: int) -> Ranked:
    if not most:
        return Ranked()
    first = names.highest(lambda named: (named.count,))[:most]
    # Of equal ones, always the same order.
    ordered = sorted(first, key=lambda named: (-named.count, named.name))
    return Ranked(tuple((named.name, named.count) for named in ordered), len(names) - len(first))
