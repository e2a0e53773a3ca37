from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters.ages import Age
from app.filters.fields import FIELDS, field_named
from app.filters.query import Key, Query, QueryError, parse, parse_line
from app.filters.texts import Expression, Part, Stars, Whole
from app.filters.tree import Node, Term, all_of, any_of, negated
from probes.connections import Connections
from probes.record import AutonomousSystem, Connection, Host, HostSource, Process
from probes.text import visible
from tests.connections import CURL, GITHUB, NETLINK, addresses, connections, made_by

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
        "proc:=/usr/bin/curl",
        "proc:=CURL",
        "proc:cu*l",
        "proc:/usr/*/curl",
        r"proc:/^\/usr\/bin/",
        "proc:/C[uU]rl$/",
        "exe:curl",
        "host:*.com",
        "host:*",
        "host:/^git.ub\\.com$/",
        "/GIT.ub/",
        "*.com",
        "net:140.82.0.0/16",
        "net:140.82.118.3",
        "net:10.0.0.0/8,140.82.118.3",
        "net:public",
        "ip:140.82.118.3",
        "port:80,443",
        "port:400-500",
        "as:36000-37000",
        "as:AS1,AS36459",
        "as:/^git/",
        "family:inet",
        "family:ipv4",
        "af:AF_INET",
        "tree:8549",
        "tree:8001",
        "args:github",
        "container:3f4a",
        "container:*",
        "unit:session-3",
        "cgroup:5873",
        "since:2023-11-14T22:13:20+00:00",
        "!proc:wget",
        "not proc:wget",
        "NOT proc:wget",
        "!!curl",
        "!(proc:wget or port:80)",
        "proc:wget or port:443",
        "proc:wget OR port:443",
        "proc:wget || port:443",
        "proc:wget | port:443",
        "proc:curl and port:443",
        "proc:curl && port:443",
        "proc:curl & !port:80",
        "proc:wget port:80 or host:github port:443",
        "proc:curl (port:80 or port:443)",
        "(curl)(alice)",
        "((((curl))))",
        '!"proc:curl"',
        '"github"*',
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
        "proc:=curl/",
        "proc:=url",
        "proc:*url/",
        "host:git*hub",
        "host:*x*",
        "host:=github",
        "proc:/^curl.$/",
        "net:10.0.0.0/8",
        "net:private",
        "net:2001:db8::/32",
        "net:::/0",
        "port:80,8000-9000",
        "family:inet6",
        "tree:8551",
        "unit:*.service",
        "since:2023-11-14T22:13:21+00:00",
        "since:5m",
        "!curl",
        "!!wget",
        "!(proc:wget or port:443)",
        "proc:wget or port:80",
        "proc:curl (port:80 or port:81)",
        "proc:wget (port:80 or port:443)",
        "port:443 proc:wget or port:80 proc:curl",
        '"*"',
        '"or"',
        '"/git.ub/"',
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
            "curl pord:80",
            5,
            "unknown field 'pord': did you mean 'port'? (known: proc, pid, ",
        ),
        ("usr:bob", 0, "did you mean 'user'?"),
        ("https://x", 0, "to search for it as text, put it in quotes"),
        ("a pid:", 6, "'pid:' needs a value, such as pid:1234"),
        ("host: github", 5, "'host:' needs a value, such as host:*.github.com"),
        ('proc:""', 5, "'proc:' needs a value, such as proc:curl"),
        ("pid:abc", 4, "a process id is a number from 1 to 4194304, not 'abc'"),
        ("pid:0", 4, "a process id is a number from 1 to 4194304, not '0'"),
        ("pid:٣", 4, "not '٣'"),
        ("pid:" + "9" * 50, 4, "not '99999999999999999999...'"),
        ("port:0", 5, "a port is a number from 1 to 65535, not '0'"),
        ("port:65536", 5, "a port is a number from 1 to 65535, not '65536'"),
        ("port:-1", 5, "not '-1'"),
        ("as:4294967296", 3, "an AS number is a number from 0 to 4294967295, not '4294967296'"),
        ('foo "bar', 4, "this quote is never closed"),
        ('proc:"my app', 5, "this quote is never closed"),
        ('foo ""', 4, "nothing stands between the quotes"),
        ("a or", 2, "something to look for must follow 'or'"),
        ("a (b or)", 5, "something to look for must follow 'or'"),
        ("or a", 0, "something to look for must stand ahead of 'or'; in quotes it is a word"),
        ("a (or b)", 3, "must stand ahead of 'or'"),
        ("a !", 2, "something to look for must follow '!'"),
        ("a and or b", 6, "must stand ahead of 'or'"),
        ("(a (b)", 0, "this bracket is never closed"),
        ("a (b (c", 5, "this bracket is never closed"),
        ("a)", 1, "no bracket was opened that this one could close"),
        ("a ()", 3, "nothing stands between the brackets"),
        ("proc:!curl", 5, "'!' stands ahead of the field: !proc:curl"),
        ("= a", 0, "'=' stands behind a field's colon"),
        ("port:80,x", 5, "not 'x'"),
        ("port:90-80", 5, "not '90-80'"),
        ("port:/80/", 5, "a port is a number"),
        ("pid:1*", 4, "a process id is a number"),
        ("net:10.0.0.0/33", 4, "not '10.0.0.0/33'"),
        ("net:github.com", 4, "an address or network is such as 10.0.0.0/8"),
        ("since:5", 6, "a time is such as 30s, 5m"),
        ("since:0m", 6, "a time is such as"),
        ("since:25:00", 6, "a time is such as"),
        ("since:0001-01-01", 6, "a time is such as"),
        ("host:/(/", 5, "not a regular expression: missing ): ("),
        ("/(?=a)/", 0, "not a regular expression: invalid perl operator"),
        ("a @work", 2, "no filter is saved as @work: to save one, type @work = and a filter"),
        ("@", 0, "the name of a saved filter must follow '@'"),
        ("@work = a", 0, "filters are saved in the filter line of the screen"),
        ("(a or b " * 30 + "c" + ")" * 30, 0, "brackets go 24 deep at most"),
        ("a" * 2001, 2000, "a filter has 2,000 characters at most"),
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


def test_a_saved_filter_stands_by_its_name() -> None:
    saved = {"web": "port:80 or port:443", "own": "@web user:alice", "loop": "x @loop", "bad": "("}
    assert parse("@own", saved).matches(GITHUB)
    assert not parse("!@web", saved).matches(GITHUB)
    assert str(parse("curl @own", saved)) == "curl @own"
    assert parse_line("@mine = @web  or x", saved) == ("mine", parse("@web or x", saved))
    assert parse_line("@mine =", saved) == ("mine", Query.everything)
    for text, said in {
        "@loop": "@loop leads back to itself",
        "@bad": "@bad cannot be read: this bracket is never closed",
        "@other": "saved are @bad, @loop, @own, @web",
    }.items():
        with pytest.raises(QueryError, match=said):
            parse(text, saved)
    with pytest.raises(QueryError, match="@web would lead back to itself"):
        parse_line("@web = @own", saved)


def test_an_age_counts_back_from_the_clock() -> None:
    query = parse("since:1m30s")
    assert query.spans_ns == (90 * 10**9,)
    rows = Connections.of([GITHUB])
    ages = {89: True, 90: True, 91: False}
    for seconds, kept in ages.items():
        now = GITHUB.time_ns + seconds * 10**9
        assert query.test(lambda now=now: now)(rows) == bytes([kept])  # type: ignore[misc]
    assert parse("!(since:1m or since:2h) port:1").spans_ns


def test_an_expression_that_python_would_not_finish_is_answered() -> None:
    process = made_by(comm="a" * 15 + "!", executable="/" + "a" * 4000 + "!")
    assert not parse("proc:/^(a|a|aa)+$/").matches(process)
    assert not parse("*a*a*a*a*a*a*a*a*b").matches(process)


def test_one_query_asks_each_shared_object_once() -> None:
    asked: list[Process] = []

    class Counting(str):
        __slots__ = ()

        def casefold(self) -> str:
            asked.append(CURL)
            return super().casefold()

    row = made_by(executable=Counting("/usr/bin/curl"), comm=Counting("curl"))
    rows = Connections.of([row] * 1000)
    query = parse("proc:wget or !proc:nano")
    assert all(query.mask(rows))
    once = len(asked)
    assert all(query.mask(rows))
    assert len(asked) == once <= 6


# Text made of the pieces that the language gives a meaning, and of anything.
_signs = '" \\ * / ! ( ) = @ , - | & : :: or and not /a/ 5m 1.2.3.4/8 AS prot:'.split()
_fields = [f"{field.name}:" for field in FIELDS]
_pieces = st.sampled_from([*_signs, *_fields, " ", " ", "or ", "@a ", "=", "host:/"])
_lines = st.lists(st.one_of(_pieces, st.text(max_size=4), st.integers(0, 99).map(str))).map("".join)


@settings(deadline=None)
@given(_lines)
def test_any_text_is_a_query_or_an_error_within_it(text: str) -> None:
    result = _parsed(text)
    assert str(result).isprintable()
    if isinstance(result, QueryError):
        assert 0 <= result.position <= len(text)
        assert result.position <= result.end <= max(len(text), result.position + 1)
    else:
        assert _parsed(str(result)) == result


def _parsed(text: str) -> Query | QueryError:
    try:
        return parse(text, {"a": "b or c"})
    except QueryError as error:
        return error


_values = st.text(min_size=1, max_size=12)
_words = st.one_of(_values, st.sampled_from([*_signs, *_fields, "/x/", "@a", "fd::1"])).map(visible)
_patterns = st.sampled_from(["a", "^a.*b$", "a b", "(x|y)", 'q"q', "[*!@]", r"\/usr\/", "or", "#"])
_texts = st.one_of(
    st.builds(Part, _words),
    st.lists(_words, min_size=2, max_size=4).map(tuple).map(Stars),
    _words.map(lambda word: Stars(("", word))),
    _patterns.map(Expression),
)
_numbers = st.integers(1, 65535)
_leaves = st.one_of(
    st.builds(Term, st.none(), _texts),
    st.builds(Term, st.sampled_from([field_named("host"), field_named("proc")]), _texts),
    st.builds(lambda w: Term(field_named("unit"), Whole(w, folds=True, marked=True)), _words),
    st.builds(lambda w: Term(field_named("user"), Whole(w, folds=False, marked=False)), _words),
    st.builds(lambda n: Query.of("port", n).tree, _numbers),
    st.builds(lambda low: Query.of("as", f"{low}-{low + 9}").tree, st.integers(0, 4_000_000_000)),
    st.builds(lambda ip: Query.of("net", ip).tree, addresses),
    st.builds(lambda ip, bits: Query.of("net", f"{ip}/{bits}").tree, addresses, st.integers(0, 32)),
    st.integers(1, 10**8).map(lambda s: Term(field_named("since"), Age(s * 10**9))),
    st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(
        lambda t: Query.of("since", t.isoformat()).tree
    ),
)
_trees = st.recursive(
    _leaves,
    lambda nodes: st.one_of(
        nodes.map(negated),
        st.lists(nodes, min_size=1, max_size=3).map(all_of),
        st.lists(nodes, min_size=1, max_size=3).map(any_of),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(_trees, connections)
def test_the_printed_query_is_the_same_query(tree: Node, connection: Connection) -> None:
    query = Query(tree)
    again = parse(str(query))
    assert again == query
    assert str(again) == str(query)
    assert again.matches(connection) == query.matches(connection)


@settings(deadline=None)
@given(_trees, _trees, connections)
def test_not_and_or_mean_what_they_say(one: Node, other: Node, connection: Connection) -> None:
    a, b = Query(one).matches(connection), Query(other).matches(connection)
    assert Query(all_of([one, other])).matches(connection) == (a and b)
    assert Query(any_of([one, other])).matches(connection) == (a or b)
    assert Query(negated(one)).matches(connection) is not a
    assert (Query(one) & Query(other)).matches(connection) == (a and b)


def test_each_field_is_told_of_and_its_example_can_be_typed() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    names = [name for field in FIELDS for name in (field.name, *field.aliases)]
    assert len(set(names)) == len(names)
    for field in FIELDS:
        assert f"`{field.name}:`" in readme
        assert str(parse(f"{field.name}:{field.example}")) == f"{field.name}:{field.example}"
        for alias in field.aliases:
            assert parse(f"{alias}:{field.example}") == parse(f"{field.name}:{field.example}")
