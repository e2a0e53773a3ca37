"""What the panels beside the table say: the counts, put into words."""

from __future__ import annotations

import time
from typing import Final

from app.session.tally import HostCount, Tally
from probes.record import AutonomousSystem
from widgets.ranking import RankingRow

NO_SYSTEM: Final = ""  # the key of the addresses that belong to no autonomous system


def host_rows(tally: Tally) -> list[RankingRow]:
    """The hostnames, most connections first; the key is the name."""
    total = tally.addressed or 1
    return [
        RankingRow(
            key=host.name,
            label=host.name,
            count=host.count,
            share=host.count / total,
            detail=_programs(host),
            last_seen=time.strftime("%H:%M:%S", time.localtime(host.last_ns // 1_000_000_000)),
        )
        for host in tally.hosts.highest(lambda host: (host.count, host.last_ns))
    ]


def system_rows(tally: Tally) -> list[RankingRow]:
    """The autonomous systems, most connections first; the key is the number as text."""
    total = tally.addressed or 1
    counts = tally.systems.highest(
        lambda entry: (entry.count, -entry.system.number if entry.system else 0)
    )
    return [
        RankingRow(
            key=str(entry.system.number) if entry.system else NO_SYSTEM,
            label=_system_label(entry.system) if entry.system else "none (private, local)",
            count=entry.count,
            share=entry.count / total,
        )
        for entry in counts
    ]


def _system_label(system: AutonomousSystem) -> str:
    """The holder first: where room is short, the end goes."""
    return f"{system.name} ({system.number})" if system.name else system.label


def _programs(host: HostCount) -> str:
    names = (label.rpartition("/")[2] or label for label in host.processes)
    return ", ".join(dict.fromkeys(names))
