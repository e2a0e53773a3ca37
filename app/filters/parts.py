"""What follows from a part of a row, worked out once for each object among thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")

ENTRIES: Final = 16_384


class Answers(Generic[_Part, _Answer]):
    """Answers about processes, endpoints or hosts that rows share. For one thread.

    They are found by the part's identity: to compare or hash a process's arguments would cost more
    than the answer. Some `ENTRIES` are kept, each with its part, so that its identity cannot come
    to mean another.
    """

    def __init__(self, answer: Callable[[_Part], _Answer]) -> None:
        """`answer`: what is asked once for each part."""
        self._answer = answer
        self._known: dict[int, _Answer] = {}
        self._parts: list[_Part] = []

    def __call__(self, parts: Sequence[_Part]) -> list[_Answer]:
        """The answer for each."""
        ids = list(map(id, parts))
        try:
            return list(map(self._known.__getitem__, ids))
        except KeyError:
            if len(self._parts) >= ENTRIES:
                self._known.clear()
                self._parts.clear()
            for key, part in dict(zip(ids, parts, strict=True)).items():
                if key not in self._known:
                    self._known[key] = self._answer(part)
                    self._parts.append(part)
            return list(map(self._known.__getitem__, ids))
