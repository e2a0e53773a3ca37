"""From a filter's text to its tree, by the grammar in filter.lark.

Lark is imported, and its tables are made, when the first filter is read: a tenth of a second that
whoever writes none need not wait for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from app.filters.errors import QueryError, shortened
from app.filters.fields import FIELDS, Field, field_named, near
from app.filters.texts import read_text
from app.filters.tree import (
    EVERYTHING,
    MAX_DEPTH,
    Node,
    Saved,
    Term,
    all_of,
    any_of,
    negated,
    saved_in,
)
from app.filters.words import Word, expression, typed
from probes.text import visible

if TYPE_CHECKING:
    from lark import Lark, Token, UnexpectedToken

MAX_LENGTH: Final = 2_000
"""Characters of a filter, and of each saved one."""
_NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed: a filter, and the name that it is to be saved under where one is given."""

    name: str | None
    node: Node


def parsed(text: str, saved: Mapping[str, str], refused: Mapping[str, str] = _NOTHING) -> Line:
    """What `text` describes; `saved`: texts of filters by their names.

    `refused`: fields that cannot be asked for here, by their first names, and why; saved filters
    by `@`. Raises QueryError, and nothing else, whatever the text.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(f"a filter has {MAX_LENGTH:,} characters at most", MAX_LENGTH, len(text))
    if not text or text.isspace():
        return Line(None, EVERYTHING)
    from lark import UnexpectedCharacters, UnexpectedToken

    lark, builder = _machine()
    before = builder.saved, builder.refused
    builder.saved, builder.refused = saved, refused
    try:
        line = cast("Line", lark.parse(text))  # what the builder made
    except UnexpectedToken as error:
        raise _unexpected(error) from None
    except UnexpectedCharacters as error:
        # Every other character begins or ends something.
        position = error.pos_in_stream or 0
        said = "this quote is never closed"
        raise QueryError(said, position, len(text), unfinished=True) from None
    finally:
        builder.saved, builder.refused = before
    return line


def unnamed(line: Line) -> Node:
    """The filter, where saving one has no sense; raises QueryError for one with a name."""
    if line.name is not None:
        said = "filters are saved in the filter line of the screen, and nowhere else"
        raise QueryError(said, 0, 1 + len(line.name))
    return line.node


@lru_cache(maxsize=1)
def _machine() -> tuple[Lark, _Builder]:
    from lark import Lark

    builder = _Builder()
    grammar = Path(__file__).with_name("filter.lark").read_text()
    return Lark(grammar, parser="lalr", transformer=builder), builder


def _unexpected(error: UnexpectedToken) -> QueryError:
    """What stands where it cannot, or what is missing, in words for a person."""
    found: Token = error.token
    waiting = [item for item in _stack(error) if isinstance(getattr(item, "type", None), str)]
    start = found.start_pos or 0
    if found.type not in ("$END", "CLOSE"):
        # `and` or `or`: anything else begins a term.
        said = f"something to look for must stand ahead of '{found}'; in quotes it is a word itself"
        return QueryError(said, start, found.end_pos)
    last = waiting[-1] if waiting and waiting[-1] is _stack(error)[-1] else None
    if last is not None and last.type != "_OPEN":
        said = f"something to look for must follow '{last}'"
        unfinished = found.type == "$END"
        return QueryError(said, last.start_pos or 0, last.end_pos, unfinished=unfinished)
    if found.type == "$END":
        opened = [token.start_pos or 0 for token in waiting if token.type == "_OPEN"]
        return QueryError("this bracket is never closed", opened[-1], unfinished=True)
    if last is None:
        return QueryError("no bracket was opened that this one could close", start)
    return QueryError("nothing stands between the brackets", start)


def _stack(error: UnexpectedToken) -> list[Any]:
    """The tokens and nodes that were read and not joined yet."""
    state = getattr(error.interactive_parser, "parser_state", None)
    return list(state.value_stack) if state is not None else []


class _Builder:
    """Makes nodes as the parser reduces; each method is for the rule, or alias, of its name."""

    def __init__(self) -> None:
        self.saved: Mapping[str, str] = {}
        self.refused: Mapping[str, str] = {}
        self._reading: list[str] = []  # names of saved filters inside each other

    def start(self, children: list[Any]) -> Line:
        node = children[-1] if children and not hasattr(children[-1], "type") else EVERYTHING
        if not children or children[0] is node:
            return Line(None, node)
        defined: Token = children[0]
        name = defined[1:-1].rstrip()
        if name in saved_in(node):
            raise QueryError(f"@{name} would lead back to itself", 0, 1 + len(name))
        return Line(name, node)

    def either(self, children: list[Node]) -> Node:
        return _checked(any_of(children))

    def both(self, children: list[Node]) -> Node:
        return _checked(all_of(children))

    def negation(self, children: list[Node]) -> Node:
        return _checked(negated(children[0]))

    def group(self, children: list[Node]) -> Node:
        return children[0]

    def term(self, children: list[Token]) -> Node:
        name, token = children[0], children[-1]
        field = _field(name)
        if field.name in self.refused:
            raise self._refusal(field.name, f"'{field.name}:'", name.start_pos, token.end_pos)
        word = _word(token, exact=len(children) > 2)
        start = token.start_pos or 0
        if token.type == "VALUE" and token.startswith("!"):
            said = f"'!' stands ahead of the field: !{name}{shortened(visible(token[1:]))}"
            raise QueryError(said, start)
        if not word.text:
            raise _needs_value(field, start, word.end)
        return Term(field, field.kind.read(word))

    def word(self, children: list[Token]) -> Node:
        word = _word(children[0], exact=False)
        if not word.text:
            raise QueryError("nothing stands between the quotes", word.start, word.end)
        if children[0].startswith("@"):
            said = "the name of a saved filter must follow '@'; in quotes it is a word itself"
            raise QueryError(said, word.start, word.end, unfinished=children[0] == "@")
        if children[0] == "=":
            said = "'=' stands behind a field's colon, or behind the name of a filter to be saved"
            raise QueryError(said, word.start)
        return Term(None, read_text(word))

    def naked(self, children: list[Token]) -> Node:
        token = children[0]
        end = token.end_pos or 0
        raise _needs_value(_field(token), end, end)

    def saved_filter(self, children: list[Token]) -> Node:
        token = children[0]
        name, start = str(token[1:]), token.start_pos or 0
        if "@" in self.refused:
            raise self._refusal("@", f"'@{name}'", start, token.end_pos)
        if name not in self.saved:
            known = ", ".join(f"@{key}" for key in sorted(self.saved))
            hint = f"saved are {known}" if known else f"to save one, type @{name} = and a filter"
            raise QueryError(f"no filter is saved as @{name}: {hint}", start, token.end_pos)
        if name in self._reading:
            raise QueryError(f"@{name} leads back to itself", start, token.end_pos)
        self._reading.append(name)
        try:
            return _checked(Saved(name, unnamed(parsed(self.saved[name], self.saved))))
        except QueryError as error:
            said = f"@{name} cannot be read: {error.message}"
            raise QueryError(said, start, token.end_pos) from None
        finally:
            self._reading.pop()

    def _refusal(self, what: str, said: str, start: int | None, end: int | None) -> QueryError:
        return QueryError(f"{said} is refused: {self.refused[what]}", start or 0, end)


def _word(token: Token, *, exact: bool) -> Word:
    start = token.start_pos or 0
    if token.type == "REGEX":
        return expression(str(token), start)
    return typed(str(token), start, exact=exact)


def _checked(node: Node) -> Node:
    if node.depth > MAX_DEPTH:
        raise QueryError(f"brackets go {MAX_DEPTH} deep at most", 0, 0)
    return node


def _field(token: Token) -> Field:
    """The field that is called so, colon and all; raises QueryError."""
    name, start = str(token[:-1]), token.start_pos or 0
    field = field_named(name)
    if field is not None:
        return field
    close = " or ".join(f"'{found.name}'" for found in near(name))
    hint = f"did you mean {close}?" if close else "to search for it as text, put it in quotes"
    known = ", ".join(field.name for field in FIELDS)
    # What helps most comes first: a narrow screen cuts the end.
    said = f"unknown field '{shortened(name)}': {hint} (known: {known})"
    raise QueryError(said, start, start + len(name))


def _needs_value(field: Field, start: int, end: int) -> QueryError:
    said = f"'{field.name}:' needs a value, such as {field.name}:{field.example}"
    return QueryError(said, start, end, unfinished=True)
