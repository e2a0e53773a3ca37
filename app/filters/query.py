r"""The filter line: what a person types, as a test on connections.

    proc:curl port:443            both
    proc:curl or proc:wget        one of them; `or` binds less than what stands side by side
    !user:root (port:80 or word)  not; brackets
    host:*.github.com             a star stands for anything: the whole text, not a part
    host:=github.com              this text and no other
    host:/^(www\.)?gith?ub/       a regular expression, RE2's
    port:80,443,8000-8999         numbers
    since:5m                      no older than that, as time goes
    @work                         a filter that was saved

A bare word is a part of any of these: path, thread's name, user, destination, hostname, AS, address
family. Capitals do not matter, but for users. Quotes keep spaces together and everything plain;
inside them `\"` is a quote and `\\` a backslash. The fields stand in fields.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from app.filters.ages import Age
from app.filters.errors import QueryError
from app.filters.fields import field_named
from app.filters.mask import Test
from app.filters.matching import Clock, compiled
from app.filters.parser import parsed, unnamed
from app.filters.tree import EVERYTHING, All, Node, Term, all_of, terms_of
from app.filters.words import literal
from probes.connections import Connections
from probes.record import Connection

__all__ = ["Key", "Query", "QueryError", "parse", "parse_line"]


class Key(StrEnum):
    """The fields that keys and flags filter by."""

    PID = "pid"
    USER = "user"
    HOST = "host"
    AS = "as"
    PORT = "port"


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold; `str(query)` is the text that gives it again.

    `mask(connections)` is the compiled test, which says of each whether it matches. Two queries are
    equal where their trees are.
    """

    tree: Node = EVERYTHING
    mask: Test = field(init=False, repr=False, compare=False)

    everything: ClassVar[Query]
    """The query without conditions, which every connection matches."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", compiled(self.tree))

    @classmethod
    def of(cls, name: str, value: str | int, *, exact: bool = False) -> Query:
        """Make one condition on the field `name`, as a key press or a flag gives it.

        `exact`: the whole text and not a part of it. Raises QueryError.
        """
        found = field_named(name)
        assert found is not None, name
        word = literal(str(value), exact=exact)
        if not word.text:
            raise QueryError(f"'{name}:' needs a value, such as {name}:{found.example}", 0, 0)
        return cls(Term(found, found.kind.read(word)))

    @property
    def terms(self) -> tuple[Node, ...]:
        """The conditions that must all hold."""
        return self.tree.nodes if isinstance(self.tree, All) else (self.tree,)

    @property
    def spans_ns(self) -> tuple[int, ...]:
        """The ages, in nanoseconds, at which rows come to match or no longer do."""
        values = (term.value for term in terms_of(self.tree))
        return tuple({value.span_ns for value in values if isinstance(value, Age)})

    def test(self, now_ns: Clock) -> Test:
        """The compiled test with another clock: nanoseconds since the epoch."""
        return compiled(self.tree, now_ns) if self.spans_ns else self.mask

    def matches(self, connection: Connection) -> bool:
        """Whether this one connection matches."""
        return bool(self.mask(Connections.of([connection]))[0])

    def __and__(self, other: Query) -> Query:
        """Join both; a condition that stands in both is kept once."""
        return Query(all_of((self.tree, other.tree)))

    def __str__(self) -> str:
        """The filter as it would be typed; it contains nothing that could act on a terminal."""
        return str(self.tree)


def parse(
    text: str,
    saved: Mapping[str, str] | None = None,
    *,
    refused: Mapping[str, str] | None = None,
) -> Query:
    """Read the query that `text` describes; an empty text is `Query.everything`.

    `saved`: the texts of filters that it may name. `refused`: fields that it may not, and why.
    Raises QueryError, and nothing else, whatever the text.
    """
    return Query(unnamed(parsed(text, saved or {}, refused or {})))


def parse_line(text: str, saved: Mapping[str, str]) -> tuple[str | None, Query]:
    """The same for the filter line, and the name under which it is to be saved, if any."""
    line = parsed(text, saved)
    return line.name, Query(line.node)


Query.everything = Query()
