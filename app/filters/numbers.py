"""Numbers as a filter asks for them: `443`, `80,443`, `8000-8999`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.filters.errors import QueryError, shortened
from app.filters.texts import Texts, TextValue
from app.filters.words import Word

_RANGE: Final = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?")
_SYSTEMS: Final = re.compile(r"(?:AS)?[0-9]+(?:[,-](?:AS)?[0-9]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Numbers from the first to the last of each pair; ascending, apart from each other."""

    ranges: tuple[tuple[int, int], ...]

    def typed(self, *, bare: bool) -> str:  # noqa: ARG002 - everywhere the same
        """As it would be typed."""
        return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in self.ranges)

    def test(self) -> Callable[[int], bool]:
        """The test that it stands for."""
        if len(self.ranges) == 1:
            low, high = self.ranges[0]
            return low.__eq__ if low == high else lambda number: low <= number <= high
        return lambda number: any(low <= number <= high for low, high in self.ranges)


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Fields that hold numbers from `least` to `most`. `what`: what one of them is called.

    `get`: those of a part of a row; none where it has none.
    """

    what: str
    least: int
    most: int
    get: Callable[[Any], Iterable[int]]

    def read(self, word: Word) -> Ranges:
        """The value that was typed; raises QueryError."""
        if word.regex is not None or len(word.pieces) > 1 or not word.text:
            raise self._refusal(word, word.text)
        pairs = sorted(self._pair(word, text) for text in word.text.split(","))
        joined = [pairs[0]]
        for low, high in pairs[1:]:
            before, last = joined[-1]
            if low <= last + 1:
                joined[-1] = before, max(last, high)
            else:
                joined.append((low, high))
        return Ranges(tuple(joined))

    def _pair(self, word: Word, text: str) -> tuple[int, int]:
        if found := _RANGE.fullmatch(text):
            low = int(found[1])
            high = int(found[2] or low)
            if self.least <= low <= high <= self.most:
                return low, high
        raise self._refusal(word, text)

    def _refusal(self, word: Word, text: str) -> QueryError:
        said = f"{self.what} is a number from {self.least} to {self.most}"
        return QueryError(f"{said}, not '{shortened(text)}'", word.start, word.end)

    def test(self, value: Any) -> Callable[[Any], bool]:
        """Whether a part of a row is one that is asked for."""
        holds, get = value.test(), self.get
        return lambda part: any(map(holds, get(part)))

    def offered(self, part: Any) -> Iterable[str]:
        """What may be asked for to find such a part."""
        return map(str, self.get(part))


SystemValue: TypeAlias = Ranges | TextValue


@dataclass(frozen=True, slots=True, eq=False)
class Systems:
    """Autonomous systems: by number, with or without AS ahead, or by their holder's name."""

    numbers: Numbers
    names: Texts

    def read(self, word: Word) -> SystemValue:
        """The value that was typed; raises QueryError."""
        plain = word.regex is None and len(word.pieces) == 1
        if plain and _SYSTEMS.fullmatch(word.text):
            digits = re.sub("as", "", word.text, flags=re.IGNORECASE)
            return self.numbers.read(Word((digits,), word.start, word.end))
        return self.names.read(word)

    def test(self, value: Any) -> Callable[[Any], bool]:
        """Whether a part of a row is one that is asked for."""
        return (self.numbers if isinstance(value, Ranges) else self.names).test(value)

    def offered(self, part: Any) -> Iterable[str]:
        """What may be asked for to find such a part."""
        return (*self.names.offered(part), *self.numbers.offered(part))
