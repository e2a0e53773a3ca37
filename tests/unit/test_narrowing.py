"""A filter, and a value that was pointed at."""

from __future__ import annotations

import pytest

from app.filters.errors import QueryError
from app.filters.narrowing import Choice
from app.filters.query import parse

DESTINATION = [("net", "192.0.2.1"), ("port", "443")]


@pytest.mark.parametrize(
    ("typed", "chosen", "made"),
    [
        ("", [("host", "a.test")], "host:=a.test"),
        ("proc:curl", [("port", "443")], "proc:curl port:443"),
        ("proc:curl or word", [("port", "443")], "(proc:curl or word) port:443"),
        ("host:b.test as:1", [("host", "a.test")], "as:1 host:=a.test"),
        ("!host:=a.test as:1", [("host", "a.test")], "as:1 host:=a.test"),
        ("!host:=b.test", [("host", "a.test")], "!host:=b.test host:=a.test"),
        ("port:80,443", DESTINATION, "net:192.0.2.1 port:443"),
        ("!(net:192.0.2.1 port:443)", DESTINATION, "net:192.0.2.1 port:443"),
        ("@work", [("user", "alice")], "@work user:alice"),
    ],
)
def test_what_is_kept_comes_in_place_of_what_was_asked_of_the_same(
    typed: str, chosen: list[tuple[str, str]], made: str
) -> None:
    query = parse(typed, {"work": "proc:make"})
    assert str(Choice.of(chosen).applied(query)) == made


@pytest.mark.parametrize(
    ("typed", "chosen", "made"),
    [
        ("", [("host", "a.test")], "!host:=a.test"),
        ("port:443", DESTINATION, "port:443 !(net:192.0.2.1 port:443)"),
        ("port:443 net:192.0.2.1 word", DESTINATION, "word !(net:192.0.2.1 port:443)"),
        ("host:=a.test", [("host", "a.test")], "!host:=a.test"),
        ("!host:=a.test", [("host", "a.test")], "!host:=a.test"),
        ("host:test", [("host", "a.test")], "host:test !host:=a.test"),
    ],
)
def test_what_is_left_out_leaves_the_rest_as_it_was(
    typed: str, chosen: list[tuple[str, str]], made: str
) -> None:
    query = Choice.of(chosen, excluded=True).applied(parse(typed))
    assert str(query) == made
    assert parse(made) == query


def test_what_would_be_too_long_to_be_typed_is_refused() -> None:
    choice = Choice.of([("args", "x" * 1990)])
    assert len(str(choice.applied(parse("")))) == 1996
    with pytest.raises(QueryError, match="too long a filter"):
        choice.applied(parse("proc:curl"))


def test_what_no_field_can_hold_is_refused() -> None:
    with pytest.raises(QueryError, match="there is connected"):
        Choice.of([("result", "odd")])
