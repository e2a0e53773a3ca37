"""Groups and the tree of processes against the plain way: everything counted anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from app.filters.query import Query, parse
from app.session import counting, listing
from app.session.branches import Branch, Branches
from app.session.facets import DESTINATION, GROUPINGS, HOST, PROGRAM, SYSTEM, UNIT, USER, Facet
from app.session.groups import Groups
from app.session.members import Group, Members
from app.session.store import CHUNK, Store
from app.session.view import Grouping, View
from probes.connections import Connections
from probes.outcome import ABANDONED, CONNECTED, IN_PROGRESS
from probes.record import Ancestor, AutonomousSystem, Connection, Process, Resolution
from probes.results import Results
from tests.connections import CURL, GITHUB, NETLINK
from tests.rows import many

INIT = Ancestor(1, "", "/sbin/init", ())
SHELL = Ancestor(50, "", "/bin/sh", ())
PROCESSES = [
    replace(CURL, pid=101, parents=(SHELL, INIT), unit=None, user="alice"),
    replace(CURL, pid=102, parents=(SHELL, INIT), unit="a.service", user="bob"),
    replace(CURL, pid=103, executable="/bin/wget", parents=(INIT,), unit="a.service"),
    replace(CURL, pid=50, executable="/bin/sh", parents=(INIT,), unit=None, user="alice"),
    replace(CURL, pid=104, executable=None, comm="gone", parents=(), parent=7),
    replace(CURL, pid=105, executable="/bin/x", parents=(), parent=None, unit=None),
]
ADDRESSES = [f"192.0.2.{number}" for number in range(4)]
SYSTEMS = [None, AutonomousSystem(64500, ""), AutonomousSystem(64501, "NET")]
QUERIES = ["", "proc:curl", "!user:bob", "host:*", "result:connected", "tree:50", "port:80"]


def grouped_by(facets: tuple[Facet, Facet]) -> Grouping:
    return lambda store, matches: Groups(store, matches, facets)


def parts_of(row: Connection) -> tuple[object, ...]:
    rows = Connections.of([row])
    return rows.processes[0], rows.endpoints[0], rows.hosts[0], rows.ports[0]


Plain = dict[object, tuple[int, int, "Plain"]]


def is_failed(row: Connection) -> bool:
    return row.outcome is not None and row.outcome.kind not in ("connected", "in-progress")


def recounted(rows: list[Connection], facets: tuple[Facet, ...]) -> Plain:
    if not facets:
        return {}
    by: dict[object, list[Connection]] = defaultdict(list)
    for row in rows:
        by[facets[0].key(*parts_of(row))].append(row)  # type: ignore[arg-type]
    return {
        key: (len(own), sum(map(is_failed, own)), recounted(own, facets[1:]))
        for key, own in by.items()
    }


def counted(members: Members | None) -> Plain:
    if members is None:
        return {}
    assert all(key == group.key for key, group in members.groups.items())
    return {
        key: (group.count, group.failed, counted(group.members))
        for key, group in members.groups.items()
    }


def line_of(process: Process) -> list[int]:
    parents = [ancestor.pid for ancestor in process.parents]
    if not parents and process.parent:
        parents = [process.parent]
    return [*reversed(parents), process.pid]


def recounted_tree(rows: list[Connection], depth: int = 0) -> Plain:
    by: dict[object, list[Connection]] = defaultdict(list)
    for row in rows:
        line = line_of(row.process)
        if len(line) > depth:
            by[line[depth]].append(row)
    return {
        pid: (
            len(own),
            sum(len(line_of(row.process)) == depth + 1 for row in own),
            recounted_tree(own, depth + 1),
        )
        for pid, own in by.items()
    }


def counted_tree(members: Members) -> Plain:
    found: Plain = {}
    for pid, branch in members.groups.items():
        assert isinstance(branch, Branch)
        assert branch.members is not None
        found[pid] = branch.count, branch.own, counted_tree(branch.members)
    return found


class Life:
    """A session in which anything happens, by chance."""

    def __init__(self, seed: int, grouping: Grouping) -> None:
        self.chance = Random(seed)
        self.now = 0
        self.store = Store(60)
        self.view = View(self.store, now_ns=lambda: self.now)
        self.grouping = grouping
        self.number = 0

    @property
    def rows(self) -> list[Connection]:
        return [self.view[index] for index in range(len(self.view))]

    def finish(self) -> None:
        while self.view.is_working:
            self.view.work(1)

    def step(self) -> None:
        acts = [self.add] * 4 + [self.work] * 3
        acts += [self.learn, self.settle, self.filter, self.group, self.age]
        self.chance.choice(acts)()

    def add(self) -> None:
        rows = Connections()
        for _ in range(self.chance.randrange(1, 20)):
            self.now += 1_000_000_000
            address = self.chance.choice([*ADDRESSES, None])
            row = replace(
                NETLINK if address is None else GITHUB,
                process=self.chance.choice(PROCESSES),
                time_ns=self.now,
                address=address,
                port=None if address is None else self.chance.choice([80, 443]),
                host=None,
                system=self.chance.choice(SYSTEMS) if address else None,
            )
            rows.append(row)
            self.number += 1
            rows.numbers[-1] = self.number
            rows.outcomes[-1] = IN_PROGRESS
        self.store.add(rows)
        if self.chance.random() < 0.8:
            self.view.catch_up()
        self.view.forget(self.store.evict())

    def work(self) -> None:
        self.view.work(0)

    def learn(self) -> None:
        process = self.chance.choice([None, *PROCESSES])
        name = self.chance.choice(["a.example", "b.example"])
        told = Resolution(1, process, self.chance.choice(ADDRESSES), name)
        self.view.changed(self.store.learn(told), "host")

    def settle(self) -> None:
        results = Results()
        for _ in range(5):
            number = self.chance.randrange(max(1, self.number - 50), self.number + 2)
            results.add(number, self.chance.choice([CONNECTED, 111, ABANDONED, IN_PROGRESS]))
        self.view.changed(self.store.settle(results), "result")

    def age(self) -> None:
        self.view.age()

    def filter(self) -> None:
        self.view.filter(parse(self.chance.choice([*QUERIES, "since:30s"])))

    def group(self) -> None:
        self.view.group(None if self.chance.random() < 0.2 else self.grouping)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(counting, "_AT_ONCE", 7)
    monkeypatch.setattr(listing, "_AT_ONCE", 7)
    return


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("facets", GROUPINGS, ids=lambda facets: facets[0].name)
def test_groups_are_what_a_recount_gives(facets: tuple[Facet, Facet], seed: int) -> None:
    life = Life(seed, grouped_by(facets))
    life.view.group(life.grouping)
    for _ in range(60):
        life.step()
        if life.chance.random() < 0.3 and life.view.grouped is not None:
            life.finish()
            assert counted(life.view.grouped.members) == recounted(life.rows, facets)


@pytest.mark.parametrize("seed", range(40))
def test_the_tree_is_what_a_recount_gives(seed: int) -> None:
    life = Life(seed, Branches)
    life.view.group(life.grouping)
    for _ in range(60):
        life.step()
        if life.chance.random() < 0.3 and life.view.grouped is not None:
            life.finish()
            assert counted_tree(life.view.grouped.members) == recounted_tree(life.rows)


@pytest.mark.parametrize("seed", range(15))
def test_a_group_lists_the_rows_that_it_counts_and_its_query_keeps_them(seed: int) -> None:
    facets = GROUPINGS[seed % len(GROUPINGS)]
    life = Life(seed, grouped_by(facets))
    for _ in range(40):
        life.step()
    life.filter()
    life.view.group(life.grouping)
    life.finish()
    groups = life.view.grouped
    assert isinstance(groups, Groups)
    rows = life.rows
    for outer, group in groups.members.groups.items():
        query = groups.query((outer,))
        assert [row for row in rows if query.matches(row)] == [
            row
            for row in rows
            if facets[0].key(*parts_of(row)) == outer  # type: ignore[arg-type]
        ]
        assert group.members is not None
        assert groups.listing((outer,), group) is None
        for inner, within in group.members.groups.items():
            found = groups.listing((outer, inner), within)
            assert found is not None
            life.finish()
            listed = [life.store[number] for number in found.numbers]
            query = groups.query((outer, inner))
            assert listed == [row for row in rows if query.matches(row)][::-1]
            assert len(listed) == within.count


def test_a_branch_says_what_the_process_was_when_it_connected_or_else_made_another() -> None:
    store = Store()
    view = View(store)
    view.group(Branches)
    shell = replace(CURL, pid=50, executable="/bin/dash", parents=(INIT,))
    store.add(Connections.of([replace(GITHUB, process=PROCESSES[0])]))
    view.catch_up()
    assert view.grouped is not None
    init = view.grouped.members.groups[1]
    assert isinstance(init, Branch)
    assert init.who.label == "/sbin/init"
    assert init.members is not None
    branch = init.members.groups[50]
    assert isinstance(branch, Branch)
    assert branch.who.label == "/bin/sh"
    store.add(Connections.of([replace(GITHUB, process=shell)]))
    store.add(Connections.of([replace(GITHUB, process=PROCESSES[1])]))
    view.catch_up()
    assert branch.who.label == "/bin/dash", "what connected itself is known best"
    assert (branch.count, branch.own) == (3, 1)


def test_a_long_session_is_grouped_step_by_step_beside_what_comes_and_goes() -> None:
    store = Store(3 * CHUNK)
    ticks = iter(range(10**9))
    view = View(store, clock=lambda: float(next(ticks)))
    store.add(many(3 * CHUNK))
    view.catch_up()
    view.filter(parse("!user:u1"))
    view.work(0)  # it looks back still
    view.group(grouped_by((USER, PROGRAM)))
    for turn in range(1, 40):
        store.add(many(500, 3 * CHUNK + 500 * turn))
        view.catch_up()
        view.forget(store.evict())
        view.work(0)
    while view.is_working:
        view.work(0)
    assert view.grouped is not None
    rows = [view[index] for index in range(len(view))]
    assert counted(view.grouped.members) == recounted(rows, (USER, PROGRAM))


@pytest.mark.parametrize(
    ("facet", "key", "text"),
    [
        (PROGRAM, "/usr/bin/my curl", 'proc:="/usr/bin/my curl"'),
        (PROGRAM, "[kworker/0:1]", "proc:=kworker/0:1"),
        (PROGRAM, "/bin/\x1b[2J", r"proc:=/bin/\x1b[2J"),
        (HOST, (0, "github.com"), "host:=github.com"),
        (HOST, (1, "192.0.2.1"), "net:192.0.2.1 !host:*"),
        (HOST, (2, "AF_NETLINK"), "family:AF_NETLINK"),
        (SYSTEM, AutonomousSystem(13335, "X"), "as:13335"),
        (SYSTEM, None, "!as:*"),
        (UNIT, "ssh.service", "unit:=ssh.service"),
        (UNIT, None, "!unit:*"),
        (USER, "alice", "user:alice"),
        (DESTINATION, (0, "a.example", 443), "host:=a.example port:443"),
        (DESTINATION, (1, "2001:db8::1", 0), "net:2001:db8::1 !host:*"),
    ],
)
def test_a_group_is_asked_for_in_the_language_of_filters(
    facet: Facet, key: object, text: str
) -> None:
    assert str(facet.query(key)) == text
    assert parse(text) == facet.query(key) or str(parse(text)) == text


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ((0, "a.example", 443), "a.example:443"),
        ((1, "192.0.2.1", 0), "192.0.2.1"),
        ((1, "2001:db8::1", 443), "[2001:db8::1]:443"),
        ((2, "AF_NETLINK", 0), "AF_NETLINK"),
    ],
)
def test_a_destination_is_written_as_in_the_table(key: object, label: str) -> None:
    assert DESTINATION.label(key) == label


def filled(counts: dict[str, int]) -> Members:
    members = Members()
    for at, (key, number) in enumerate(counts.items()):
        members.count(key, number, 0, at, Group)
    return members


@pytest.mark.parametrize("number", [10, 900, 3000])
def test_the_foremost_are_the_highest_by_any_measure_whatever_has_changed(number: int) -> None:
    chance = Random(number)
    members = filled({str(key): chance.randrange(1, 1000) for key in range(number)})
    by_count = lambda group: group.count  # noqa: E731
    by_time = lambda group: group.last_ns  # noqa: E731
    for turn in range(12):
        measure = (by_count, by_time)[turn // 3 % 2]
        found = members.foremost(measure)
        expected = sorted(((measure(g), g.last_ns) for g in members.groups.values()), reverse=True)
        assert [(measure(group), group.last_ns) for group in found] == expected[:500]
        assert len({group.key for group in found}) == len(found)
        for group in chance.choices(list(members.groups.values()) or [Group("")], k=300):
            if group.count > 0:
                change = chance.choice([-group.count, -1, 1, 500])
                members.count(group.key, change, 0, chance.randrange(10_000), Group)


def test_only_who_came_since_is_fresh() -> None:
    members = filled({"a": 1})
    assert members.fresh() == [], "nobody had asked"
    members.count("b", 1, 0, 0, Group)
    members.count("a", 1, 0, 0, Group)
    members.count("c", 1, 0, 0, Group)
    members.count("c", -1, 0, 0, Group)
    assert [group.key for group in members.fresh()] == ["b"]
    assert members.fresh() == []


def test_everything_is_no_condition_of_a_group_without_a_path() -> None:
    store = Store()
    view = View(store)
    view.group(grouped_by(GROUPINGS[0]))
    assert isinstance(view.grouped, Groups)
    assert view.grouped.query(()) == Query.everything
