"""Texts as a filter asks for them: a part of them, all of them, with stars, by an expression."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.filters.errors import QueryError, shortened
from app.filters.words import Word, quoted, starred
from probes.text import visible

Holds: TypeAlias = Callable[[str], bool]
"""Whether a text, as it is shown, is one that is asked for."""

_SHOWN: Final = 8  # choices that a message names
_EXPRESSION_MEMORY: Final = 1 << 20  # bytes, of which a compiled one may take some


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the text; capitals do not matter."""

    text: str

    def typed(self, *, bare: bool) -> str:
        """As it would be typed."""
        return quoted(self.text, bare=bare)

    def test(self) -> Holds:
        """The test that it stands for."""
        word = self.text.casefold()
        return lambda text: word in text.casefold()


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole text. `folds`: capitals do not matter. `marked`: an equals sign says so."""

    text: str
    folds: bool
    marked: bool

    def typed(self, *, bare: bool) -> str:
        """As it would be typed."""
        return "=" * self.marked + quoted(self.text, bare=bare)

    def test(self) -> Holds:
        """The test that it stands for."""
        if not self.folds:
            return self.text.__eq__
        word = self.text.casefold()
        return lambda text: text.casefold() == word


@dataclass(frozen=True, slots=True)
class Stars:
    """The whole text, in which something or nothing stands between the pieces."""

    pieces: tuple[str, ...]

    def typed(self, *, bare: bool) -> str:
        """As it would be typed."""
        return starred(self.pieces, bare=bare)

    def test(self) -> Holds:
        """The test that it stands for; no longer than in proportion to the text, for each piece."""
        first, *middle, last = (piece.casefold() for piece in self.pieces)

        def holds(text: str) -> bool:
            text = text.casefold()
            if not text.startswith(first):
                return False
            at = len(first)
            for piece in middle:
                if (found := text.find(piece, at)) < 0:
                    return False
                at = found + len(piece)
            return len(text) - at >= len(last) and text.endswith(last)

        return holds


@dataclass(frozen=True, slots=True)
class Expression:
    """A part of the text by a regular expression; capitals do not matter.

    It is RE2's kind (https://github.com/google/re2/wiki/Syntax), whose search takes no longer than
    in proportion to the text: Python's own could be made to take hours by a name that a process
    gives itself.
    """

    pattern: str

    def typed(self, *, bare: bool) -> str:  # noqa: ARG002 - everywhere the same
        """As it would be typed."""
        return f"/{self.pattern}/"

    def test(self) -> Holds:
        """The test that it stands for; raises ValueError where the pattern is none."""
        try:
            import re2  # only for those who write one
        except ImportError as error:
            raise ValueError(f"google-re2 cannot be loaded ({error})") from None
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _EXPRESSION_MEMORY
        try:
            search = re2.compile(self.pattern, options).search
        except re2.error as error:
            said = error.args[0] if error.args else b""
            message = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
            raise ValueError(message) from None
        return lambda text: search(text) is not None


TextValue: TypeAlias = Part | Whole | Stars | Expression


def read_text(word: Word, *, whole: bool = False, folds: bool = True) -> TextValue:
    """The value that was typed. `whole`, `folds`: as a plain one is meant; raises QueryError."""
    if word.regex is not None:
        return _expression(word)
    if len(word.pieces) > 1:
        first, *middle, last = word.pieces
        return Stars((first, *filter(None, middle), last))
    if whole or word.exact:
        return Whole(word.text, folds, marked=not whole)
    return Part(word.text)


def _expression(word: Word) -> Expression:
    value = Expression(word.text)
    try:
        value.test()
    except ValueError as error:
        message = f"not a regular expression: {visible(str(error))}"
        raise QueryError(message, word.start, word.end) from None
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Fields that hold texts. `get`: those of a part of a row; none where it has none.

    `whole`, `folds`: as a plain value is meant. `choices`: in small letters, all that there can be;
    where it is empty there can be any.
    """

    get: Callable[[Any], Iterable[str]]
    whole: bool = False
    folds: bool = True
    choices: tuple[str, ...] = ()

    def read(self, word: Word) -> TextValue:
        """The value that was typed; raises QueryError."""
        value = read_text(word, whole=self.whole, folds=self.folds)
        if self.choices and isinstance(value, Whole) and word.text.lower() not in self.choices:
            some = ", ".join(self.choices[:_SHOWN])
            said = f"there is {some}, but not '{shortened(word.text)}'"
            raise QueryError(said, word.start, word.end)
        return value

    def test(self, value: Any) -> Callable[[Any], bool]:
        """Whether a part of a row is one that is asked for."""
        holds, get = value.test(), self.get
        # What is searched is what is shown: an escape character is found as `\x1b`.
        return lambda part: any(holds(visible(text)) for text in get(part))

    def offered(self, part: Any) -> Iterable[str]:
        """What may be asked for to find such a part."""
        return self.get(part)
