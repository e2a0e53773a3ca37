"""What the word that is being typed at the end of a filter may become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from app.filters.fields import FIELDS, Field, field_named
from app.filters.words import quoted
from probes.text import visible

MOST: Final = 20

_LAST: Final = re.compile(r'(?:^|(?<=[\s(]))!*(?P<word>[^\s()!"]+)$')


def completions(
    text: str, offered: Callable[[Field], Iterable[str]], saved: Iterable[str] = ()
) -> Sequence[str]:
    """Whole filters that begin as `text` does, the likeliest first, `MOST` at most.

    `offered`: values that a field has in this session, the commonest first. `saved`: the names of
    saved filters.
    """
    found = _LAST.search(text)
    if found is None:
        return ()
    word, start = found["word"], found.start("word")
    name, colon, value = word.partition(":")
    if word[0] == "@":
        words: Iterable[str] = (f"@{name}" for name in sorted(saved))
    elif not colon:
        words = (f"{field.name}:" for field in FIELDS)
    elif (field := field_named(name)) is not None:
        equals = "=" if value.startswith("=") else ""
        values = (quoted(visible(each), bare=False) for each in offered(field) if each)
        words = (f"{name}:{equals}{each}" for each in values)
    else:
        return ()
    fitting = dict.fromkeys(each for each in words if _continues(word, each))
    return [text[:start] + each for each in list(fitting)[:MOST]]


def _continues(word: str, whole: str) -> bool:
    """Whether `whole` goes on where `word` ends; what is shown behind it is the rest."""
    return len(whole) > len(word) and whole[: len(word)].casefold() == word.casefold()
