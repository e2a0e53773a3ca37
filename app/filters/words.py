"""A value as it is typed: quotes, stars, an equals sign or slashes around an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from probes.text import visible

# As in filter.lark.
_ADDRESS: Final = r"[0-9a-f]+:[0-9a-f.]*:[0-9a-f:.]*(?=[\s()]|$)"
_QUOTED: Final = r'"(?:\\["\\]|[^"\\]|\\(?!["\\]))*"'

_FIELD_LIKE: Final = re.compile(rf"(?!{_ADDRESS})[a-z][a-z_-]*:", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"(?:and|or|not|[|&]{1,2})", re.IGNORECASE)
# Also what a slash further on in the filter would make one, since an expression may hold spaces.
_REGEX_LIKE: Final = re.compile(r"/(?:\\.|[^/\\])*[/\\]?")
_PLAIN: Final = re.compile(r'[^\s()"]+')
_PIECE: Final = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<stars>\*+)|(?P<plain>[^\"*]+)")
_ESCAPE: Final = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Word:
    """What was typed, between `start` and `end` of the text; all of it is printable.

    `pieces`: what stands between unquoted stars, so one piece where there are none. `regex`: what
    stands between slashes, else None. `exact`: whether an equals sign stood ahead.
    """

    pieces: tuple[str, ...]
    start: int
    end: int
    regex: str | None = None
    exact: bool = False

    @property
    def text(self) -> str:
        """As it was typed, without quotes and slashes."""
        return self.regex if self.regex is not None else "*".join(self.pieces)


def literal(text: str, *, exact: bool = False) -> Word:
    """A word that means its characters and nothing else."""
    return Word((visible(text),), 0, len(text), exact=exact)


def typed(token: str, start: int, *, exact: bool = False) -> Word:
    """The word that `token`, which stands at `start`, describes."""
    pieces = [""]
    for found in _PIECE.finditer(token):
        if found["stars"]:
            pieces.append("")
        elif found["quoted"]:
            pieces[-1] += _ESCAPE.sub(r"\1", found["quoted"][1:-1])
        else:
            pieces[-1] += found["plain"]
    return Word(tuple(map(visible, pieces)), start, start + len(token), exact=exact)


def expression(token: str, start: int) -> Word:
    """The word that `/token/`, slashes and all, describes."""
    pattern = visible(token[1:-1])
    return Word((pattern,), start, start + len(token), regex=pattern)


def quoted(text: str, *, bare: bool) -> str:
    """Write `text` so that it is read as these characters. `bare`: no field stands ahead of it."""
    return text if "*" not in text and _is_plain(text, bare) else _in_quotes(text)


def starred(pieces: tuple[str, ...], *, bare: bool) -> str:
    """Write pieces with a star between each two, so that they are read as such."""
    joined = "*".join(pieces)
    if "*" not in "".join(pieces) and _is_plain(joined, bare):
        return joined
    return "*".join(map(_in_quotes, pieces))


def _is_plain(text: str, bare: bool) -> bool:
    """Whether it needs no quotes, but for its stars."""
    if not _PLAIN.fullmatch(text) or _REGEX_LIKE.fullmatch(text):
        return False
    if not bare:
        return text[0] not in "=!"
    taken = _FIELD_LIKE.match(text) or _KEYWORD.fullmatch(text) or text == "="
    return text[0] not in "!@" and not taken


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else ""
