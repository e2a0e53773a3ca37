"""What a word that is being typed may become."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters.completion import MOST, completions
from app.filters.fields import FIELDS, Field, field_named
from app.filters.numbers import Numbers
from app.filters.query import parse
from app.session.store import Store
from app.session.vocabulary import Vocabulary
from probes.connections import Connections
from probes.record import Connection, Host, HostSource
from tests.connections import GITHUB, NETLINK, connections, made_by

VALUES = {
    "proc": ["curl", "/usr/bin/curl", "my app", "a\x1b[2J"],
    "user": ["alice", "root"],
    "port": ["443", "4433", "80"],
}


def offered(field: Field) -> list[str]:
    return VALUES.get(field.name, [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ho", ["host:"]),
        ("u", ["user:", "unit:"]),
        ("curl !ho", ["curl !host:"]),
        ("a or (us", ["a or (user:"]),
        ("U", ["user:", "unit:"]),
        ("proc:c", ["proc:curl"]),
        ("proc:/u", ["proc:/usr/bin/curl"]),
        ("proc:=c", ["proc:=curl"]),
        ("proc:CU", ["proc:curl"]),
        ("exe:c", ["exe:curl"]),
        ("port:44", ["port:443", "port:4433"]),
        ("port:443", ["port:4433"]),
        ("x user:", ["x user:alice", "x user:root"]),
        ("@w", ["@web", "@work"]),
        ("", []),
        ("curl ", []),
        ("curl", []),
        ("nothing:", []),
        ("proc:curl", []),
        ('proc:"my', []),
        ("!", []),
    ],
)
def test_completes_the_last_word(text: str, found: list[str]) -> None:
    assert list(completions(text, offered, ["work", "web"])) == found


def test_a_value_is_offered_as_it_must_be_typed() -> None:
    found = completions("proc:", offered)
    assert 'proc:"my app"' in found
    assert r"proc:a\x1b[2J" in found
    many = completions("host:", lambda _: map(str, range(1000)))
    assert len(many) == MOST


@settings(deadline=None)
@given(st.sampled_from(FIELDS), st.lists(connections, min_size=1, max_size=3))
def test_what_is_offered_finds_the_row_that_it_is_of(field: Field, rows: list[Connection]) -> None:
    store = Store()
    store.add(Connections.of(rows))
    for text in completions(f"{field.name}:", Vocabulary(store).offered):
        # A recording may hold numbers that no process or port has.
        if field.name != "since" and not isinstance(field.kind, Numbers):
            assert any(map(parse(text).matches, rows))


def test_the_commonest_values_come_first_and_new_ones_come_in() -> None:
    store, wget = Store(), made_by(executable="/usr/bin/wget", comm="wget")
    words = Vocabulary(store)
    proc = field_named("proc")
    host = field_named("host")
    assert proc is not None
    assert host is not None
    assert words.offered(proc) == []
    store.add(Connections.of([GITHUB, NETLINK, wget, wget, wget]))
    assert words.offered(proc)[0] == "wget"
    named = replace(GITHUB, host=Host("example.org", HostSource.DNS))
    store.add(Connections.of([named] * 9 + [GITHUB] * 20))
    assert words.offered(proc)[0] == "curl"
    assert words.offered(host) == ["github.com", "example.org", "~example.org"]


def test_a_long_session_is_not_counted_through() -> None:
    store = Store()
    words = Vocabulary(store)
    for start in range(0, 60_000, 10_000):
        rows = [made_by(comm=f"p{number}") for number in range(start, start + 10_000)]
        store.add(Connections.of(rows))
        proc = field_named("proc")
        assert proc is not None
        assert words.offered(proc)
    assert len(words._parts) <= 40_000
