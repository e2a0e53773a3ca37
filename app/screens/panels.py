"""The panels beside the table: the counts, put into words."""

from __future__ import annotations

import time
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from app.filters.narrowing import Choice
from app.filters.query import parse
from app.screens import clipboard
from app.session.tally import HostCount, Tally
from probes.record import AutonomousSystem
from widgets.ranking import Ranking, RankingKind, RankingRow

NO_SYSTEM: Final = ""  # the key of the addresses that belong to no autonomous system
ANY_SYSTEM: Final = "as:*"


class Panels(Vertical):
    """The hostnames and the autonomous systems, of which one can be chosen to be kept."""

    class Chosen(Message):
        """`choice` is to be added to the filter."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hosts = Ranking(
            "Hosts", RankingKind.FACTS, "Hostnames appear as programs look them up.", id="hosts"
        )
        self._systems = Ranking(
            "Autonomous systems",
            RankingKind.BARS,
            "Shares appear with the first connection to an IP address.",
            id="systems",
        )

    def compose(self) -> ComposeResult:
        """One above the other."""
        yield self._hosts
        yield self._systems

    def show(self, tally: Tally) -> None:
        """Show these counts."""
        self._hosts.set_rows(host_rows(tally), len(tally.hosts))
        self._systems.set_rows(system_rows(tally), len(tally.systems))

    @on(Ranking.Chosen)
    def _say_chosen(self, event: Ranking.Chosen) -> None:
        event.stop()
        if event.key == NO_SYSTEM:
            # What is left out is what any system has, and the other way round.
            choice = Choice(parse(ANY_SYSTEM), excluded=not event.excluded)
        elif event.ranking is self._hosts:
            choice = Choice.of([("host", event.key)], excluded=event.excluded)
        else:
            choice = Choice.of([("as", event.key)], excluded=event.excluded)
        self.post_message(self.Chosen(choice))

    @on(Ranking.Copied)
    def _copy(self, event: Ranking.Copied) -> None:
        event.stop()
        if event.ranking is self._hosts:
            clipboard.copy(self.app, "the hostname", event.key)
        elif event.key != NO_SYSTEM:
            clipboard.copy(self.app, "the AS", f"AS{event.key}")


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
