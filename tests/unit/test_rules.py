"""Rules: read from a file, held against what was seen, and written from it."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.run.caller import Caller
from app.run.contacts import Contact, Contacts
from app.run.files import RuleFileError, read_rules, write_text
from app.run.learning import merged, rule_for, rules_for
from app.run.patterns import Pattern, resolvers
from app.run.reading import parse
from app.run.rules import RuleError, Rules
from probes.connections import Connections
from probes.record import AutonomousSystem, Connection, Host, HostSource
from tests.connections import GITHUB, NETLINK, connections, made_by

TODAY = date(2026, 11, 23)
MYSELF = Caller(None, "me", {})


def contacts(*rows: Connection) -> list[Contact]:
    made = Contacts()
    made.add([Connections.of(rows)])
    return list(made)


def contact(row: Connection = GITHUB) -> Contact:
    (found,) = contacts(row)
    return found


def allowed(text: str, row: Connection | Contact = GITHUB) -> bool:
    one = row if isinstance(row, Contact) else contact(row)
    return Rules(parse(text), frozenset({"192.0.2.53"})).allow(one)


@pytest.mark.parametrize(
    "says",
    [
        'process = "/usr/bin/curl"',
        'process = "*/curl"',
        'process = ["/bin/sh", "/usr/bin/c*l"]',
        'host = "github.com"',
        'host = "GitHub.COM."',
        'host = "*hub.*"',
        'net = "140.82.112.0/20"',
        'net = ["::/0", "140.82.118.3"]',
        "system = 36459",
        "system = [1, 36459]",
        "port = 443",
        "port = [80, 443]",
        'process = "/usr/bin/curl"\nhost = "github.com"\nsystem = 36459\nport = 443',
    ],
)
def test_what_is_true_of_it_allows_it(says: str) -> None:
    assert allowed(f"[[allow]]\n{says}\n")


@pytest.mark.parametrize(
    "says",
    [
        'process = "curl"',
        'process = "/usr/bin/curl "',
        'host = "*.github.com"',
        'host = "github.co"',
        'net = "192.0.2.0/24"',
        'net = "::/0"',
        "system = 13335",
        "port = 80",
        'family = "AF_NETLINK"',
        'protocol = "udp"',
        'process = "/usr/bin/curl"\nport = 80',
        r'host = "github\\*"',
    ],
)
def test_what_is_not_true_of_it_does_not(says: str) -> None:
    assert not allowed(f"[[allow]]\n{says}\n")


def test_any_rule_of_several_is_enough_and_none_allows_nothing() -> None:
    assert allowed("[[allow]]\nport = 80\n[[allow]]\nport = 443\n")
    assert not allowed("# nothing yet\n")


def test_a_family_without_addresses_is_allowed_by_its_name() -> None:
    assert allowed('[[allow]]\nfamily = "af_netlink"\n', NETLINK)
    assert not allowed('[[allow]]\nnet = "0.0.0.0/0"\n', NETLINK)
    assert not allowed('[[allow]]\nhost = "*"\n', NETLINK)


def test_the_protocol_must_be_known_to_be_allowed() -> None:
    seen = replace(contact(), protocol="tcp")
    assert allowed('[[allow]]\nprotocol = "TCP"\n', seen)
    assert not allowed('[[allow]]\nprotocol = "udp"\n', seen)


def test_resolvers_are_this_machines_own() -> None:
    dns = replace(contact(), host=None, address="192.0.2.53", port=53)
    assert allowed('[[allow]]\nnet = "resolvers"\n', dns)
    assert not allowed('[[allow]]\nnet = "resolvers"\n', replace(dns, address="192.0.2.54"))
    assert 'net = "resolvers"  # 192.0.2.53 here' in rule_for(dns, frozenset({"192.0.2.53"}))
    assert 'net = "192.0.2.53"' in rule_for(dns, frozenset())


def test_resolvers_come_from_resolv_conf(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver\nnameserver 2001:DB8::1"
    )
    assert resolvers((file, tmp_path / "none")) == {"192.0.2.2", "2001:db8::1"}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("[[allow]\n", 1, 8, "Expected ']]'"),
        ('[[allow]]\nprocess = "x\n', 2, 13, "Illegal character"),
        ("[[allow]]\nport = ", 2, 8, "Invalid value"),
        ("[[allow]]\nport = 'https'\n", 2, 1, "'port' expects a whole number from 0 to 65535"),
        ("[[allow]]\nport = 65536\n", 2, 1, "'port' expects a whole number"),
        ("[[allow]]\nport = true\n", 2, 1, "'port' expects a whole number"),
        ("[[allow]]\nport = [443, '80']\n", 2, 1, "'port' expects a whole number"),
        (
            "[[allow]]\nport = 1\n\n[[allow]]\n  prot = 2\n",
            5,
            3,
            "'prot' is not known here; one of",
        ),
        ("[[allow]]\nhost = 3\n", 2, 1, "'host' expects text in quotes"),
        ("[[allow]]\nhost = ''\n", 2, 1, "'host' expects text in quotes"),
        ("[[allow]]\nhost = []\n", 2, 1, "'host' is empty"),
        ("[[allow]]\nnet = '10.0.0.1/8'\n", 2, 1, "has host bits set"),
        ("[[allow]]\nnet = 'example.org'\n", 2, 1, "'net' expects an address, a network such as"),
        ("# rules\n\n[[allow]]\n\n[[allow]]\nport = 1\n", 3, 1, "this allows everything"),
        ("[[allow]]\nport = 1\n[[deny]]\nport = 2\n", 3, 1, "'deny' is not known here"),
        ("allow = 3\n", 1, 1, "'allow' is not a table; [[allow]] is expected"),
        ("[allow]\nport = 1\n", 1, 1, "'allow' is not a table"),
        ("x = " + "[" * 20_000, 1, 1, "nested too deeply"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(RuleError) as error:
        parse(text)
    assert said in str(error.value)
    assert (error.value.line, error.value.column) == (line, column)


@given(st.text())
def test_any_text_is_rules_or_one_error(text: str) -> None:
    wrong: RuleError | None = None
    try:
        parse(text)
    except RuleError as error:
        wrong = error
    assert wrong is None or (min(wrong.line, wrong.column) >= 1 and str(wrong).isprintable())


@given(st.lists(connections, max_size=5), st.text(max_size=20))
def test_what_was_learned_is_allowed_and_needs_no_further_rule(
    rows: list[Connection], comment: str
) -> None:
    seen = contacts(*rows)
    lines = "".join(f"# {line}\n" for line in comment.split() if line.isprintable())
    text = merged(lines or None, seen, Rules(), TODAY)
    rules = Rules(parse(text))
    assert rules.outside(seen) == []
    assert text.startswith(lines)
    assert merged(text, seen, rules, TODAY) == text


@pytest.mark.parametrize(
    "other",
    [
        made_by(executable="/usr/bin/wget"),
        made_by(executable=None),
        replace(GITHUB, host=Host("github.io", HostSource.GETADDRINFO)),
        replace(GITHUB, host=None),
        replace(GITHUB, port=80),
        replace(GITHUB, system=AutonomousSystem(13335, "CLOUDFLARENET")),
        replace(GITHUB, system=None),
        NETLINK,
    ],
)
def test_what_was_learned_allows_nothing_else(other: Connection) -> None:
    assert not Rules(parse(rule_for(contact(), frozenset()))).allow(contact(other))


@given(st.text(), st.text())
def test_a_pattern_that_is_exact_matches_nothing_else(text: str, other: str) -> None:
    assert Pattern.exactly(text).matches(text)
    assert Pattern.exactly(text).matches(other) == (text == other)


def test_a_person_edits_and_learns_again() -> None:
    first = merged(None, contacts(GITHUB), Rules(), TODAY)
    assert '[[allow]]\nprocess = "/usr/bin/curl"\nhost = "github.com"\n' in first
    assert "system = 36459  # GITHUB\nport = 443\n" in first
    edited = first.replace('"github.com"', '"*.com"   # all of it').replace("\n", "\r\n")
    again = merged(edited, contacts(GITHUB), Rules(parse(edited)), TODAY)
    assert again == edited
    more = contacts(GITHUB, replace(GITHUB, port=80))
    added = merged(edited, more, Rules(parse(edited)), TODAY)
    assert added.startswith(edited)
    assert added.count("[[allow]]\n") == 1
    assert Rules(parse(added)).outside(more) == []


def test_a_name_that_only_another_process_asked_for_is_no_rule() -> None:
    known = replace(GITHUB, host=Host("github.com", HostSource.OTHER_PROCESS))
    rule = rule_for(contact(known), frozenset())
    assert 'net = "140.82.118.3"  # ~github.com\n' in rule
    # The next time it may be known otherwise, or not at all.
    for row in (known, GITHUB, replace(GITHUB, host=None)):
        assert Rules(parse(rule)).allow(contact(row))
    nameless = replace(GITHUB, host=None)
    assert len(rules_for(contacts(known, nameless), frozenset())) == 1
    answered = replace(GITHUB, host=Host("github.com", HostSource.DNS))
    assert 'host = "github.com"\n' in rule_for(contact(answered), frozenset())


def test_a_file_without_a_last_line_end_goes_on_in_a_new_line() -> None:
    text = "[[allow]]\nport = 1 # mine"
    assert merged(text, contacts(GITHUB), Rules(), TODAY).startswith(text + "\n")


def test_rules_that_cannot_be_added_to_are_told() -> None:
    with pytest.raises(RuleError, match="no rule can be added"):
        merged("allow = [{port = 1}]\n", contacts(GITHUB), Rules(), TODAY)


def test_a_rule_is_printed_once() -> None:
    other = replace(GITHUB, address="140.82.118.4")
    assert len(rules_for(contacts(GITHUB, other), frozenset())) == 1


def test_a_program_cannot_widen_its_rule_by_what_it_is_called() -> None:
    named = replace(
        GITHUB, process=replace(GITHUB.process, executable='/tmp/*"\n[[allow]]\nport=1')
    )
    rules = Rules(parse(rule_for(contact(named), frozenset())))
    assert len(rules.rules) == 1
    assert rules.allow(contact(named))
    other = replace(named, process=replace(named.process, executable="/tmp/other"))
    assert not rules.allow(contact(other))


def test_several_files_allow_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[allow]]\nport = 80\n")
    (tmp_path / "b.toml").write_text("[[allow]]\nport = 443\n")
    assert read_rules([tmp_path / "a.toml", tmp_path / "b.toml"], MYSELF).allow(contact())


def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"# caf\xe9\n")
    (tmp_path / "wrong").write_text("[[allow]]\nport = 'x'\n")
    for name, said in (
        ("none", "does not exist; --learn makes it"),
        ("latin", "is not UTF-8 text (byte 6)"),
        ("wrong", "wrong:2:1: 'port' expects"),
        (".", "cannot be read: Is a directory"),
    ):
        with pytest.raises(RuleFileError) as error:
            read_rules([tmp_path / name], MYSELF)
        assert said in str(error.value)


def test_a_file_keeps_its_mode_and_a_private_one_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    path.write_text("")
    path.chmod(0o664)
    write_text(path, "x", MYSELF, private=False)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("x", 0o664)
    write_text(path, "y", MYSELF, private=True)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("y", 0o600)


def test_a_system_without_a_name_needs_no_comment() -> None:
    nameless = replace(GITHUB, system=AutonomousSystem(65000, ""))
    assert "system = 65000\n" in rule_for(contact(nameless), frozenset())
