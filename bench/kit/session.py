"""A long session of the kind that a busy machine makes, without the machine."""

from __future__ import annotations

import random
from array import array
from typing import Final

from app.session.store import CHUNK
from probes.connections import Connections, Endpoint
from probes.record import AutonomousSystem, Host, HostSource, Process

PROCESSES: Final = 200
ENDPOINTS: Final = 5_000
_SYSTEMS: Final = 300
_BEGAN_NS: Final = 1_790_000_000_000_000_000
_PORTS: Final = (443, 443, 443, 80, 5432, 53)


class Sessions:
    """Makes rows of 200 processes and 5,000 endpoints, names for half; the same ones each time.

    `rate`: rows a second by their times.
    """

    def __init__(self, rate: int = 5_000) -> None:
        self._random = random.Random(1)
        self._step_ns = 1_000_000_000 // rate
        self._now_ns = _BEGAN_NS
        self._processes = [_process(number) for number in range(PROCESSES)]
        systems = [AutonomousSystem(3_300 + n, f"HOLDER-{n}, US") for n in range(_SYSTEMS)]
        self._endpoints = [
            Endpoint(10, f"2001:db8:{n:x}::{n % 7:x}", systems[n % _SYSTEMS])
            if n % 5 == 0
            else Endpoint(2, f"{11 + n % 180}.{n // 250}.{n % 250}.{n % 9}", systems[n % _SYSTEMS])
            for n in range(ENDPOINTS)
        ]
        self._hosts = [
            Host(f"www{n}.example-{n % 97}.com", HostSource.GETADDRINFO) if n % 2 else None
            for n in range(ENDPOINTS)
        ]

    def rows(self, count: int) -> Connections:
        """The next rows."""
        rows = Connections()
        who = self._random.choices(range(PROCESSES), k=count)
        where = self._random.choices(range(ENDPOINTS), k=count)
        end = self._now_ns + count * self._step_ns
        rows.times = array("q", range(self._now_ns, end, self._step_ns))
        rows.tids = array(
            "I", [2_000 + number * 3 + place % 3 for number, place in zip(who, where, strict=True)]
        )
        rows.ports = array("H", [_PORTS[place % len(_PORTS)] for place in where])
        rows.processes = [self._processes[number] for number in who]
        rows.endpoints = [self._endpoints[place] for place in where]
        rows.hosts = [self._hosts[place] for place in where]
        rows.untold()
        self._now_ns = end
        return rows

    def pieces(self, count: int) -> list[Connections]:
        """The next rows, in pieces as a session keeps them."""
        return [self.rows(min(CHUNK, count - done)) for done in range(0, count, CHUNK)]


def _process(number: int) -> Process:
    program = f"worker-{number % 40}"
    args = (program, "--serve", f"--instance={number}", "--config", f"/etc/{program}.conf")
    user = number % 7
    return Process(2_000 + number * 3, program, f"/usr/lib/x/bin/{program}", args, user, f"u{user}")
