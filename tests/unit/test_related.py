"""What else leads where one connection does: the same as a look at every row says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session import related, store
from app.session.related import Company, Related, Subject
from app.session.store import Store
from probes.connections import Connections
from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource, Resolution
from tests.connections import GITHUB, NETLINK, made_by

REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")
rows = st.builds(
    replace,
    st.sampled_from([GITHUB, made_by(executable="/usr/bin/wget"), made_by(executable=None)]),
    address=st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
    port=st.sampled_from([80, 443]),
    host=st.sampled_from(
        [None, *(Host(name, HostSource.DNS, 1) for name in ("a.test", "b.test", "c.test"))]
    ),
    system=st.sampled_from([None, AutonomousSystem(1, "ONE"), AutonomousSystem(2, "TWO")]),
    outcome=st.sampled_from([None, REFUSED, GITHUB.outcome]),
    time_ns=st.integers(10**18, 10**18 + 100),
)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (related, store):
        monkeypatch.setattr(module, "CHUNK", 4)


def complete(found: Related) -> Related:
    found.catch_up()
    while found.is_working:
        found.step()
    assert found.is_complete
    assert found.done == 1.0
    return found


def names(leaders: object) -> dict[str, int]:
    return {one.name: one.count for one in leaders.highest(lambda one: (one.count,))}  # type: ignore[attr-defined]


def check(company: Company, expected: list[Connection], places: Counter[str | None]) -> None:
    assert company.count == len(expected)
    del places[None]
    assert names(company.places) == places
    if expected:
        times = [row.time_ns for row in expected]
        assert company.span_ns == (min(times), max(times))


def check_who_and_how(company: Company, expected: list[Connection]) -> None:
    assert names(company.programs) == Counter(row.process.label for row in expected)
    kinds = Counter(row.outcome.kind if row.outcome else None for row in expected)
    assert dict(company.results) == kinds


def check_all(found: Related, kept: Store, subject: Connection) -> None:
    others = [kept[n] for n in range(kept.first, kept.end) if n != found.subject.sequence]
    to = [o for o in others if (o.address, o.port) == (subject.address, subject.port)]
    check(found.destination, to, Counter())
    check_who_and_how(found.destination, to)
    host = subject.host.name if subject.host else None
    if host is None:
        called = [o for o in others if o.address == subject.address]
        check(found.host, called, Counter(str(o.port) for o in called))
    else:
        called = [o for o in others if o.host and o.host.name == host]
        check(found.host, called, Counter(o.address for o in called))
    check_who_and_how(found.host, called)
    inside = [o for o in others if subject.system and o.system == subject.system]
    hosts = Counter(o.host.name for o in inside if o.host and o.host.name != host)
    check(found.system, inside, Counter(hosts))


@given(st.lists(rows, min_size=1, max_size=20), st.lists(rows, max_size=20), st.data())
def test_counts_are_those_of_a_look_at_every_row(
    first: list[Connection], then: list[Connection], data: st.DataObject
) -> None:
    kept = Store(max_rows=12)
    kept.add(Connections.of(first))
    kept.evict()
    at = data.draw(st.integers(kept.first, kept.end - 1))
    subject = kept[at]
    found = complete(Related(kept, Subject.of(at, subject)))
    check_all(found, kept, subject)
    kept.add(Connections.of(then))
    kept.evict()
    check_all(complete(found), kept, subject)


def test_what_is_told_later_is_counted_anew() -> None:
    kept = Store()
    nameless = replace(GITHUB, host=None)
    kept.add(Connections.of([GITHUB, nameless, *[NETLINK] * 9]))
    found = complete(Related(kept, Subject.of(0, GITHUB)))
    assert found.host.count == 0
    assert found.destination.count == 1
    assert GITHUB.host is not None
    changed = kept.learn(Resolution(0, GITHUB.process, "140.82.118.3", GITHUB.host.name))
    assert changed
    found.changed(changed)
    assert found.is_complete, "all of it was counted once"
    complete(found)
    assert found.host.count == 1


def test_the_newest_are_counted_first_and_it_says_how_far_it_is() -> None:
    kept = Store()
    kept.add(Connections.of([replace(GITHUB, port=1)] * 4 + [GITHUB] * 8))
    found = Related(kept, Subject.of(11, GITHUB))
    assert (found.done, found.is_complete) == (0.0, False)
    found.step()
    assert found.destination.count == 3
    found.step()
    assert (found.destination.count, round(found.done, 2)) == (7, 0.67)


def test_what_has_no_address_has_no_company() -> None:
    kept = Store()
    kept.add(Connections.of([NETLINK] * 3))
    assert not Related(kept, Subject.of(0, NETLINK)).is_working
