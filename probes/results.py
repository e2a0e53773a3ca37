"""What became of connections that were told before, column by column."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from probes.connections import Connections


class Results:
    """Outcomes by the numbers of the rows they are of; columns as in `Connections`.

    A row may be told of more than once: the last one counts.
    """

    __slots__ = ("latencies", "local_ports", "locals", "numbers", "outcomes")

    def __init__(self) -> None:
        self.numbers = array("Q")
        self.outcomes = array("B")
        self.latencies = array("I")
        self.locals: list[str | None] = []
        self.local_ports = array("H")

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)

    def add(
        self, number: int, outcome: int, latency: int = 0, local: str | None = None, port: int = 0
    ) -> None:
        """Add one at the end."""
        self.numbers.append(number)
        self.outcomes.append(outcome)
        self.latencies.append(latency)
        self.locals.append(local)
        self.local_ports.append(port)

    def put(self, index: int, rows: Connections, place: int) -> None:
        """Write that of `index` into the row at `place`."""
        rows.outcomes[place] = self.outcomes[index]
        rows.latencies[place] = self.latencies[index]
        rows.locals[place] = self.locals[index]
        rows.local_ports[place] = self.local_ports[index]


def place_of(number: int, rows: Connections) -> int | None:
    """Where the row of that number stands, or None."""
    place = bisect_left(rows.numbers, number)
    found = place < len(rows) and rows.numbers[place] == number
    return place if found and number else None
