"""What is said of a run, in every form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.run.contacts import Contacts
from app.run.forms import FORMS, markdown, plain, web_page
from app.run.report import Report
from app.session.capture import Progress
from probes.connections import Connections
from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource
from tests.connections import GITHUB, NETLINK, connections, made_by, texts
from tests.sources import WATCHING

SEEN = Progress(watching=WATCHING, seen=3)


def report(*rows: Connection, **changes: object) -> Report:
    contacts = Contacts()
    contacts.add([Connections.of(rows)])
    made = Report(("curl", "-s", "https://x y"), "alice", 1.24, 7, contacts, SEEN)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_text_says_who_went_where_and_how_it_ended() -> None:
    text = plain(report(GITHUB, GITHUB, NETLINK, made_by(pid=8550)))
    assert (
        text
        == """\
curl -s 'https://x y' ran 1.2 s as alice and ended with 7
4 connections by 2 processes to 2 hosts; nothing lost
Not watched: connects of io_uring.

Processes:
  process        times run  connections  to
  /usr/bin/curl          2            4  github.com, AF_NETLINK

Hosts:
  host            connections  from
  github.com:443            3  /usr/bin/curl
  AF_NETLINK                1  /usr/bin/curl

Autonomous systems:
  system            connections  to
  AS36459 (GITHUB)            3  github.com
"""
    )


REFUSED = replace(GITHUB, outcome=Outcome(OutcomeKind.REFUSED, "ECONNREFUSED"))
GONE = replace(GITHUB, outcome=Outcome(OutcomeKind.FAILED, "EADDRNOTAVAIL"), port=80)
WAITING = replace(GITHUB, outcome=Outcome(OutcomeKind.IN_PROGRESS, "EINPROGRESS"))


def test_the_text_says_what_failed_and_how() -> None:
    elsewhere = replace(REFUSED, address="140.82.118.4")  # the same name
    late = replace(GITHUB, outcome=Outcome(OutcomeKind.TIMED_OUT, "ETIMEDOUT"))
    text = plain(report(GITHUB, REFUSED, elsewhere, late, GONE, WAITING))
    assert "6 connections by 1 process to 1 host, 4 failed; nothing lost\n" in text
    assert (
        """
Failures:
  process        failed  of  how                     to
  /usr/bin/curl       3   5  2 refused, 1 timed-out  github.com:443
  /usr/bin/curl       1   1  EADDRNOTAVAIL           github.com:80

Processes:
"""
        in text
    )


def test_every_form_says_what_failed() -> None:
    made = report(GITHUB, REFUSED, GONE)
    facts = json.loads(made.to_json())
    assert facts["failures"] == {"EADDRNOTAVAIL": 1, "refused": 1}
    failures = {one["port"]: one["failures"] for one in facts["contacts"]}
    assert failures == {80: {"EADDRNOTAVAIL": 1}, 443: {"refused": 1}}
    row = r"| /usr/bin/curl | 1 | 2 | refused | github\.com:443 |".replace(":", r"\:")
    assert "## Failures\n\n| process | failed | of | how | to |\n" in markdown(made)
    assert row in markdown(made)
    page = web_page(made)
    assert "<h2>Failures</h2>" in page
    assert "<td>1<td>2<td>refused<td>github.com:443" in page


@pytest.mark.parametrize(
    "outcome", {outcome.kind: outcome for outcome in OUTCOMES if outcome}.values()
)
def test_what_connected_or_still_waits_has_not_failed(outcome: Outcome) -> None:
    made = report(replace(GITHUB, outcome=outcome))
    went_on = outcome.kind in {OutcomeKind.CONNECTED, OutcomeKind.IN_PROGRESS}
    assert made.contacts.failed.total() == (0 if went_on else 1)
    assert ("Failures" in plain(made)) is not went_on


def test_what_is_not_known_of_results_is_said() -> None:
    assert "failed" not in plain(report(replace(GITHUB, outcome=None, latency_us=None)))
    lost = report(GITHUB, progress=replace(SEEN, outcomes_lost=2))
    assert "2 results could not be seen: more may have failed." in lost.notes
    without = replace(WATCHING, without_outcomes="no type information")
    said = report(GITHUB, progress=replace(SEEN, watching=without))
    assert "What failed is not known: no type information." in said.notes


def test_nothing_is_said_in_few_words() -> None:
    lines = plain(report(progress=Progress())).splitlines()
    assert lines[1:] == ["no connections; nothing lost"]


def test_what_is_missing_is_said() -> None:
    said = report(GITHUB, progress=replace(SEEN, lost=2, overflowed=1), left=1)
    assert "3 lost" in said.total
    assert said.notes[:2] == [
        "3 events could not be seen: this is not all.",
        "1 thread that the command started still runs, unwatched.",
    ]
    assert json.loads(said.to_json())["lost"] == 3


def test_the_short_form_leaves_out_the_end_of_long_tables() -> None:
    rows = [replace(GITHUB, host=None, address=f"192.0.2.{number}") for number in range(30)]
    short = plain(report(*rows), short=True)
    assert "  and 20 more" in short
    assert "192.0.2.29" not in short
    assert "192.0.2.29" in plain(report(*rows))


def test_json_has_every_contact_and_those_outside() -> None:
    made = report(GITHUB, GITHUB, NETLINK)
    facts = json.loads(replace(made, outside=[next(iter(made.contacts))]).to_json())
    assert (facts["status"], facts["connections"], facts["processes"]) == (7, 3, 1)
    assert facts["command"] == ["curl", "-s", "https://x y"]
    assert [one["port"] for one in facts["contacts"]] == [None, 443]
    assert facts["contacts"][1] == {
        "process": "/usr/bin/curl",
        "family": "AF_INET",
        "host": "github.com",
        "guess": False,
        "address": "140.82.118.3",
        "port": 443,
        "protocol": "tcp",
        "asn": 36459,
        "as_name": "GITHUB",
        "country": None,
        "connections": 2,
        "failures": {},
    }
    assert len(facts["outside"]) == 1
    assert "outside" not in json.loads(made.to_json())


def test_a_guess_is_marked() -> None:
    guess = replace(GITHUB, host=Host("github.com", HostSource.OTHER_PROCESS))
    assert "~github.com:443" in plain(report(guess))


def test_an_address_of_ipv6_has_brackets_before_its_port() -> None:
    assert "[2001:db8::1]:443" in plain(report(replace(GITHUB, host=None, address="2001:db8::1")))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


@given(st.lists(connections, max_size=3), st.lists(texts, max_size=3))
def test_nothing_that_others_chose_acts_in_any_form(
    rows: list[Connection], words: list[str]
) -> None:
    made = report(*rows, words=tuple(words))
    for write in FORMS.values():
        text = write(made)
        assert all(line.isprintable() for line in text.split("\n"))
        text.encode()
    page = Tags()
    page.feed(web_page(made))
    assert page.found <= set("html meta title style h1 p h2 table tr th td".split())


@pytest.mark.parametrize("text", ["<b>x</b>", "[x](y)", "a|b", "`x`", "*x*", "![i](u)", "@all"])
def test_markdown_is_shown_and_not_obeyed(text: str) -> None:
    written = markdown(report(made_by(executable=text)))
    assert re.search(rf"(?<!\\){re.escape(text)}", written) is None
    row = next(line for line in written.splitlines() if line.endswith("github\\.com |"))
    assert len(re.split(r"(?<!\\)\|", row)) == 6


def test_a_page_loads_nothing() -> None:
    page = web_page(report(GITHUB))
    assert "default-src 'none'" in page
    assert "src=" not in page.replace("default-src='none'", "")
    assert "http" not in page.replace("http-equiv", "").replace("https://x y", "")


def test_countries_are_told_where_they_are_known() -> None:
    assert "Countries" not in plain(report(GITHUB))
    system = AutonomousSystem(36459, "GITHUB", "US")
    made = report(replace(GITHUB, system=system), GITHUB)
    [table] = [table for table in made.tables() if table.title.startswith("Countries")]
    assert table.rows == (("US", "1", "AS36459 (GITHUB)"),)
    countries = [one["country"] for one in json.loads(made.to_json())["contacts"]]
    assert sorted(countries, key=str) == [None, "US"]
