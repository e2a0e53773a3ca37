"""What is copied, by way of the terminal (OSC 52), and what is said of it."""

from __future__ import annotations

from typing import Any, Final

from textual.app import App

from probes.family import family_name
from probes.record import Connection
from probes.text import visible
from probes.timestamp import iso_text
from widgets.fit import duration, keep_start

# What many terminals take: a sequence of 100,000 bytes, and base64 makes four of three.
_LARGEST: Final = 74_000  # bytes
_SHOWN: Final = 40  # cells
_NOTED: Final = 3  # seconds


def copy(app: App[Any], name: str, text: str) -> None:
    """Copy `text`, which is `name`, such as "the port"; `text` may be any process's."""
    text = visible(text)
    if len(text.encode()) > _LARGEST:
        said = f"Not copied: {name} is longer than a terminal takes"
        app.notify(said, severity="warning", markup=False)
        return
    app.copy_to_clipboard(text)
    app.notify(f"Copied {name}: {keep_start(text, _SHOWN)}", markup=False, timeout=_NOTED)


def copy_selected(app: App[Any], row: Connection | None, what: str) -> None:
    """Copy a connection's "destination", or its "row" as a line; None: there is none."""
    if row is None:
        app.notify("No connection is selected", severity="warning")
    elif what == "row":
        copy(app, "the row", line(row))
    else:
        copy(app, "the destination", row.destination or family_name(row.family))


def line(row: Connection) -> str:
    """All that the table could show of a row, uncut and with the date, two spaces between."""
    who, outcome = row.process, row.outcome
    result = "" if outcome is None else outcome.errno or outcome.kind.value
    if row.latency_us is not None:
        result += f" {duration(row.latency_us)}"
    texts = (
        iso_text(row.time_ns)[:19].replace("T", " "),
        *(family_name(row.family), str(who.pid), who.label, who.user),
        *(row.transport.text, row.destination, result),
        *(row.host.label if row.host else "", row.system.label if row.system else ""),
    )
    return "  ".join(filter(None, texts))
