"""Rules that say what they allow in the filter language: read, and held against rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from app.filters.errors import QueryError
from app.filters.query import Query, parse
from app.run.contacts import Contact
from app.run.rules import Rule
from probes.connections import Connections

_NUMBER: Final = "in a rule it says nothing: it is another one each time the command runs"
REFUSED: Final = {
    "since": "a rule cannot ask for it: it holds whenever the command runs",
    "pid": _NUMBER,
    "tree": _NUMBER,
    "cgroup": _NUMBER,
    "@": "a rule stands by itself, for whoever reads it: write out what the saved filter says",
}
"""What no rule can ask for, and why: names of fields, and of what is not one."""


@lru_cache(maxsize=4096)
def read_filter(text: str) -> Query:
    """The filter of a rule. Raises QueryError, also for what cannot be judged of a command."""
    query = parse(text, refused=REFUSED)
    if query == Query.everything:
        raise QueryError("this allows everything; leave it out", 0)
    return query


class Passing:
    """Tells which rows the filters of some rules keep, and what that allows.

    Rows are asked, and not contacts, since these do not have all that a filter can ask for.
    """

    def __init__(self, rules: Sequence[Rule], resolvers: frozenset[str]) -> None:
        """`rules`: of which those without a filter do not matter here. `resolvers`: see `Rule`."""
        self._rules = [rule for rule in rules if rule.filter]
        self._resolvers = resolvers
        queries = {query: None for rule in self._rules for query in rule.filter}
        self._queries = {query: 1 << place for place, query in enumerate(queries)}

    def kept(self, rows: Connections) -> Sequence[int]:
        """For each row a number, which says for `allows` which filters keep it; 0 is none."""
        numbers = [0] * len(rows)
        for query, bit in self._queries.items():
            mask = query.mask(rows)
            if any(mask):
                kept = zip(numbers, mask, strict=True)
                numbers = [number | bit if is_kept else number for number, is_kept in kept]
        return numbers

    def allows(self, number: int, contact: Contact) -> bool:
        """Whether any rule's filter keeps rows of that number, and the rule allows the contact."""
        return number != 0 and any(
            any(number & self._queries[query] for query in rule.filter)
            and rule.allows(contact, self._resolvers)
            for rule in self._rules
        )
