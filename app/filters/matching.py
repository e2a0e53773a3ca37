"""A filter as a test on connections, many at a time.

Each term asks each process, endpoint or host once, however many rows share it; the answers of the
terms are then joined column by column.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from app.filters.ages import Age, From, Times, TimeValue
from app.filters.field import Column, Field
from app.filters.mask import Mask, Test, both, either, everything, inverted
from app.filters.parts import Answers, AnswersByValue
from app.filters.row_parts import ANYTHING
from app.filters.texts import Holds, Part
from app.filters.tree import All, AnyOf, Node, Not, Saved, Term
from probes.connections import Connections, Endpoint
from probes.text import visible

_PAIRS: Final = 65_536  # of endpoints and ports, whose answers are kept

Clock = Callable[[], int]
"""Now, in nanoseconds since the epoch: what `since:5m` counts back from."""


def compiled(node: Node, now_ns: Clock = time.time_ns) -> Test:
    """Make the one test that holds where the filter does. It keeps answers: for one thread."""
    match node:
        case Saved():
            return compiled(node.node, now_ns)
        case Not():
            inner = compiled(node.node, now_ns)
            return lambda rows: inverted(inner(rows))
        case All(nodes):
            return _all_of([compiled(part, now_ns) for part in nodes])
        case AnyOf(nodes):
            return _any_of([compiled(part, now_ns) for part in nodes])
        case Term():
            return _term(node, now_ns)


def _term(term: Term, now_ns: Clock) -> Test:
    match term:
        case Term(_, Age() | From() as value):
            return _aged(value, now_ns)
        case Term(Field() as field):
            assert not isinstance(field.kind, Times)  # whose values are the two above
            return _on(field.column, field.kind.test(term.value))
    return _anywhere(term.value)


def _on(column: Column, test: Callable[[Any], bool]) -> Test:
    """The test on a column's parts."""
    answers = Answers(test) if column.is_shared else AnswersByValue(test)
    of = column.of
    return lambda rows: answers(of(rows))


def _all_of(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def all_of(rows: Connections) -> Mask:
        mask = everything(len(rows))
        for number, test in enumerate(tests):
            if number == 0:
                mask = test(rows)
            elif 1 in mask:
                mask = both(mask, test(rows))
        return mask

    return all_of


def _any_of(tests: Sequence[Test]) -> Test:
    def any_of(rows: Connections) -> Mask:
        mask = tests[0](rows)
        for test in tests[1:]:
            if 0 in mask:
                mask = either(mask, test(rows))
        return mask

    return any_of


def _aged(value: TimeValue, now_ns: Clock) -> Test:
    def aged(rows: Connections) -> Mask:
        oldest = value.oldest_ns(now_ns())
        return bytes(map(oldest.__le__, rows.times))

    return aged


def _anywhere(value: Any) -> Test:
    """The test whether any cell that a row shows holds a text."""
    holds = value.test()
    tests = [_on(column, _among(get, holds)) for column, get in ANYTHING]
    # Most words have a letter that no destination has; these need not be looked at for them.
    if not isinstance(value, Part) or set(value.text.casefold()) <= set("0123456789abcdef.:[]"):
        tests.append(_Destinations(holds))
    return _any_of(tests)


def _among(get: Callable[[Any], Iterable[str]], holds: Holds) -> Callable[[Any], bool]:
    return lambda part: any(holds(visible(text)) for text in get(part))


class _Destinations:
    """Whether destinations hold a text: asked once for each endpoint and port."""

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self._known: dict[tuple[int, int], bool] = {}
        self._endpoints: dict[int, Endpoint] = {}  # so that no identity comes to mean another

    def __call__(self, rows: Connections) -> Mask:
        pairs = list(zip(map(id, rows.endpoints), rows.ports, strict=True))
        try:
            return bytes(map(self._known.__getitem__, pairs))
        except KeyError:
            if len(self._known) >= _PAIRS:
                self._known.clear()
                self._endpoints.clear()
            for index in {pair: index for index, pair in enumerate(pairs)}.values():
                if pairs[index] not in self._known:
                    self._known[pairs[index]] = self._holds(rows[index].destination)
                    self._endpoints[pairs[index][0]] = rows.endpoints[index]
            return bytes(map(self._known.__getitem__, pairs))
