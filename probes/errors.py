"""What can go wrong before or while events flow, as a line that a person can act on."""

from __future__ import annotations


class SourceError(Exception):
    """A source cannot give events. The text says what failed, why, and what to do about it."""
