"""Moments as text: nanoseconds since the epoch to ISO 8601 or a clock's time, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from probes.connections import Connections

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_KEPT: Final = 4096  # seconds
_MICROSECOND: Final = timedelta(microseconds=1)
_LATEST: Final = (2**63 - 1) // 1000 * _MICROSECOND


class IsoTimes:
    """`2026-01-31T12:00:00.000001+01:00`: microseconds, and the zone's offset at that moment.

    A column of `probes.recordings.writer`. What a second begins and ends with is kept: a datetime
    costs 3 µs.
    """

    def __init__(self, zone: tzinfo | None = None, before: str = "", after: str = "") -> None:
        """`zone`: None is the machine's local time. `before`, `after`: stand around each."""
        self._zone = zone
        self._before = before
        self._after = after
        self._known: dict[str, tuple[str, str]] = {}  # by the second's digits
        self.longest = 32 + len(before) + len(after)

    def texts(self, rows: Connections) -> list[str]:
        """See `Column`; what is below a microsecond is cut off."""
        # Cut out of the digits: half as dear as dividing and formatting.
        known, texts = self._known, []
        for digits in map(str, rows.times):
            around = known.get(digits[:-9])
            if around is None:
                texts.append(self._new(int(digits)))
            else:
                texts.append(f"{around[0]}{digits[-9:-3]}{around[1]}")
        return texts

    def _new(self, time_ns: int) -> str:
        second, rest = divmod(time_ns, _SECOND)
        text = _at(second, self._zone).isoformat()
        around = f"{self._before}{text[:19]}.", f"{text[19:]}{self._after}"
        if len(self._known) >= _KEPT:
            self._known.clear()
        if second > 0:  # before that there are fewer digits, or a sign
            self._known[str(second)] = around
        return f"{around[0]}{rest // 1000:06d}{around[1]}"


class ClockTimes:
    """`12:00:00`, filled with spaces to a width. A column of `probes.recordings.writer`."""

    def __init__(self, zone: tzinfo | None = None, width: int = 8) -> None:
        """`zone`: None is the machine's local time. `width`: characters."""
        self._zone = zone
        self._known: dict[int, str] = {}
        self.longest = width

    def texts(self, rows: Connections) -> list[str]:
        """See `Column`."""
        if not rows:
            return []
        first, last = min(rows.times) // _SECOND, max(rows.times) // _SECOND
        if first == last:  # so it is where looking at each would cost most
            return [self._text(first)] * len(rows)
        return [self._text(time_ns // _SECOND) for time_ns in rows.times]

    def _text(self, second: int) -> str:
        text = self._known.get(second)
        if text is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            text = f"{_at(second, self._zone):%H:%M:%S}".ljust(self.longest)
            self._known[second] = text
        return text


def iso_text(time_ns: int, zone: tzinfo | None = None) -> str:
    """One moment as `IsoTimes` writes it."""
    second, rest = divmod(time_ns, _SECOND)
    text = _at(second, zone).isoformat()
    return f"{text[:19]}.{rest // 1000:06d}{text[19:]}"


def parse_iso(text: str) -> int:
    """Nanoseconds since the epoch for an ISO 8601 time with an offset.

    Raises ValueError where it is not one, has no offset, or lies before 1970 or after April 2262
    (what no clock of a recording showed, and what 63 bits of nanoseconds do not reach).
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset from UTC")
    since = moment - EPOCH
    if not timedelta(0) <= since <= _LATEST:
        raise ValueError("out of range")
    return (since // _MICROSECOND) * 1000


def _at(second: int, zone: tzinfo | None) -> datetime:
    moment = datetime.fromtimestamp(second, UTC)
    return moment.astimezone(zone)
