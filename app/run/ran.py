"""What came of running a command, with a screen or without."""

from __future__ import annotations

from dataclasses import dataclass

from app.run.contacts import Contacts
from app.session.capture import Capture


@dataclass(frozen=True, slots=True)
class Ran:
    """`status`: the command's own, where it was `released`; else with what to end instead.

    `seconds`: how long it ran. `capture`: which has ended.
    """

    capture: Capture
    contacts: Contacts
    seconds: float
    status: int
    released: bool
