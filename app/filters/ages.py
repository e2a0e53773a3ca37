"""Times as a filter asks for them: `5m` ago and later, or from `14:30` on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from app.filters.errors import QueryError, shortened
from app.filters.words import Word

SECOND: Final = 1_000_000_000  # nanoseconds
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_AGE: Final = re.compile(
    r"(?=.)(?:([0-9]{1,5})d)?(?:([0-9]{1,7})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,9})s)?", re.IGNORECASE
)
_OF_DAY: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Age:
    """At most so old, in nanoseconds: what it keeps changes as time goes."""

    span_ns: int

    def typed(self, *, bare: bool) -> str:  # noqa: ARG002 - everywhere the same
        """As it would be typed."""
        seconds, text = self.span_ns // SECOND, ""
        for unit, length in _UNITS.items():
            number, seconds = divmod(seconds, length)
            text += f"{number}{unit}" if number else ""
        return text

    def oldest_ns(self, now_ns: int) -> int:
        """The earliest time that it keeps; both in nanoseconds since the epoch."""
        return now_ns - self.span_ns


@dataclass(frozen=True, slots=True)
class From:
    """From a time on, in ISO 8601; without an offset it is this machine's local time."""

    time: str

    def typed(self, *, bare: bool) -> str:  # noqa: ARG002 - everywhere the same
        """As it would be typed."""
        return self.time

    def oldest_ns(self, now_ns: int) -> int:  # noqa: ARG002 - always the same
        """The earliest time that it keeps, in nanoseconds since the epoch."""
        return int(datetime.fromisoformat(self.time).timestamp()) * SECOND


TimeValue: TypeAlias = Age | From


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """When connect() was called."""

    def read(self, word: Word) -> TimeValue:
        """The value that was typed; raises QueryError."""
        if word.regex is None and len(word.pieces) == 1:
            if (found := _AGE.fullmatch(word.text)) and any(found.groups()):
                lengths = zip(found.groups(), _UNITS.values(), strict=True)
                seconds = sum(int(number or 0) * length for number, length in lengths)
                if seconds:
                    return Age(seconds * SECOND)
            elif (time := _time(word.text)) is not None:
                return From(time)
        said = "a time is such as 30s, 5m, 2h, 1d, 14:30 or 2026-01-31T14:30"
        raise QueryError(f"{said}, not '{shortened(word.text)}'", word.start, word.end)

    def offered(self, part: Any) -> Iterable[str]:  # noqa: ARG002 - whatever the rows are
        """What may be asked for."""
        return ("1m", "5m", "1h")


def _time(text: str) -> str | None:
    """A date, a time, or a time of today's, as ISO 8601 to the second; None where it is none."""
    try:
        if found := _OF_DAY.fullmatch(text):
            hour, minute, second = (int(number or 0) for number in found.groups())
            time = datetime.now().replace(hour=hour, minute=minute, second=second)
        else:
            time = datetime.fromisoformat(text)
        time.timestamp()
        return time.isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
