"""Rules that say in the filter language what a command may connect to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.filters.errors import QueryError
from app.filters.fields import FIELDS
from app.filters.query import parse as parse_filter
from app.run.caller import Caller
from app.run.contacts import Contacts
from app.run.files import RuleFileError, read_rules
from app.run.judging import OUTSIDE, Judging
from app.run.learning import merged
from app.run.passing import REFUSED, Passing, read_filter
from app.run.reading import parse
from app.run.report import Report
from app.run.rules import RuleError, Rules
from app.session.capture import Progress
from probes.connections import Connections
from probes.outcome import Outcome, OutcomeKind
from probes.record import Connection
from tests.connections import GITHUB, NETLINK, connections, made_by

REFUSED_BY_PEER = replace(GITHUB, outcome=Outcome(OutcomeKind.REFUSED, "ECONNREFUSED"))
MYSELF = Caller(None, "me", {})


def seen(rules: Rules, *rows: Connection) -> Contacts:
    judging = Judging(None, rules, (), None, short=True, as_json=True)
    contacts = judging.contacts
    contacts.add([Connections.of(rows)])
    return contacts


def outside(text: str, *rows: Connection) -> int:
    rules = Rules(parse(text), frozenset({"192.0.2.53"}))
    return len(rules.outside(seen(rules, *rows)))


def rule(says: str) -> str:
    return f"[[allow]]\n{says}\n"


@pytest.mark.parametrize(
    "says",
    [
        "filter = 'proc:curl port:443 as:36459'",
        "filter = 'user:alice args:https unit:session-3.scope container:web'",
        "filter = 'result:connected call:connect proto:tcp family:ipv4'",
        "filter = 'host:*.com !net:private'",
        "filter = ['port:80', 'port:443']",
        "filter = 'proc:curl'\nport = 443",
        "filter = 'proc:curl'\nhost = 'github.com'\nprocess = '*/curl'",
        "filter = 'bare or github'",
        "filter = '''\nproc:curl\n  port:443\n'''",
    ],
)
def test_what_a_filter_keeps_is_allowed(says: str) -> None:
    assert outside(rule(says), GITHUB) == 0


@pytest.mark.parametrize(
    "says",
    [
        "filter = 'proc:wget'",
        "filter = ['proc:wget', 'port:80']",
        "filter = 'proc:curl'\nport = 80",
        "filter = 'port:80'\nprocess = '*/curl'",
        "filter = 'result:refused'",
        "filter = '!user:alice'",
    ],
)
def test_what_it_does_not_keep_is_not(says: str) -> None:
    assert outside(rule(says), GITHUB) == 1


def test_it_is_asked_about_each_connection_and_not_about_what_they_have_in_common() -> None:
    others = made_by(user="bob", uid=1001)
    only = rule("filter = 'user:alice'")
    assert outside(only, GITHUB, others) == 1
    assert outside(only + rule("filter = 'result:refused'"), others, REFUSED_BY_PEER) == 1
    assert outside(only + rule("filter = 'user:bob'"), GITHUB, others) == 0
    assert outside(only + rule("port = 443"), GITHUB, others) == 0
    assert outside(rule("filter = 'family:netlink'"), NETLINK) == 0


@given(st.lists(connections, max_size=6))
def test_a_filter_allows_what_it_keeps_whatever_is_beside_it(rows: list[Connection]) -> None:
    query = parse_filter("port:443 or proto:udp or user:root")
    rules = Rules(parse(rule("filter = 'port:443 or proto:udp or user:root'")))
    contacts = seen(rules, *rows)
    kept = seen(rules, *[row for row in rows if query.matches(row)])
    left = seen(rules, *[row for row in rows if not query.matches(row)])
    assert rules.outside(kept) == []
    assert rules.outside(contacts) == rules.outside(left) == list(left)
    assert contacts.total == len(rows)


@pytest.mark.parametrize("field", [field.name for field in FIELDS])
def test_each_field_is_judged_or_refused_with_a_reason(field: str) -> None:
    example = next(one.example for one in FIELDS if one.name == field)
    if field not in REFUSED:
        assert str(read_filter(f"{field}:{example}"))
        return
    with pytest.raises(QueryError, match=f"'{field}:' is refused: (in a rule it|a rule cannot)"):
        read_filter(f"proc:x !{field}:{example}")


def test_another_name_of_a_field_is_refused_too() -> None:
    with pytest.raises(QueryError, match="'tree:' is refused"):
        read_filter("ppid:1")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (rule('filter = "prot:443"'), (2, 11), "in 'filter', unknown field 'prot'"),
        (rule('filter = "proc:curl port:x"'), (2, 26), "not 'x'"),
        (rule("filter = 'proc:curl ('"), (2, 21), "this bracket is never closed"),
        (rule('  filter   =   "proc:curl or"'), (2, 27), "must follow 'or'"),
        (rule(r'filter = "args:\"a\u0062\" port:x"'), (2, 33), "not 'x'"),
        (rule('filter = ["port:80", # one\n  "port:81", \'port:x\']'), (3, 20), "not 'x'"),
        (rule('filter = """\nport:80\n port:x"""'), (4, 7), "not 'x'"),
        (rule('filter = """port:80 \\\n\n   port:x"""'), (4, 9), "not 'x'"),
        (rule("filter = '''\r\nport:80\r\nport:x'''"), (4, 6), "not 'x'"),
        (rule('"filter" = "port:x"'), (2, 18), "not 'x'"),
        ('[[allow]]\nport = 1\n\n[[allow]]\nport = 2\nfilter = "port:x"\n', (6, 16), "not 'x'"),
        (rule('filter = "since:5m"'), (2, 11), "'since:' is refused: a rule cannot ask for it"),
        (rule('filter = "x since:14:30"'), (2, 13), "'since:' is refused"),
        (rule('filter = "!tree:12"'), (2, 12), "another one each time"),
        (rule('filter = "@work"'), (2, 11), "'@work' is refused: a rule stands by itself"),
        (rule('filter = "@a = port:80"'), (2, 11), "saved in the filter line"),
        (rule('filter = " "'), (2, 11), "this allows everything; leave it out"),
        (rule('filter = ""'), (2, 1), "'filter' expects text in quotes"),
        (rule("filter = 443"), (2, 1), "'filter' expects text in quotes"),
        ('allow = [{filter = "port:x"}]\n', (1, 1), "not 'x'"),
    ],
)
def test_a_mistake_is_told_with_its_place_in_the_file(
    text: str, place: tuple[int, int], said: str
) -> None:
    with pytest.raises(RuleError) as error:
        parse(text)
    assert said in str(error.value)
    assert (error.value.line, error.value.column) == place


@given(st.text(max_size=30), st.sampled_from(['"', "'''", '"""']))
def test_any_filter_in_a_file_is_read_or_told(text: str, quote: str) -> None:
    wrong: RuleError | None = None
    lines = rule(f"filter = {quote}{text}{quote}")
    try:
        parse(lines)
    except RuleError as error:
        wrong = error
    if wrong is not None:
        assert str(wrong).isprintable()
        assert 1 <= wrong.line <= len(lines.split("\n")) + 1


def test_the_place_is_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    path.write_text(rule('filter = "proc:curl prot:443"'))
    with pytest.raises(RuleFileError, match=r"allow\.toml:2:21: in 'filter', unknown field 'prot'"):
        read_rules([path], MYSELF)


def test_a_filter_may_need_autonomous_systems() -> None:
    assert Rules(parse(rule("filter = 'port:1 !as:13335'"))).name_systems
    assert not Rules(parse(rule("filter = 'port:1'"))).name_systems


def report(contacts: Contacts) -> Report:
    return Report(("true",), "me", 1.0, 0, contacts, Progress())


def test_check_and_learn_go_by_filters(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    path.write_text(rule("filter = 'user:alice port:443'"))
    rules = read_rules([path], MYSELF)
    said: list[str] = []
    check = Judging(None, rules, (path,), None, short=True, as_json=True)
    bob = made_by(user="bob", uid=1001)
    assert check.end(report(seen(rules, GITHUB)), MYSELF, said.append) == 0
    assert check.end(report(seen(rules, GITHUB, bob)), MYSELF, said.append) == OUTSIDE
    assert [one["connections"] for one in json.loads(said[-1])["outside"]] == [1]
    learn = Judging(path, None, (), None, short=True, as_json=True, learned=rules)
    contacts = learn.contacts
    contacts.add([Connections.of([GITHUB])])
    learn.end(report(contacts), MYSELF, said.append)
    assert said[-1].startswith("0 rules added")
    contacts.add([Connections.of([bob])])
    learn.end(report(contacts), MYSELF, said.append)
    assert said[-1].startswith("1 rule added")
    assert path.read_text().count("filter") == 1, "what is learned are plain fields"
    assert 'process = "/usr/bin/curl"' in path.read_text()


def test_filters_that_were_changed_meanwhile_are_told(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    path.write_text(rule("filter = 'port:443'"))
    learn = Judging(
        path, None, (), None, short=True, as_json=True, learned=read_rules([path], MYSELF)
    )
    path.write_text(rule("filter = 'port:80'"))
    with pytest.raises(RuleFileError, match="were changed while the command ran"):
        learn.end(report(learn.contacts), MYSELF, lambda _text: None)
    assert path.read_text() == rule("filter = 'port:80'")


def test_a_file_with_filters_is_learned_into_once() -> None:
    text = rule("filter = 'user:alice'")
    rules = Rules(parse(text))
    assert merged(text, seen(rules, GITHUB), rules, date(2026, 11, 23)) == text


def test_many_filters_are_asked_once_each() -> None:
    rules = Rules(parse("".join(rule(f"filter = 'port:{port}'") for port in range(400, 480))))
    passing = Passing(rules.rules, rules.resolvers)
    (kept,) = passing.kept(Connections.of([GITHUB]))
    assert kept == 1 << 43
