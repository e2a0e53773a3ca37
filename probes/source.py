"""What connections come from, and what it tells whom."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from probes.connections import Connections
from probes.record import Resolution, Watching
from probes.results import Results

Item = Connections | Resolution | Results


class Sink(Protocol):
    """What a source tells while it runs. Called from the source's thread; must not block."""

    def progress(self, stage: str) -> None:
        """What is being done before the first event, for a person ("compiling the probes")."""

    def attached(self, watching: Watching) -> None:
        """Events flow from now on."""

    def take(self, items: Sequence[Item]) -> None:
        """What happened next, in the order in which the kernel saw it. The sink's from now on."""

    def lost(self, total: int) -> None:
        """How many connections were lost since the start, before they could become items."""

    def names_lost(self, total: int) -> None:
        """How many lookups and DNS answers were lost since the start; told only where some were."""

    def outcomes_lost(self, total: int) -> None:
        """How many outcomes of connections were lost since the start; told only where some were."""

    def filtered(self, total: int) -> None:
        """How many connections were left out since the start, since nobody asked for them."""

    def folded(self, total: int) -> None:
        """How many of resolvers' own were left out since the start: `probes.naming.folding`."""


class IndifferentSink:
    """Takes notice of nothing, for subclasses that want to know but some of it."""

    def progress(self, stage: str) -> None:
        """See `Sink`, as all of these."""

    def attached(self, watching: Watching) -> None:
        """No notice."""

    def take(self, items: Sequence[Item]) -> None:
        """No notice."""

    def lost(self, total: int) -> None:
        """No notice."""

    def names_lost(self, total: int) -> None:
        """No notice."""

    def outcomes_lost(self, total: int) -> None:
        """No notice."""

    def filtered(self, total: int) -> None:
        """No notice."""

    def folded(self, total: int) -> None:
        """No notice."""


class Source(Protocol):
    """Gives items to a sink until it has no more or is told to stop."""

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Run to the end, or until `stopped` is set.

        Raises:
            SourceError: it cannot go on; what was found until then has been handed over.
        """
