"""What is wrong with a filter, and where."""

from __future__ import annotations


class QueryError(ValueError):
    """A filter cannot be understood. `message` says what was expected, for a person.

    What is wrong stands at `position` up to, not including, `end`: 0-based indexes into the text,
    both equal to its length where something is missing at its end. `unfinished`: more text behind
    it could make it right.
    """

    def __init__(
        self, message: str, position: int, end: int | None = None, *, unfinished: bool = False
    ) -> None:
        """`end`: None for the one character at `position`."""
        super().__init__(message)
        self.message = message
        self.position = position
        self.end = position + 1 if end is None else end
        self.unfinished = unfinished


def shortened(text: str) -> str:
    """What a message quotes of a text of any length."""
    return text if len(text) <= 20 else f"{text[:20]}..."
