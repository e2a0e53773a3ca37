"""A filter as a tree of conditions, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from app.filters.field import Field, Value

MAX_DEPTH: Final = 24
"""Levels of `not`, `and` and `or`; beyond that nobody understands a filter."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `field` None is a bare word, which any cell of a row may hold."""

    field: Field | None
    value: Value
    depth: int = attribute(default=1, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        """The term as it would be typed."""
        value = self.value.typed(bare=self.field is None)
        return f"{self.field.name}:{value}" if self.field else value


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter that was saved under a name, and stands in another by that."""

    name: str
    node: Node
    depth: int = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", self.node.depth + 1)

    def __str__(self) -> str:
        """As it would be typed."""
        return f"@{self.name}"


@dataclass(frozen=True, slots=True)
class Not:
    """What the other does not keep. Make it by `negated`."""

    node: Term | Saved | All | AnyOf
    depth: int = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", self.node.depth + 1)

    def __str__(self) -> str:
        """As it would be typed."""
        return f"!{self.node}" if isinstance(self.node, Term | Saved) else f"!({self.node})"


@dataclass(frozen=True, slots=True)
class All:
    """What all of them keep; everything, where there are none. Make it by `all_of`."""

    nodes: tuple[Node, ...] = ()
    depth: int = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _deepest(self.nodes))

    def __str__(self) -> str:
        """As it would be typed."""
        parts = (f"({node})" if isinstance(node, AnyOf) else str(node) for node in self.nodes)
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What one of them keeps, two at least. Make it by `any_of`."""

    nodes: tuple[Node, ...]
    depth: int = attribute(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _deepest(self.nodes))

    def __str__(self) -> str:
        """As it would be typed; what all of some keep binds more closely."""
        return " or ".join(map(str, self.nodes))


Node: TypeAlias = Term | Saved | Not | All | AnyOf


def all_of(nodes: Iterable[Node]) -> Node:
    """What all keep, each condition once and in one level."""
    flat = dict.fromkeys(part for node in nodes for part in _parts(node, All))
    return next(iter(flat)) if len(flat) == 1 else All(tuple(flat))


def any_of(nodes: Iterable[Node]) -> Node:
    """What one or more keep, each condition once and in one level; there is one node at least."""
    flat = dict.fromkeys(part for node in nodes for part in _parts(node, AnyOf))
    return next(iter(flat)) if len(flat) == 1 else AnyOf(tuple(flat))


def negated(node: Node) -> Node:
    """What it does not keep; twice is not at all."""
    return node.node if isinstance(node, Not) else Not(node)


def terms_of(node: Node) -> Iterator[Term]:
    """All terms in it, those of saved filters too."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, All | AnyOf):
        for part in node.nodes:
            yield from terms_of(part)
    else:
        yield from terms_of(node.node)


def saved_in(node: Node) -> frozenset[str]:
    """The names of the saved filters that it stands on, at any depth."""
    if isinstance(node, Term):
        return frozenset()
    if isinstance(node, All | AnyOf):
        return frozenset[str]().union(*map(saved_in, node.nodes))
    own = {node.name} if isinstance(node, Saved) else set()
    return saved_in(node.node) | own


def _parts(node: Node, kind: type[All] | type[AnyOf]) -> tuple[Node, ...]:
    return node.nodes if isinstance(node, kind) else (node,)


def _deepest(nodes: tuple[Node, ...]) -> int:
    return 1 + max((node.depth for node in nodes), default=0)


EVERYTHING: Final = All()
