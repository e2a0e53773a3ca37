"""What a filter answers about a part of a row, asked once for each among thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

_Part = TypeVar("_Part")
_Key = TypeVar("_Key", bound=Hashable)

ENTRIES: Final = 16_384


class Answers(Generic[_Part]):
    """Answers about processes, endpoints or hosts that rows share. For one thread.

    They are found by the part's identity: to compare or hash a process's arguments would cost more
    than the answer. Some `ENTRIES` are kept, each with its part, so that its identity cannot come
    to mean another.
    """

    def __init__(self, answer: Callable[[_Part], bool]) -> None:
        """`answer`: what is asked once for each part."""
        self._answer = answer
        self._known: dict[int, bool] = {}
        self._parts: list[_Part] = []

    def __call__(self, parts: Sequence[_Part]) -> bytes:
        """The answer for each, 0 or 1."""
        try:
            return bytes(map(self._known.__getitem__, map(id, parts)))
        except KeyError:
            if len(self._parts) >= ENTRIES:
                self._known.clear()
                self._parts.clear()
            for key, part in dict(zip(map(id, parts), parts, strict=True)).items():
                if key not in self._known:
                    self._known[key] = self._answer(part)
                    self._parts.append(part)
            return bytes(map(self._known.__getitem__, map(id, parts)))


class AnswersByValue(Generic[_Key]):
    """The same about numbers and other parts that are cheap to compare."""

    def __init__(self, answer: Callable[[_Key], bool]) -> None:
        """`answer`: what is asked once for each part."""
        self._answer = answer
        self._known: dict[_Key, bool] = {}

    def __call__(self, parts: Sequence[_Key]) -> bytes:
        """The answer for each, 0 or 1."""
        try:
            return bytes(map(self._known.__getitem__, parts))
        except KeyError:
            if len(self._known) >= ENTRIES:
                self._known.clear()
            for part in set(parts) - self._known.keys():
                self._known[part] = self._answer(part)
            return bytes(map(self._known.__getitem__, parts))
