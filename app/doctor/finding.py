"""One thing that was looked at, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    NOTE = "note"  # it works, and less than it could
    FAILED = "FAILED"  # nothing is captured before this is mended


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at and `found` so; `remedy`: what to do, empty where there is nothing."""

    what: str
    state: State
    found: str
    remedy: str = ""
