"""Which line a group is on, what moves and what stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from app.session import outline as outlines
from app.session.branches import Branches
from app.session.facets import GROUPINGS
from app.session.groups import Groups
from app.session.listing import LONGEST
from app.session.members import Group
from app.session.outline import Outline, Place
from app.session.store import Store
from app.session.view import Grouping, View
from probes.connections import Connections
from probes.record import Ancestor, Connection, Host, HostSource
from tests.connections import CURL, GITHUB

by_program: Grouping = lambda store, matches: Groups(store, matches, GROUPINGS[0])  # noqa: E731
by_count: Callable[[Group], int] = lambda group: group.count  # noqa: E731
by_pid: Callable[[Group], int] = lambda group: -group.key  # type: ignore[operator]  # noqa: E731


def made(program: str, host: str, **changes: object) -> Connection:
    process = replace(CURL, executable=program)
    named = Host(host, HostSource.GETADDRINFO)
    return replace(GITHUB, process=process, host=named, **changes)  # type: ignore[arg-type]


class Grouped:
    """A session in groups, and their lines."""

    def __init__(
        self, grouping: Grouping = by_program, *, opened: bool = False, max_rows: int = 1_000_000
    ) -> None:
        self.store = Store(max_rows)
        self.view = View(self.store)
        self.view.group(grouping)
        assert self.view.grouped is not None
        measure = by_pid if opened else by_count
        self.outline = Outline(self.view.grouped, measure, opened=opened)

    def add(self, *rows: Connection) -> None:
        self.store.add(Connections.of(rows))
        self.view.catch_up()
        self.view.forget(self.store.evict())

    def finish(self) -> None:
        while self.view.is_working:
            self.view.work(1)

    def turn(self, *path: object) -> None:
        assert self.outline.turn(path)
        self.finish()
        self.outline.refresh()

    @property
    def places(self) -> list[Place]:
        return [self.outline[line] for line in range(len(self.outline))]

    @property
    def lines(self) -> list[str]:
        """The last key of each line, behind dots for how far inside it is."""
        return ["." * (len(place.path) - 1) + str(place.path[-1]) for place in self.places]


def test_groups_stand_in_order_and_new_ones_behind_until_they_are_arranged() -> None:
    shown = Grouped()
    shown.add(made("/a", "x"), *[made("/b", "x")] * 2)
    shown.outline.arrange()
    assert shown.lines == ["/b", "/a"]
    shown.add(*[made("/a", "x")] * 5, made("/c", "x"))
    shown.outline.refresh()
    assert shown.lines == ["/b", "/a", "/c"]
    assert [place.node.group.count for place in shown.places if place.node] == [2, 6, 1]
    shown.outline.arrange()
    assert shown.lines == ["/a", "/b", "/c"]


def test_a_group_opens_into_its_destinations_and_these_into_connections_newest_first() -> None:
    shown = Grouped()
    shown.add(made("/a", "x"), made("/a", "y"), made("/b", "y"), made("/a", "y"))
    shown.outline.arrange()
    shown.turn("/a")
    y = (0, "y", 443)
    assert shown.lines == ["/a", f".{y}", ".(0, 'x', 443)", "/b"]
    shown.turn("/a", y)
    assert [place.row for place in shown.places] == [None, None, 3, 1, None, None]
    shown.add(made("/a", "y"), made("/a", "z"))
    shown.outline.refresh()
    assert [place.row for place in shown.places] == [None, None, 3, 1, None, None, None], (
        "what comes is counted, and listed when it is asked for"
    )
    assert shown.lines[-2:] == [".(0, 'z', 443)", "/b"]
    shown.outline.arrange()
    assert [place.row for place in shown.places][2:5] == [4, 3, 1]
    shown.turn("/a")
    assert shown.lines == ["/a", "/b"]
    shown.turn("/a")
    assert f".{y}" in shown.lines


def test_a_place_is_found_wherever_its_line_went() -> None:
    chance = Random(1)
    shown = Grouped()
    for turn in range(30):
        rows = [made(f"/{chance.randrange(9)}", f"{chance.randrange(4)}") for _ in range(20)]
        shown.add(*rows)
        if turn % 3:
            shown.outline.refresh()
        else:
            shown.outline.arrange()
        for place in chance.choices(shown.places, k=3):
            shown.outline.turn(place.path)
            shown.finish()
        shown.outline.refresh()
        for line, place in enumerate(shown.places):
            assert shown.outline.index(place.path) == line
    assert len(shown.outline) > 100
    assert shown.outline.index(("nonesuch",)) is None
    with pytest.raises(IndexError):
        shown.outline[len(shown.outline)]


def test_what_is_evicted_leaves_and_so_do_groups_without_connections() -> None:
    shown = Grouped(max_rows=4)
    shown.add(made("/a", "x"), made("/b", "x"), made("/b", "x"), made("/b", "x"))
    shown.outline.arrange()
    shown.turn("/b")
    shown.turn("/b", (0, "x", 443))
    assert [place.row for place in shown.places] == [None, None, 3, 2, 1, None]
    shown.add(made("/c", "x"), made("/c", "x"))
    shown.outline.refresh()
    assert [place.row for place in shown.places] == [None, None, 3, 2, None]
    assert shown.lines[-1] == "/c"


def test_a_group_of_one_row_stays_where_it_is_when_its_result_comes() -> None:
    shown = Grouped()
    shown.add(made("/a", "x"), made("/b", "x"))
    shown.outline.arrange()
    before = [place.node and place.node.group for place in shown.places]
    old = shown.store[0]
    rows, index = shown.store.place(0)
    rows.outcomes[index] = 111
    shown.view.changed([(0, old)], "result")
    shown.outline.refresh()
    assert [place.node and place.node.group for place in shown.places] == before
    assert before[0] is not None
    assert sorted(group.failed for group in before if group) == [0, 1]


def test_groups_that_are_open_stay_so_under_another_filter() -> None:
    shown = Grouped()
    shown.add(made("/a", "x"), made("/a", "y"), made("/a", "y"), made("/b", "y"))
    shown.outline.arrange()
    shown.turn("/a")
    shown.view.filter(shown.view.query)
    shown.finish()
    assert shown.view.grouped is not None
    shown.outline.attach(shown.view.grouped)
    shown.outline.arrange()
    assert shown.lines == ["/a", ".(0, 'y', 443)", ".(0, 'x', 443)", "/b"]


def test_of_very_many_the_foremost_have_lines_and_the_others_are_counted() -> None:
    shown = Grouped()
    shown.add(*(made(f"/{number}", "x") for number in range(700)), made("/3", "x"))
    shown.outline.arrange()
    assert len(shown.outline) == 501
    assert shown.lines[0] == "/3"
    last = shown.outline[500]
    assert last.more is not None
    assert (last.more.hidden, last.node) == (200, None)
    assert shown.outline.index(last.path) == 500
    shown.turn("/3")
    assert shown.outline[501].path == last.path


def test_of_very_many_connections_the_newest_are_listed() -> None:
    shown = Grouped()
    shown.add(*[made("/a", "x")] * 1500)
    shown.outline.arrange()
    shown.turn("/a")
    shown.turn("/a", (0, "x", 443))
    assert [place.row for place in shown.places][2:] == list(range(1499, 1499 - LONGEST, -1))


def processes() -> list[Connection]:
    init, shell = Ancestor(1, "", "/sbin/init", ()), Ancestor(50, "", "/bin/sh", ())
    lines = [(101, (shell, init)), (102, (shell, init)), (60, (init,)), (50, (init,))]
    return [
        replace(GITHUB, process=replace(CURL, pid=pid, parents=parents)) for pid, parents in lines
    ]


def test_the_tree_is_open_until_it_is_closed_and_knows_where_lines_end() -> None:
    shown = Grouped(Branches, opened=True)
    shown.add(*processes())
    shown.outline.arrange()
    assert shown.lines == ["1", ".50", "..101", "..102", ".60"]
    assert [place.node.is_last for place in shown.places if place.node] == [
        (True,),
        (True, False),
        (True, False, False),
        (True, False, True),
        (True, True),
    ]
    assert shown.outline.turn((1, 50), is_open=False)
    assert shown.lines == ["1", ".50", ".60"]
    assert not shown.outline.turn((1, 50), is_open=False)
    assert not shown.outline.turn((1, 60)), "there is nothing in it"
    shown.add(*processes())
    shown.outline.arrange()
    assert shown.lines == ["1", ".50", ".60"]


def test_a_process_that_comes_to_an_open_branch_is_shown_with_its_line() -> None:
    shown = Grouped(Branches, opened=True)
    shown.add(*processes()[2:])
    shown.outline.arrange()
    assert shown.lines == ["1", ".50", ".60"]
    shown.add(*processes()[:2])
    shown.outline.refresh()
    assert shown.lines == ["1", ".50", "..101", "..102", ".60"]


def test_a_tree_has_no_more_lines_than_anybody_looks_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outlines, "_LINES", 50)
    shown = Grouped(Branches, opened=True)
    init = Ancestor(1, "", "/sbin/init", ())
    rows = [
        replace(
            GITHUB,
            process=replace(CURL, pid=pid, parents=(Ancestor(2 + pid % 9, "", None, ()), init)),
        )
        for pid in range(100, 400)
    ]
    shown.add(*rows)
    shown.outline.arrange()
    assert len(shown.outline) < 70
    assert shown.places[-1].more is not None
    assert len({place.path[1] for place in shown.places if len(place.path) == 2}) == 9, (
        "who made others is there"
    )
