r"""The filter line: what a person types, as a test on connections.

    pid:1234 user:alice proc:curl host:github as:13335 port:443 word "two words"

Terms are joined by AND. `pid` and `port` are numbers; `user` is a name or a number, exactly;
`as` is a number (13335 or AS13335), exactly, or a part of the holder's name; `proc` is a part
of the executable's path or of the thread's name; `host` is a part of the hostname. A bare word
is a part of any of these: path, thread's name, user, destination, hostname, AS, address family.
Capitals do not matter, but for users. Quotes keep spaces together and colons plain; inside them
`\"` is a quote and `\\` a backslash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.filters.matching import Test, compiled
from app.filters.terms import Key, QueryError, Term, checked_term, key_length, key_named
from probes.connections import Connections
from probes.record import Connection

__all__ = ["Key", "Query", "QueryError", "Term", "parse"]


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold; `str(query)` is the text that gives it again.

    `mask(connections)` is the compiled test, which says of each whether it matches. Two queries are
    equal where their terms are.
    """

    terms: tuple[Term, ...] = ()
    mask: Test = field(init=False, repr=False, compare=False)

    everything: ClassVar[Query]
    """The query without conditions, which every connection matches."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", compiled(self.terms))

    @classmethod
    def of(cls, key: Key, value: str | int) -> Query:
        """Make one condition, as a key press or a command-line flag gives it; raises QueryError."""
        return cls((checked_term(key, str(value), 0),))

    def matches(self, connection: Connection) -> bool:
        """Whether this one connection matches."""
        return self.mask(Connections.of([connection]))[0]

    def __and__(self, other: Query) -> Query:
        """Join both; a condition that stands in both is kept once."""
        return Query(tuple(dict.fromkeys(self.terms + other.terms)))

    def __str__(self) -> str:
        """The filter as it would be typed; it contains nothing that could act on a terminal."""
        return " ".join(map(str, self.terms))


def parse(text: str) -> Query:
    """Read the query that `text` describes; an empty text is `Query.everything`.

    Raises QueryError, and nothing else, whatever the text.
    """
    terms = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        key, start = None, position
        if length := key_length(text, position):
            key = key_named(text[position : position + length], position)
            start = position + length + 1
        value, end = _value(text, start)
        terms.append(checked_term(key, value, start))
        position = end
    return Query(tuple(dict.fromkeys(terms)))


def _value(text: str, start: int) -> tuple[str, int]:
    """The word at `start` without its quotes, and where it ends."""
    value = []
    quote: int | None = None
    position = start
    while position < len(text):
        char = text[position]
        if quote is None and char.isspace():
            break
        if quote is not None and char == "\\" and text[position + 1 : position + 2] in ('"', "\\"):
            position += 1
            value.append(text[position])
        elif char == '"':
            quote = position if quote is None else None
        else:
            value.append(char)
        position += 1
    if quote is not None:
        raise QueryError("this quote is never closed", quote)
    return "".join(value), position


Query.everything = Query()
