"""Where connections go to, by what an event says of it: a `probes.event.WHERE`."""

from __future__ import annotations

import datetime
from itertools import islice
from typing import Final, Protocol

from probes.addresses import address_text
from probes.connections import Endpoint
from probes.errors import SourceError
from probes.event import address_of, family_of, kind_of
from probes.record import AutonomousSystem
from probes.transport import transport_of

_KEPT: Final = 65_536  # with their text and system


class Systems(Protocol):
    """Autonomous systems by address; `probes.asn.table.AsnTable` is one. `date`: the data's day."""

    date: datetime.date

    @property
    def damage(self) -> SourceError | None:
        """What a lookup found wrong with the table; what it could not answer gave None."""

    def lookup(self, address: str) -> AutonomousSystem | None:
        """The system that announces the address, or None."""


class Endpoints:
    """Remembers them: equal ones are one object."""

    def __init__(self, systems: Systems | None) -> None:
        """`systems`: None leaves the autonomous system out."""
        self._systems = systems
        self._known: dict[bytes, Endpoint] = {}

    def find_all(self, where: list[bytes]) -> list[Endpoint]:
        """The endpoint of each."""
        known = self._known
        try:
            return list(map(known.__getitem__, where))
        except KeyError:
            if len(known) >= _KEPT:
                # The older half: who is still in use is soon there again.
                for key in list(islice(known, _KEPT // 2)):
                    del known[key]
            for one in where:
                if one not in known:
                    known[one] = self._new(one)
            return list(map(known.__getitem__, where))

    def _new(self, where: bytes) -> Endpoint:
        address = text_of(where)
        system = self._systems.lookup(address) if self._systems and address else None
        family = family_of(where)
        return Endpoint(family, address, system, transport_of(family, *kind_of(where)))


def text_of(where: bytes) -> str | None:
    """The address in a `WHERE` as text; None for a family without addresses."""
    packed = address_of(where)
    return address_text(packed) if packed else None
