"""The dashboard's keys, what each does, and what is said of it."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

KEYS: Final = (
    Binding("p", "pin_process", "Proc", tooltip="Keep only the selected row's process, or group"),
    Binding("u", "pin_user", "User", tooltip="Keep only the selected row's user"),
    Binding("slash", "filter", "Filter", key_display="/", tooltip="Type a filter"),
    Binding("escape", "clear", "Clear", show=False, tooltip="Lift every filter"),
    Binding("s", "sort", "Sort", tooltip="Sort by the next column; after the last, by arrival"),
    Binding(
        "g",
        "group(1)",
        "Group",
        tooltip="Group by process, host, AS, unit, user, and not at all; G goes back",
    ),
    Binding("G", "group(-1)", "Ungroup", show=False, tooltip="Group by what was before"),
    Binding("T", "tree", "Tree", show=False, tooltip="Processes under those that made them"),
    Binding("S", "turn", "Turn", show=False, tooltip="Sort the other way round"),
    Binding(
        "f",
        "follow",
        "Follow",
        show=False,  # the table's border says so whenever it would do anything
        tooltip="Follow the newest connection, in the order of arrival, or stand still",
    ),
    Binding(
        "space",
        "pause",
        "Pause",
        key_display="spc",
        tooltip="Hold the table still; capture goes on",
    ),
    Binding(
        "t",
        "timeline",
        "Time",
        show=False,
        tooltip="Show or hide the timeline; there, the arrows pick a time, shift widens it",
    ),
    Binding("plus,equals_sign", "speed(1)", "Faster", show=False, tooltip="Play faster"),
    Binding(
        "minus",
        "speed(-1)",
        "Slower",
        show=False,
        tooltip="Play slower; where all of a recording is there, play it again",
    ),
    Binding("h", "panel('hosts')", "Host", tooltip="Show or hide the hostnames"),
    Binding("a", "panel('systems')", "AS", tooltip="Show or hide the autonomous systems"),
    Binding(
        "y",
        "copy('destination')",
        "Copy",
        show=False,
        tooltip="Copy the selected row's destination",
    ),
    Binding("Y", "copy('row')", "Copy row", show=False, tooltip="Copy the selected row as text"),
    Binding("c", "columns", "Columns", show=False, tooltip="Choose the columns and their order"),
    Binding("C", "change_theme", "Theme", show=False, tooltip="Choose the colours"),
    Binding(
        "ctrl+p",
        "command_palette",
        "Palette",
        show=False,
        tooltip="All that can be done here, to be searched",
    ),
    Binding("e", "export", "CSV", tooltip="Write the session to a CSV file"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="All keys, and the filters"),
    Binding("q,ctrl+c", "quit", "Quit", key_display="q", tooltip="End the session"),
)
"""Those that are shown have room in the last line on 80 columns."""
