"""A filter made narrower by a value that was pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.filters.errors import QueryError
from app.filters.parser import MAX_LENGTH
from app.filters.query import Query
from app.filters.tree import MAX_DEPTH, Node, Not, Term, all_of, negated, terms_of

Conditions = Iterable[tuple[str, str]]
"""Fields of the language, and the whole text of each."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was pointed at: is it to be kept, or `excluded`?"""

    query: Query
    excluded: bool = False

    @classmethod
    def of(cls, conditions: Conditions, *, excluded: bool = False) -> Choice:
        """All of the conditions together. Raises QueryError where a field has no such value."""
        queries = [Query.of(field, text, exact=True) for field, text in conditions]
        return cls(Query(all_of(query.tree for query in queries)), excluded)

    def applied(self, typed: Query) -> Query:
        """The filter `typed` with this choice in it; see `kept` and `without`."""
        return without(typed, self.query) if self.excluded else kept(typed, self.query)


def kept(typed: Query, chosen: Query) -> Query:
    """Only what `chosen` keeps, of what `typed` does.

    What `typed` asks of the same fields gives way: whoever looks at one host wants to go on to
    another. Raises QueryError where the filter would become longer than one can be.
    """
    terms = list(terms_of(chosen.tree))
    fields = {term.field for term in terms}
    rest = [
        node
        for node in typed.terms
        if not (isinstance(node, Term) and node.field in fields)
        and not (isinstance(node, Not) and node.node in (chosen.tree, *terms))
    ]
    return _joined(rest, chosen.tree)


def without(typed: Query, chosen: Query) -> Query:
    """Nothing of what `chosen` keeps, of what `typed` does. Raises QueryError as `kept`."""
    nodes, gone = typed.terms, set(chosen.terms)
    # All of it was asked for: that would leave nothing now.
    rest = [node for node in nodes if node not in gone] if gone.issubset(nodes) else nodes
    return _joined(rest, negated(chosen.tree))


def _joined(rest: Iterable[Node], node: Node) -> Query:
    query = Query(all_of((*rest, node)))
    if query.tree.depth > MAX_DEPTH or len(str(query)) > MAX_LENGTH:
        raise QueryError("that would make too long a filter", 0)
    return query
