"""The look that all sections of the screen share."""

from __future__ import annotations


def section_css(name: str) -> str:
    """Default CSS for a section of the screen: a dim round border, lit while it has the focus."""
    return f"""
    {name} {{
        border: round $foreground 25%;
        border-title-color: $foreground 70%;
        border-subtitle-color: $foreground 55%;
        background: $background;
        background-tint: transparent;
        padding: 0;
        scrollbar-size-vertical: 1;
        scrollbar-color: $foreground 20%;
        scrollbar-color-hover: $foreground 40%;
        scrollbar-color-active: $primary;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        &:light {{ border-subtitle-color: $foreground 70%; }}
        &:focus, &:focus-within {{
            border: round $primary;
            border-title-color: $foreground;
            border-title-style: bold;
            background-tint: transparent;
        }}
    }}
    """


def table_css(name: str, part: str) -> str:
    """Default CSS for a table, a section of the screen, whose texts have `widgets.tones`.

    `part`: what its component classes' names begin with.
    """
    return (
        section_css(name)
        + f"""
    {name} {{
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        & > .{part}--plain {{ color: $foreground; }}
        & > .{part}--strong {{ color: $foreground; text-style: bold; }}
        & > .{part}--muted {{ color: $foreground 55%; }}
        & > .{part}--guess {{ color: $foreground 65%; text-style: italic; }}
        & > .{part}--awaited {{ color: $text-warning; }}
        & > .{part}--failed {{ color: $text-error; }}
        & > .{part}--bar {{ color: $primary 70%; }}
        &:light > .{part}--muted {{ color: $foreground 70%; }}
        &:light > .{part}--guess {{ color: $foreground 80%; }}
        &:ansi > .{part}--muted {{ text-style: dim; }}
        & > .datatable--header {{ background: transparent; color: $foreground 75%; }}
        &:focus > .datatable--header {{ background: transparent; background-tint: transparent; }}
        &:ansi > .datatable--header {{ background: ansi_default; color: ansi_default; }}
        & > .datatable--cursor {{ background: $foreground 10%; color: $foreground; }}
        &:focus > .datatable--cursor {{
            background: $primary 40%;
            color: $foreground;
            text-style: none;
        }}
        & > .datatable--hover {{ background: $foreground 5%; }}
    }}
    """
    )
