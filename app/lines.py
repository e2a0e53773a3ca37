"""A connection as a line of text, in the reference tool's columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from operator import attrgetter
from typing import Final

from probes.family import family_name
from probes.memo import Memo
from probes.record import Connection
from probes.text import visible
from probes.timestamp import ClockTime

_WIDTHS: Final = {"TIME": 9, "AF": 9, "PID": 6, "PROCESS": 34, "USER": 16, "DESTINATION": 20}
_ALL_WIDTHS: Final = _WIDTHS | {"PROCESS": 42, "HOST": 32}


class PlainLines:
    """Writes connections as socket-connect-bpf prints them, with a space between the fields.

    Every field but the last is padded to its width; a longer one pushes the rest. With `all`,
    PROCESS carries the arguments too (without argv[0], which the path stands for) and AS-INFO
    follows. No field can act on a terminal or break the line. `zone` None is local time.
    """

    __slots__ = ("_line", "header")

    header: Final[str]

    def __init__(self, *, all: bool = False, zone: tzinfo | None = None) -> None:
        self.header = _header(all)
        self._line = _line_writer(all, ClockTime(zone))

    def __call__(self, connection: Connection) -> str:
        """Write the line, without a line break."""
        return self._line(connection)


def _header(everything: bool) -> str:
    titles = [f"{title:<{width}}" for title, width in _widths(everything).items()]
    return " ".join([*titles, "AS-INFO" if everything else "HOST"])


def _widths(everything: bool) -> dict[str, int]:
    return _ALL_WIDTHS if everything else _WIDTHS


def _line_writer(everything: bool, clock: ClockTime) -> Callable[[Connection], str]:
    widths = _widths(everything)
    time, af, destination = widths["TIME"], widths["AF"], widths["DESTINATION"]

    def who(connection: Connection) -> str:
        process = connection.process
        label = visible(process.label)
        if everything:
            label = " ".join([label, *map(visible, process.args[1:])])
        pid, name, user = widths["PID"], widths["PROCESS"], widths["USER"]
        return f"{process.pid:<{pid}} {label:<{name}} {visible(process.user):<{user}}"

    def host(connection: Connection) -> str:
        text = visible(connection.host.label) if connection.host else ""
        return f"{text:<{widths['HOST']}} " if everything else text

    def system(connection: Connection) -> str:
        return visible(connection.system.label) if connection.system else ""

    known_who = Memo(attrgetter("process"), who)
    known_host = Memo(attrgetter("host"), host)
    known_system = Memo(attrgetter("system"), system)

    def line(connection: Connection) -> str:
        return (
            f"{clock(connection.time_ns):<{time}} {family_name(connection.family):<{af}} "
            f"{known_who(connection)} {connection.destination:<{destination}} "
            f"{known_host(connection)}{known_system(connection) if everything else ''}"
        )

    return line
