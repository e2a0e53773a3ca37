"""The details of a connection, in words, and as a sheet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from textual.app import App, ComposeResult

from probes.outcome import Outcome, OutcomeKind
from probes.record import Ancestor, Connection, Host, HostSource
from tests.connections import CURL, GITHUB, NETLINK, connections, made_by
from widgets import detail, who
from widgets.facts import Fact, FactSheet, Section
from widgets.tones import Tone
from widgets.values import Said

PACKAGE, PREFIX = "curl 7.88", "140.82.112.0/20"


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


def test_where_a_connection_leads_to() -> None:
    assert said(detail.destination(GITHUB, PREFIX)) == {
        "To": "140.82.118.3:443  AF_INET",
        "Host": "github.com  this process asked for it, just then",
        "AS": "AS36459 (GITHUB)  140.82.112.0/20",
        "Protocol": "tcp",
        "Result": "connected after 12 ms",
        "From": "192.168.7.20:51234",
        "Made": "2023-11-14 22:13:20.123456",
    }
    assert said(detail.destination(NETLINK, PREFIX)) == {
        "Family": "AF_NETLINK  which has no addresses",
        "Protocol": "netlink",
        "Made": "2023-11-14 22:13:20.123456",
    }
    bare = said(detail.destination(replace(GITHUB, host=None, system=None), PREFIX))
    assert (bare["Host"], bare["AS"]) == ("no name was seen", "none known")


@pytest.mark.parametrize("source", HostSource)
def test_every_source_of_a_name_has_words(source: HostSource) -> None:
    host = Host("github.com", source)
    text = said(detail.destination(replace(GITHUB, host=host), PREFIX))["Host"]
    assert text.startswith(f"{host.label}  ")
    assert any(word in text for word in ("guess", "nobody")) == host.is_guess


@pytest.mark.parametrize(
    ("learned", "said_so"),
    [(0, "just then"), (-5, "5 s before"), (90, "90 s afterwards"), (-7_300, "121 min before")],
)
def test_a_names_age_is_that_at_the_connection(learned: int, said_so: str) -> None:
    assert GITHUB.host is not None
    host = replace(GITHUB.host, learned_ns=GITHUB.time_ns + learned * 1_000_000_000)
    text = said(detail.destination(replace(GITHUB, host=host), PREFIX))["Host"]
    assert text.endswith(f", {said_so}")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_result_has_words(kind: OutcomeKind) -> None:
    outcome = Outcome(kind, "EPIPE" if kind is OutcomeKind.FAILED else None)
    text = said(detail.destination(replace(GITHUB, outcome=outcome), PREFIX))["Result"]
    assert text
    assert ("EPIPE" in text) == (kind is OutcomeKind.FAILED)


def test_who_made_it() -> None:
    assert said(who.process(GITHUB, PACKAGE)) == {
        "Program": "/usr/bin/curl",
        "Package": "curl 7.88",
        "Arguments": "curl -s https://github.com/",
        "PID": "8549  thread 8551, called curl",
        "User": "alice  1000",
        "Started": "2023-11-14 22:13:20.003  120.5 ms before it connected",
        "Container": "web  3f4a0b1c2d3e",
        "Unit": "session-3.scope",
        "Namespaces": "net 4026531840 · mnt 4026531841 · cgroup 5873",
    }


def test_what_is_not_known_is_left_out_or_said() -> None:
    none = dict.fromkeys(("start_ns", "container", "unit", "netns", "mntns", "cgroup"))
    row = replace(made_by(executable=None, args=(), **none), tid=CURL.pid)
    assert said(who.process(row, None)) == {
        "Program": "[curl]  a thread of the kernel's, or gone",
        "Package": "…",
        "Arguments": "none",
        "PID": "8549  called curl",
        "User": "alice  1000",
    }
    named = said(who.process(made_by(container="box", container_name="box"), PACKAGE))
    assert named["Container"] == "box"


@pytest.mark.parametrize(
    ("before_s", "text"),
    [
        (0.0021, "2.1 ms"),
        (-1, "0.0 ms"),
        (59.96, "60.0 s"),
        (5999, "99 min"),
        (12_000, "3 h 20 min"),
        (10**6, "11 days"),
    ],
)
def test_how_long_it_ran_is_short(before_s: float, text: str) -> None:
    row = made_by(start_ns=GITHUB.time_ns - int(before_s * 10**9))
    assert f"  {text} before" in said(who.process(row, PACKAGE))["Started"]


def test_who_started_it_stands_above_it() -> None:
    assert lines(who.lineage(CURL)) == [
        "1 /usr/lib/systemd/systemd",
        "└─ 8001 /usr/bin/bash",
        "  └─ 8549 /usr/bin/curl -s https://github.com/",
    ]


def test_a_line_that_does_not_begin_with_the_first_process_says_so() -> None:
    parents = (Ancestor(8001, "", "/usr/bin/bash", ()), Ancestor(7000, "", None, ()))
    assert lines(who.lineage(replace(CURL, parents=parents)))[:3] == [
        "…",
        "└─ 7000 [?]",
        "  └─ 8001 /usr/bin/bash",
    ]
    assert lines(who.lineage(replace(CURL, parents=()))) == ["not known"]


def test_a_long_line_keeps_room_for_words() -> None:
    parents = tuple(Ancestor(pid, "sh", "/bin/sh", ()) for pid in range(32, 0, -1))
    shown = lines(who.lineage(replace(CURL, parents=parents)))
    assert len(shown) == 33
    assert max(len(line.partition("└")[0]) for line in shown) < 30


@given(connections)
def test_nothing_in_it_can_act_on_the_terminal(row: Connection) -> None:
    sections = (
        detail.destination(row, PREFIX),
        who.process(row, PACKAGE),
        who.lineage(row.process),
    )
    for section in sections:
        texts = [*said(section).values(), *lines(section)]
        assert all(text.isprintable() for text in texts), texts


class Sheet(App[None]):
    def compose(self) -> ComposeResult:
        yield FactSheet()


async def test_facts_go_on_in_the_next_line_and_lines_are_cut() -> None:
    app = Sheet()
    async with app.run_test(size=(30, 12)) as pilot:
        sheet = app.query_one(FactSheet)
        tone = Tone.PLAIN
        facts = (Fact("Arguments", (Said("a" * 40, tone),)),)
        sheet.show((Section("First", facts), Section("Second", lines=((Said("b" * 40, tone),),))))
        await pilot.pause()
        strips = pilot.app.screen._compositor.render_strips()
        text = [strip.text.rstrip() for strip in strips][: sheet.size.height]
        assert text == [
            "First",
            f"Arguments  {'a' * 19}",
            f"           {'a' * 19}",
            "           aa",
            "",
            "Second",
            f"{'b' * 29}…",
        ]
