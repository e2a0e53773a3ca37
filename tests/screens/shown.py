"""What a person sees."""

from __future__ import annotations

from textual.pilot import Pilot


def shown(pilot: Pilot[None]) -> str:
    """The whole screen as text."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in pilot.app.screen._compositor.render_strips()
    )
