"""Where in a file of rules something stands: lines and columns, which count from 1."""

from __future__ import annotations

import re
from typing import Final

_QUOTES: Final = ('"""', "'''", '"', "'")
_BETWEEN: Final = re.compile(r"(?:[\s,]|#[^\n]*)*")
# What stands for one character, or, at a line's end in the longer quotes, for none.
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|(?P<none>[ \t]*\n\s*)|.)")


def place(text: str, number: int, key: str | None) -> tuple[int, int]:
    """Line and column of a key, as far as it stands where it usually does.

    `number`: of the [[allow]] that it is in, from 1 on; 0, before the first. `key` None: that of
    the [[allow]] itself.
    """
    seen = 0
    header = (1, 1)
    for line_number, line in enumerate(text.splitlines(), start=1):
        bare = line.lstrip()
        column = len(line) - len(bare) + 1
        if bare.startswith("["):
            seen += re.match(r"\[\[\s*[\"']?allow[\"']?\s*\]\]", bare) is not None
            if seen == number:
                header = (line_number, column)
            if number == 0 and key is not None and re.match(rf"\[+\s*{re.escape(key)}\b", bare):
                return line_number, column
        elif (
            key is not None
            and seen == number
            and re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=.]", bare)
        ):
            return line_number, column
    return header


def within(text: str, key: str, at: tuple[int, int], which: int, offset: int) -> tuple[int, int]:
    """The place of a character of a key's text.

    `at`: the key's own place, which is given back where the text does not stand right behind it.
    `which`: of a list of texts, from 0 on. `offset`: the character's, from 0 on, once escapes are
    read.
    """
    text = text.replace("\r\n", "\n")
    start = sum(map(len, text.splitlines(keepends=True)[: at[0] - 1])) + at[1] - 1
    equals = re.compile(rf"[\"']?{re.escape(key)}[\"']?\s*=\s*(?P<list>\[)?").match(text, start)
    if equals is None:
        return at
    position = equals.end()
    for number in range(which + 1):
        if equals["list"] and (between := _BETWEEN.match(text, position)):
            position = between.end()
        quote = next((quote for quote in _QUOTES if text.startswith(quote, position)), None)
        if quote is None:
            return at
        position += len(quote)
        if len(quote) == 3 and text.startswith("\n", position):
            position += 1
        position = _ahead(text, position, quote, offset if number == which else None)
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _ahead(text: str, position: int, quote: str, characters: int | None) -> int:
    """Where so many more characters end; None: where the text, quote and all, does."""
    while position < len(text) and characters != 0:
        if text.startswith(quote, position):
            return position + len(quote) * (characters is None)
        escape = _ESCAPE.match(text, position) if quote[0] == '"' else None
        position = escape.end() if escape else position + 1
        if characters is not None and not (escape and escape["none"] is not None):
            characters -= 1
    return position
