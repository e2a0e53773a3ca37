"""What columns of connections there are: the ten that the table has by itself, and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from probes.record import Connection
from widgets import cells, more_cells
from widgets.cells import Form
from widgets.tones import Span


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are terminal cells, without the gap.

    `minimum` is the least that is of use, `ideal` is enough for almost every value; `weight` is
    the share of what is left beyond the ideal. The column with the lowest `keep` gives way first,
    as long as nobody chose. `show` returns the cell's pieces, together at most as wide as the
    width it is given. `about`: what it says, for a person who chooses.
    """

    key: str
    title: str
    minimum: int
    ideal: int
    weight: int
    keep: int
    show: Callable[[Connection, int, Form], tuple[Span, ...]]
    about: str
    right: bool = False


COLUMNS: Final = (
    Column("time", "Time", 8, 8, 0, 7, cells.when, "when it was called"),
    Column("family", "AF", 7, 10, 0, 1, cells.family, "the address family"),
    Column("pid", "PID", 7, 7, 0, 6, cells.pid, "the process's number", right=True),
    Column("process", "Process", 11, 30, 3, 10, cells.process, "the executable's path"),
    Column("user", "User", 6, 12, 0, 4, cells.user, "whose process it is"),
    Column("transport", "Proto", 5, 10, 0, 3, cells.transport, "the protocol, and how it was sent"),
    Column("destination", "Destination", 17, 25, 2, 9, cells.destination, "address and port"),
    Column("result", "Result", 8, 14, 0, 5, cells.result, "what became of it, and after how long"),
    Column("host", "Host", 14, 30, 4, 8, cells.host, "the name that was looked up"),
    Column("system", "AS", 10, 26, 3, 2, cells.system, "the autonomous system and its holder"),
)
"""Those that are shown by themselves, from the left."""

MORE: Final = (
    Column("args", "Arguments", 10, 30, 3, 0, more_cells.arguments, "what the program was given"),
    Column("parent", "Parent", 9, 18, 0, 0, more_cells.parent, "who made the process"),
    Column("started", "Started", 8, 8, 0, 0, more_cells.started, "when the process started"),
    Column("tid", "TID", 7, 7, 0, 0, more_cells.tid, "the thread's number", right=True),
    Column("uid", "UID", 5, 10, 0, 0, more_cells.uid, "the user's number", right=True),
    Column("container", "Container", 9, 16, 0, 0, more_cells.container, "its name, else its id"),
    Column("unit", "Unit", 10, 22, 1, 0, more_cells.unit, "the systemd unit"),
    Column("cgroup", "Cgroup", 6, 8, 0, 0, more_cells.cgroup, "the control group's id", right=True),
    Column(
        "netns", "Net NS", 10, 10, 0, 0, more_cells.network, "the network namespace", right=True
    ),
    Column("local", "Local end", 15, 21, 1, 0, more_cells.local, "the socket's own address"),
    Column("latency", "Latency", 7, 7, 0, 0, more_cells.latency, "how long it took", right=True),
    Column("asn", "ASN", 6, 10, 0, 0, more_cells.system_number, "the AS's number", right=True),
    Column("source", "Name by", 8, 13, 0, 0, more_cells.source, "how the hostname is known"),
)
"""Those that are shown where they were chosen."""

ALL: Final = (*COLUMNS, *MORE)
BY_KEY: Final = {column.key: column for column in ALL}
