"""A connection as a line of text, in the reference tool's columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from probes.family import family_name
from probes.memo import remembered
from probes.record import Connection
from probes.text import visible
from probes.timestamp import ClockTime

_WIDTHS: Final = {"TIME": 9, "AF": 9, "PID": 6, "PROCESS": 34, "USER": 16, "DESTINATION": 20}
_ALL_WIDTHS: Final = _WIDTHS | {"PROCESS": 42, "HOST": 32}


def plain_header(*, full: bool) -> str:
    """Write the titles; `full` as in `plain_writer`."""
    titles = [f"{title:<{width}}" for title, width in _widths(full).items()]
    return " ".join([*titles, "AS-INFO" if full else "HOST"])


def plain_writer(*, full: bool, zone: tzinfo | None = None) -> Callable[[Connection], str]:
    """Make the function that writes a connection as socket-connect-bpf prints it.

    The line has no line break at its end. There is a space between the fields; each but the last
    is padded to its width, and a longer one pushes the rest. With `full` (its -a), PROCESS carries
    the arguments too (without argv[0], which the path stands for) and AS-INFO follows. No field
    can act on a terminal or break the line. `zone` None is local time.
    """
    widths = _widths(full)
    clock = ClockTime(zone)
    time, af, destination = widths["TIME"], widths["AF"], widths["DESTINATION"]

    def who(connection: Connection) -> str:
        process = connection.process
        label = visible(process.label)
        if full:
            label = " ".join([label, *map(visible, process.args[1:])])
        pid, name, user = widths["PID"], widths["PROCESS"], widths["USER"]
        return f"{process.pid:<{pid}} {label:<{name}} {visible(process.user):<{user}}"

    def host(connection: Connection) -> str:
        text = visible(connection.host.label) if connection.host else ""
        return f"{text:<{widths['HOST']}} " if full else text

    def system(connection: Connection) -> str:
        return visible(connection.system.label) if connection.system else ""

    known_who = remembered("process", who)
    known_host = remembered("host", host)
    known_system = remembered("system", system)

    def line(connection: Connection) -> str:
        # ljust(): a width that is only known at run time costs an f-string eight times as much.
        return (
            f"{clock(connection.time_ns).ljust(time)} {family_name(connection.family).ljust(af)} "
            f"{known_who(connection)} {connection.destination.ljust(destination)} "
            f"{known_host(connection)}{known_system(connection) if full else ''}"
        )

    return line


def _widths(full: bool) -> dict[str, int]:
    return _ALL_WIDTHS if full else _WIDTHS
