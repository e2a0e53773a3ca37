from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters.query import Key, Query, QueryError, parse
from probes.record import AutonomousSystem, Host, HostSource
from tests.connections import GITHUB, NETLINK, connections, made_by

V6 = replace(GITHUB, family=10, address="2001:db8::1", port=53, host=None, system=None)
GUESSED = replace(GITHUB, host=Host("cdn.example", HostSource.OTHER_PROCESS))
GONE = made_by(executable=None, comm="wget", args=())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "pid:8549",
        "PID:8549",
        "user:alice",
        "user:1000",
        "proc:curl",
        "proc:CURL",
        "proc:/usr/bin",
        "host:github",
        "host:GitHub.com",
        "as:36459",
        "as:AS36459",
        "as:as36459",
        "as:hub",
        "port:443",
        "port:0443",
        "curl",
        "alice",
        "140.82",
        "140.82.118.3:443",
        ":443",
        "github.com",
        "AS36459",
        '"AS36459 (GITHUB)"',
        "AF_INET",
        'proc:"curl"',
        "proc:curl port:443   user:alice github",
    ],
)
def test_matches_the_connection_it_describes(text: str) -> None:
    assert parse(text).matches(GITHUB)


@pytest.mark.parametrize(
    "text",
    [
        "pid:8548",
        "pid:854",
        "user:ali",
        "user:Alice",
        "user:100",
        "proc:wget",
        "proc:github",
        "host:gitlab",
        "host:140.82",
        "as:3645",
        "as:13335",
        "as:cloud",
        "port:44",
        "port:80",
        "AF_INET6",
        "wget",
        "proc:curl port:80",
        '"curl github"',
        '"proc:curl"',
    ],
)
def test_leaves_out_what_it_does_not_describe(text: str) -> None:
    assert not parse(text).matches(GITHUB)


def test_finds_other_kinds_of_connection() -> None:
    assert parse("[2001:db8::1]:53").matches(V6)
    assert parse("2001:db8::1").matches(V6)
    assert parse("2001:DB8").matches(V6)
    assert parse("AF_NETLINK").matches(NETLINK)
    assert parse("netlink proc:curl").matches(NETLINK)
    assert not parse("port:443").matches(NETLINK)
    assert not parse("host:github").matches(NETLINK)
    assert not parse("as:github").matches(NETLINK)
    assert parse("host:~cdn").matches(GUESSED)
    assert parse("host:cdn").matches(GUESSED)
    assert parse("[wget]").matches(GONE)
    assert parse("proc:wget").matches(GONE)
    assert parse('proc:"my app"').matches(made_by(executable="/opt/My App/run"))
    assert parse(r'proc:"a \"b\" \\c"').matches(made_by(comm='a "b" \\c'))
    assert parse("as:as-colo").matches(
        replace(GITHUB, system=AutonomousSystem(36352, "AS-COLOCROSSING"))
    )


def test_an_address_that_begins_with_letters_is_not_a_key() -> None:
    assert parse("fd::1").matches(replace(V6, address="fd::1"))
    assert parse("fe80::ab:cd").matches(replace(V6, address="fe80::ab:cd"))


def test_what_is_shown_can_be_searched() -> None:
    hostile = made_by(comm="a\x1b[31m")
    assert parse(r"proc:a\x1b[31m").matches(hostile)
    assert parse("proc:a\x1b[31m").matches(hostile)
    assert not parse("\x1b").matches(GITHUB)


def test_one_query_tells_rows_of_different_processes_apart() -> None:
    query = parse("curl")
    rows = [GITHUB, replace(GONE, host=None), GITHUB, replace(GITHUB, process=GONE.process)]
    assert [query.matches(row) for row in rows] == [True, False, True, False]


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        (
            "curl prot:80",
            5,
            "unknown key 'prot': did you mean 'proc' or 'port'? "
            "(known: pid, user, proc, host, as, port)",
        ),
        ("usr:bob", 0, "did you mean 'user'?"),
        ("asn:1", 0, "did you mean 'as'?"),
        ("uid:0", 0, "did you mean 'user'?"),
        ("https://x", 0, "to search for it as text, put it in quotes"),
        ("a pid:", 6, "'pid:' needs a value, such as pid:1234"),
        ("host: github", 5, "'host:' needs a value, such as host:github"),
        ('proc:""', 5, "'proc:' needs a value, such as proc:curl"),
        ("pid:abc", 4, "a process id is a number from 1 to 4194304, not 'abc'"),
        ("pid:0", 4, "a process id is a number from 1 to 4194304, not '0'"),
        ("pid:٣", 4, "not '٣'"),
        ("pid:" + "9" * 5000, 4, "not '99999999999999999999...'"),
        ("port:0", 5, "a port is a number from 1 to 65535, not '0'"),
        ("port:65536", 5, "a port is a number from 1 to 65535, not '65536'"),
        ("port:-1", 5, "not '-1'"),
        ("as:4294967296", 3, "an AS number is a number from 0 to 4294967295, not '4294967296'"),
        ('foo "bar', 4, "this quote is never closed"),
        ('proc:"my app', 5, "this quote is never closed"),
        ('foo ""', 4, "nothing stands between the quotes"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.position == position


def test_an_error_message_cannot_act_on_the_terminal() -> None:
    with pytest.raises(QueryError) as caught:
        parse("pid:\x1b[2J")
    assert str(caught.value).isprintable()


def test_joins_pins_and_typed_terms() -> None:
    pinned = Query.of(Key.PID, 8549) & Query.of(Key.USER, "alice") & parse("port:443 pid:8549")
    assert str(pinned) == "pid:8549 user:alice port:443"
    assert pinned.matches(GITHUB)
    assert not pinned.matches(replace(GITHUB, port=80))
    assert Query.everything & pinned == pinned
    assert parse("") == Query.everything
    assert Query.everything.matches(NETLINK)
    with pytest.raises(QueryError, match="not 'x'"):
        Query.of(Key.PORT, "x")


# Text made of the pieces that the language gives a meaning, and of anything.
_pieces = st.sampled_from(
    ["pid:", "user:", "proc:", "host:", "as:", "port:", "AS", "prot:", '"', "\\", " ", ":", "::"]
)
_lines = st.lists(st.one_of(_pieces, st.text(max_size=4), st.integers(0, 99).map(str))).map("".join)


@settings(deadline=None)
@given(_lines)
def test_any_text_is_a_query_or_an_error_within_it(text: str) -> None:
    result = _parsed(text)
    assert str(result).isprintable()
    if isinstance(result, QueryError):
        assert 0 <= result.position <= len(text)
    else:
        assert parse(str(result)) == result


def _parsed(text: str) -> Query | QueryError:
    try:
        return parse(text)
    except QueryError as error:
        return error


_values = st.text(min_size=1, max_size=12)
_terms = st.one_of(
    st.builds(Query.of, st.just(Key.PID), st.integers(1, 4194304)),
    st.builds(Query.of, st.just(Key.PORT), st.integers(1, 65535)),
    st.builds(Query.of, st.sampled_from([Key.USER, Key.PROC, Key.HOST]), _values),
    st.builds(Query.of, st.just(Key.AS), st.integers(0, 0xFFFF_FFFF)),
)


@settings(deadline=None)
@given(st.lists(_terms, max_size=4), connections)
def test_the_printed_query_is_the_same_query(terms: list[Query], connection: object) -> None:
    query = Query.everything
    for term in terms:
        query &= term
    again = parse(str(query))
    assert again == query
    assert again.matches(connection) == query.matches(connection)  # type: ignore[arg-type]
