"""Connections as lines of text, in the reference tool's columns."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from probes.family import family_name
from probes.record import Connection
from probes.recordings.writer import Column, Known, Part, Writer
from probes.text import visible
from probes.timestamp import ClockTimes

_WIDTHS: Final = {"TIME": 9, "AF": 9, "PID": 6, "PROCESS": 34, "USER": 16, "DESTINATION": 20}
_ALL_WIDTHS: Final = _WIDTHS | {"PROCESS": 42, "HOST": 32}


def plain_header(*, full: bool) -> str:
    """Write the titles; `full` as in `plain_writer`."""
    titles = [f"{title:<{width}}" for title, width in _widths(full).items()]
    return " ".join([*titles, "AS-INFO" if full else "HOST"])


def plain_writer(*, full: bool, zone: tzinfo | None = None) -> Writer:
    """Make what writes connections as socket-connect-bpf prints them.

    There is a space between the fields; each but the last is padded to its width, and a longer
    one pushes the rest. With `full` (its -a), PROCESS carries the arguments too (without argv[0],
    which the path stands for) and AS-INFO follows. No field can act on a terminal or break the
    line. `zone` None is local time.
    """
    widths = _widths(full)

    def who(row: Connection) -> str:
        process = row.process
        label = visible(process.label)
        if full:
            label = " ".join([label, *map(visible, process.args[1:])])
        pid, name, user = widths["PID"], widths["PROCESS"], widths["USER"]
        return f"{process.pid:<{pid}} {label:<{name}} {visible(process.user):<{user}} "

    def host(row: Connection) -> str:
        text = visible(row.host.label) if row.host else ""
        return f"{text:<{widths['HOST']}} " if full else text

    def system(row: Connection) -> str:
        return visible(row.system.label) if row.system else ""

    columns: list[Column] = [
        ClockTimes(zone, widths["TIME"] + 1),
        Known(Part.ENDPOINT, lambda row: f"{family_name(row.family):<{widths['AF']}} "),
        Known(Part.PROCESS, who),
        Known(Part.DESTINATION, lambda row: f"{row.destination:<{widths['DESTINATION']}} "),
        Known(Part.HOST, host),
    ]
    if full:
        columns.append(Known(Part.ENDPOINT, system))
    return Writer(columns)


def _widths(full: bool) -> dict[str, int]:
    return _ALL_WIDTHS if full else _WIDTHS
