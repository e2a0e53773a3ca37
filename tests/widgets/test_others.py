"""What other connections have in common with one, in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.outcome import OutcomeKind
from probes.record import Connection
from tests.connections import GITHUB, connections, names
from widgets import others
from widgets.facts import Section
from widgets.others import Others, Ranked

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
SEVEN = Others(
    7,
    GITHUB.time_ns - 60 * SECOND,
    GITHUB.time_ns,
    Ranked((("/usr/bin/curl", 4), ("[git]", 2)), 1),
    Ranked((("140.82.118.3", 5), ("140.82.118.4", 2))),
    ((OutcomeKind.CONNECTED, 4), (OutcomeKind.ABANDONED, 2), (None, 1)),
)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def said(section: Section) -> dict[str, str]:
    return {fact.label: "".join(said.text for said in fact.spans) for fact in section.facts}


def lines(section: Section) -> list[str]:
    return ["".join(said.text for said in spans) for spans in section.lines]


def test_how_many_when_by_whom_and_how_it_ended() -> None:
    assert said(others.same_destination(GITHUB, SEVEN, "")) == {
        "Others": "7  22:12:20 to 22:13:20",
        "By": "curl 4 · [git] 2 · 1 more",
        "Results": "4 connected · 2 given up · 1 not known",
    }
    assert said(others.same_host(GITHUB, SEVEN, ""))["Addresses"] == (
        "140.82.118.3 5 · 140.82.118.4 2"
    )


def test_without_a_name_it_is_the_address_that_they_have_in_common() -> None:
    some = replace(SEVEN, places=Ranked((("443", 5), ("80", 2))))
    section = others.same_host(replace(GITHUB, host=None), some, "")
    assert said(section)["Ports"] == "443 5 · 80 2"
    (first, *_) = section.facts[0].spans
    assert first.value is not None
    assert first.value.asks == (("net", "140.82.118.3"),)


def test_while_they_are_sought_it_says_so() -> None:
    found = others.same_destination(GITHUB, SEVEN, "so far, 30%")
    assert said(found)["Others"] == "7  22:12:20 to 22:13:20  so far, 30%"
    assert said(others.same_destination(GITHUB, Others(), "…")) == {"Others": "…"}
    assert said(others.same_destination(GITHUB, Others(), "")) == {"Others": "none"}


@pytest.mark.parametrize(
    ("first_ns", "last_ns", "text"),
    [
        (0, 0, "at 22:13:20"),
        (-DAY, -DAY, "at 2023-11-13 22:13:20"),
        (-DAY, -DAY + SECOND, "2023-11-13 22:13:20 to 22:13:21"),
        (-DAY, 0, "2023-11-13 22:13:20 to 2023-11-14 22:13:20"),
    ],
)
def test_another_day_is_named(first_ns: int, last_ns: int, text: str) -> None:
    at = GITHUB.time_ns
    some = Others(2, at + first_ns, at + last_ns)
    assert said(others.same_destination(GITHUB, some, ""))["Others"] == f"2  {text}"


def test_the_systems_other_hosts_stand_below_each_other() -> None:
    some = replace(SEVEN, places=Ranked((("api.github.com", 1234), ("a.test", 2)), 5))
    section = others.same_system(GITHUB, some, "")
    assert list(said(section)) == ["Others"]
    assert lines(section) == [
        "  1,234  api.github.com",
        "      2  a.test",
        "         5 more hosts",
    ]


def test_what_there_is_nothing_to_say_of_is_empty() -> None:
    bare = replace(GITHUB, host=None, system=None)
    assert not others.same_host(replace(bare, address=None, port=None), SEVEN, "").facts
    assert not others.same_system(bare, SEVEN, "").facts
    assert not others.same_destination(replace(bare, address=None, port=None), SEVEN, "").facts


@given(connections, st.lists(names, max_size=3))
def test_nothing_in_it_can_act_on_the_terminal(row: Connection, seen: list[str]) -> None:
    ranked = Ranked(tuple((name, 1) for name in seen))
    some = replace(SEVEN, programs=ranked, places=ranked)
    for section in (
        others.same_destination(row, some, ""),
        others.same_host(row, some, ""),
        others.same_system(row, some, ""),
    ):
        for text in (*said(section).values(), *lines(section)):
            assert text.isprintable(), text
        said_all = [one for fact in section.facts for one in fact.spans]
        said_all += [one for line in section.lines for one in line]
        assert all(one.value.text.isprintable() for one in said_all if one.value)
