"""Pieces of text, and how each is shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Tone(StrEnum):
    """How a piece of text is shown; the names of the component classes that style it."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    GUESS = "guess"
    AWAITED = "awaited"
    FAILED = "failed"
    BAR = "bar"


Span = tuple[str, Tone]

STATES: Final = (Tone.AWAITED, Tone.FAILED)
"""Tones that say how something stands, and so are never muted."""
