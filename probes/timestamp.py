"""Moments as text: nanoseconds since the epoch to ISO 8601 or a clock's time, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_LATEST: Final = (2**63 - 1) // 1000 * _MICROSECOND


class IsoTime:
    """`2026-01-31T12:00:00.000001+01:00`: microseconds, and the zone's offset at that moment.

    The text up to the second is kept from call to call: a datetime costs 3 µs, the next
    connection in the same second a third of it. `zone` None is the machine's local time.
    """

    __slots__ = ("_last", "_zone")

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        # One tuple, replaced whole, so that two threads can never mix two seconds.
        self._last = (-1, "", "")

    def __call__(self, time_ns: int) -> str:
        """`time_ns`: nanoseconds since the epoch, UTC; what is below a microsecond is cut off."""
        second, rest = divmod(time_ns, _SECOND)
        known, head, offset = self._last
        if known != second:
            text = _at(second, self._zone).isoformat()
            head, offset = text[:19], text[19:]
            self._last = (second, head, offset)
        return f"{head}.{rest // 1000:06d}{offset}"


class ClockTime:
    """`12:00:00`; `zone` None is the machine's local time."""

    __slots__ = ("_last", "_zone")

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._last = (-1, "")

    def __call__(self, time_ns: int) -> str:
        """`time_ns`: nanoseconds since the epoch, UTC."""
        second = time_ns // _SECOND
        known, text = self._last
        if known != second:
            text = _at(second, self._zone).strftime("%H:%M:%S")
            self._last = (second, text)
        return text


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
