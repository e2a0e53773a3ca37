"""Who counts the rows that match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from probes.connections import Connections
from probes.record import Connection


class Follower(Protocol):
    """Is told which rows match and which no longer do; numbers are ascending."""

    def came(self, numbers: Sequence[int], rows: Connections, /) -> None:
        """Rows match that did not; older ones may come later."""

    def left(self, numbers: Sequence[int], rows: Connections, /) -> None:
        """Rows match no longer, or were evicted."""

    def changed(self, number: int, before: Connection, after: Connection, /) -> None:
        """A row that matches still is another one."""
