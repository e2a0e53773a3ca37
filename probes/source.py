"""What connections come from, and what it tells whom."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from probes.connections import Connections
from probes.record import Resolution, Watching

Item = Connections | Resolution


class Sink(Protocol):
    """What a source tells while it runs. Called from the source's thread; must not block."""

    def progress(self, stage: str) -> None:
        """What is being done before the first event, for a person ("compiling the probes")."""

    def attached(self, watching: Watching) -> None:
        """Events flow from now on."""

    def take(self, items: Sequence[Item]) -> None:
        """What happened next, in the order in which the kernel saw it. The sink's from now on."""

    def lost(self, total: int) -> None:
        """How many events were lost since the start, before they could become items."""

    def filtered(self, total: int) -> None:
        """How many connections were left out since the start, since nobody asked for them."""


class Source(Protocol):
    """Gives items to a sink until it has no more or is told to stop."""

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Run to the end, or until `stopped` is set.

        Raises:
            SourceError: it cannot go on; what was found until then has been handed over.
        """
