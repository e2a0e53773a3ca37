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
        &:focus, &:focus-within {{
            border: round $primary;
            border-title-color: $foreground;
            border-title-style: bold;
            background-tint: transparent;
        }}
    }}
    """
