"""Where items come from: this machine's kernel (`probes.live`) or a recording (`probes.replay`)."""

from __future__ import annotations

import threading
from typing import Protocol

from probes.record import Sink


class Source(Protocol):
    """Something that feeds a sink."""

    def run(self, sink: Sink, stopped: threading.Event) -> None:
        """Feed `sink` from the calling thread until there is no more, or `stopped` is set.

        Raises:
            SourceError: there is nothing to be had from it.
        """
