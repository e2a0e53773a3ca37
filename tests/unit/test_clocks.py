"""The kernel's clocks and the world's, around a suspension and where the clock is set back."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from probes.clocks import epoch_offset
from probes.enrichment.enrich import Enricher
from probes.naming.names import Names
from probes.processes.procfs import Processes, boot_offset
from tests.events import NO_PROC, connect
from tests.rows import rows_of

S = 1_000_000_000
EPOCH = 1_790_000_000 * S


@dataclass
class Machine:
    """Its clocks, in nanoseconds: what it has slept, how long it was up, what it was set by."""

    up: int = 100 * S
    slept: int = 0
    set_by: int = 0

    def monotonic_ns(self) -> int:
        return self.up

    def clock_gettime_ns(self, clock: int) -> int:
        assert clock == time.CLOCK_BOOTTIME
        return self.up + self.slept

    def time_ns(self) -> int:
        return EPOCH + self.up + self.slept + self.set_by


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    for name in ("monotonic_ns", "clock_gettime_ns", "time_ns"):
        monkeypatch.setattr(time, name, getattr(made, name))
    return made


@pytest.mark.parametrize(
    ("slept", "set_by"), [(0, 0), (3600 * S, 0), (0, -3600 * S), (3600 * S, -7200 * S)]
)
def test_connections_and_starts_have_the_clocks_time(
    machine: Machine, slept: int, set_by: int
) -> None:
    """A connect counts from boot without the sleep (bpf_ktime_get_ns), a start with it."""
    enricher = Enricher(Processes(NO_PROC), Names(), None)
    for _ in range(2):
        [row] = rows_of(enricher.items([connect(ts_ns=machine.up)]))
        assert row.time_ns == machine.time_ns()
        assert machine.up + machine.slept + boot_offset() == machine.time_ns()
        assert machine.up + epoch_offset() == machine.time_ns()
        machine.up += 5 * S
        machine.slept += slept
        machine.set_by += set_by
