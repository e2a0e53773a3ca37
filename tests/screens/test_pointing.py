"""From a value that is shown to a filter, or to the clipboard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Offset
from textual.pilot import Pilot

from app.filters.narrowing import Choice
from app.filters.query import parse
from app.screens import clipboard
from app.screens.dashboard import Dashboard
from app.screens.detail import DetailScreen
from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource, Resolution
from tests.connections import GITHUB, NETLINK, made_by
from tests.screens.shown import shown
from tests.screens.stage import Stage, recorded, settled
from widgets import detail, who
from widgets.facts import FactSheet
from widgets.ranking import Ranking
from widgets.values import Spot

SIZES = [(80, 24), (100, 30), (140, 40), (220, 60)]
HERE = made_by(container=None, container_name=None)
WGET = made_by(pid=77, comm="wget", executable="/usr/bin/wget", args=("wget",), user="bob", uid=9)
API = replace(
    WGET,
    address="140.82.121.5",
    host=Host("api.github.com", HostSource.GETADDRINFO),
    outcome=Outcome(OutcomeKind.REFUSED, "ECONNREFUSED"),
)
ELSEWHERE = replace(
    WGET, address="192.0.2.7", host=None, system=AutonomousSystem(64500, "DOC"), port=80
)


async def opened(pilot: Pilot[None], stage: Stage, *rows: Connection) -> DetailScreen:
    """Open the details of the last of these rows, and wait until all is found out."""
    await stage.give(pilot, *rows)
    await pilot.press("enter")
    screen = pilot.app.screen
    assert isinstance(screen, DetailScreen)
    # Nothing of what is awaited below stands there before anything does.
    company = screen._company
    await settled(pilot, lambda: company.subject is not None and not company.is_working)
    found = screen.query_one("#detail-facts", FactSheet)
    await settled(pilot, lambda: "Package', spans=(Said(text='…'" not in str(found.sections))
    await settled(
        pilot, lambda: "Others     …" not in shown(pilot) and "so far" not in shown(pilot)
    )
    return screen


def spots(pilot: Pilot[None]) -> dict[str, Spot]:
    """Where the values of the details are, by what is copied; the first of equal ones."""
    found: dict[str, Spot] = {}
    for sheet in pilot.app.screen.query(FactSheet):
        for spot in sheet.spots:
            found.setdefault(spot.value.text, spot)
    return found


async def pointed(pilot: Pilot[None], text: str) -> None:
    """Go on with tab until the cursor is on that value."""
    screen = pilot.app.screen
    assert isinstance(screen, DetailScreen)
    for _ in range(60):
        value = screen._pointer.value
        assert value is not None
        if value.text == text:
            return
        await pilot.press("tab")
    raise AssertionError(f"{text} was not to be found")


def typed(stage: Stage) -> str:
    return str(stage.app.session.filters.typed)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("press", ["enter", "slash"])
async def test_enter_keeps_the_value_under_the_cursor_and_goes_back(
    press: str, size: tuple[int, int]
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await opened(pilot, stage, ELSEWHERE, WGET, HERE)
        await pilot.press("down", press)
        assert not isinstance(pilot.app.screen, DetailScreen)
        assert typed(stage) == "host:=github.com"
        assert stage.rows == [WGET, HERE]
        assert pilot.app.focused is stage.table


async def test_exclamation_mark_leaves_it_out() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, ELSEWHERE, WGET, HERE)
        await pilot.press("right", "exclamation_mark")
        assert typed(stage) == "!port:443"
        assert stage.rows == [ELSEWHERE]


VALUES = [
    ("140.82.118.3", "net:140.82.118.3"),
    ("443", "port:443"),
    ("inet", "family:inet"),
    ("github.com", "host:=github.com"),
    ("AS36459", "as:36459"),
    ("tcp", "proto:tcp"),
    ("connected", "result:connected"),
    ("/usr/bin/curl", "proc:=/usr/bin/curl"),
    ("curl -s https://github.com/", 'args:="curl -s https://github.com/"'),
    ("8549", "pid:8549"),
    ("curl", "proc:=curl"),
    ("alice", "user:alice"),
    ("1000", "user:1000"),
    ("session-3.scope", "unit:=session-3.scope"),
    ("5873", "cgroup:5873"),
    ("8001", "tree:8001"),
    ("/usr/bin/bash", "proc:=/usr/bin/bash"),
    ("140.82.118.3:443", "net:140.82.118.3 port:443"),
    ("/usr/bin/wget", "proc:=/usr/bin/wget"),
    ("refused", "result:refused"),
    ("api.github.com", "host:=api.github.com"),
]


async def test_any_value_can_be_copied_and_filtered_by() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, replace(WGET, outcome=API.outcome), API, HERE)
        for value, text in VALUES:
            screen = await opened(pilot, stage)
            for sheet in reversed(list(screen.query(FactSheet))):
                for spot in reversed([one for one in sheet.spots if one.value.text == value]):
                    screen._pointer.go_to(sheet, spot)
            await pilot.press("y")
            assert pilot.app.clipboard == value
            await pilot.press("enter")
            assert typed(stage) == text
            await pilot.press("escape", "f")
            assert not stage.app.session.limits


async def test_what_is_there_is_found_by_its_own_values() -> None:
    """Every value of every recorded row that can be filtered by keeps that row."""
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *recorded(), GITHUB, NETLINK)
        tried = 0
        for row in stage.rows:
            sections = detail.destination(row, None), who.process(row, None)
            for section in (*sections, who.lineage(row.process)):
                said = [one for fact in section.facts for one in fact.spans]
                said += [one for line in section.lines for one in line]
                for value in [one.value for one in said if one.value and one.value.asks]:
                    if section.title != "Started by" or value.asks[0][0] == "tree":
                        tried += 1
                        assert Choice.of(value.asks).query.matches(row), (value, row)
        assert tried > 2000


@pytest.mark.parametrize("value", ["192.168.7.20:51234", "curl 7.88.1-10+deb12u14", "4026531840"])
async def test_what_no_filter_asks_for_says_so_and_can_be_copied(value: str) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40), notifications=True) as pilot:
        await opened(pilot, stage, HERE)
        await pointed(pilot, value)
        await pilot.press("enter")
        await settled(pilot, lambda: "No filter can ask for" in shown(pilot))
        assert isinstance(pilot.app.screen, DetailScreen)
        await pilot.press("y")
        assert pilot.app.clipboard == value
        await settled(pilot, lambda: "Copied the" in shown(pilot))


async def test_the_time_can_be_filtered_by_and_excluded() -> None:
    stage = Stage()
    early = replace(HERE, time_ns=HERE.time_ns - 10**10)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, stage, early, HERE)
        while not str(screen._pointer._spot).startswith("Spot(place=('Connection', 'Made'"):
            await pilot.press("down")
        await pilot.press("exclamation_mark")
        assert stage.rows == [early]


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_points_and_a_second_one_filters(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        screen = await opened(pilot, stage, ELSEWHERE, HERE)
        sheet = screen.query_one("#detail-facts", FactSheet)
        spot = spots(pilot)["AS36459"]
        for _ in range(2):
            assert isinstance(pilot.app.screen, DetailScreen)
            await pilot.click(sheet, offset=(spot.x + 1, spot.y))
            await pilot.pause()
        assert typed(stage) == "as:36459"
        assert stage.rows == [HERE]


async def test_a_click_beside_the_values_does_nothing() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, stage, HERE)
        before = screen._pointer._spot
        await pilot.click(screen.query_one("#detail-facts", FactSheet), offset=(2, 3))
        await pilot.hover(screen.query_one("#detail-facts", FactSheet), offset=(14, 3))
        assert screen._pointer._spot == before


@pytest.mark.parametrize("size", SIZES)
async def test_arrows_reach_everything_and_scroll_to_it(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        screen = await opened(pilot, stage, API, WGET, HERE)
        assert "140.82.118.3:443" in shown(pilot)
        await pilot.press(*["down"] * 40)
        assert "api.github.com" in shown(pilot)
        assert screen._pointer.value is not None
        assert screen._pointer.value.text == "api.github.com"
        await pilot.press(*["k"] * 40)
        assert screen._pointer.value.text == "140.82.118.3"
        assert shown(pilot).count("Process ") <= 2
        await pilot.press("l", "l", "h")
        assert screen._pointer.value.text == "443"
        await pilot.press("shift+tab", "shift+tab")
        assert screen._pointer.value.text == "api.github.com"


async def test_right_goes_to_the_other_column_where_there_is_one() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, stage, HERE)
        await pilot.press("down", "right")
        assert screen._pointer._spot is not None
        assert screen._pointer._spot.place[0] == "Started by"
        await pilot.press("left", "left", "left", "left")
        assert screen._pointer._spot.place[0] == "Connection"


async def test_the_cursor_stays_on_its_fact_from_connection_to_connection() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, stage, ELSEWHERE, WGET, HERE)
        await pointed(pilot, "alice")
        await pilot.press("N")
        assert screen._pointer.value is not None
        assert screen._pointer.value.text == "bob"
        await pilot.press("right_square_bracket", "enter")
        assert typed(stage) == "user:alice"


async def test_the_filter_grows_by_what_is_pointed_at() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        stage.app.session.filters.type(parse("port:443"))
        stage.app._board.apply_filters()
        await opened(pilot, stage, ELSEWHERE, API, WGET, HERE)
        await pointed(pilot, "api.github.com")
        await pilot.press("enter")
        assert typed(stage) == "port:443 host:=api.github.com"
        assert stage.rows == [API]
        await pilot.press("enter")
        await pointed(pilot, "github.com")
        await pilot.press("enter")
        assert typed(stage) == "port:443 host:=github.com"


@pytest.mark.parametrize("size", SIZES)
async def test_others_are_counted_whatever_the_filter_keeps(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await opened(pilot, stage, ELSEWHERE, *[API] * 3, *[WGET] * 2, HERE)
        await pilot.press(*["down"] * 40)
        said = " ".join(shown(pilot).split())
        for text in ("Same destination", "wget 2", "2 connected", "3 api.github.com"):
            assert text in said
        await stage.give(pilot, API, WGET)
        await settled(pilot, lambda: "4  api.github.com" in shown(pilot))
        assert "wget 3" in shown(pilot)


async def test_a_name_that_comes_late_is_counted() -> None:
    stage = Stage()
    nameless = replace(WGET, address="140.82.118.9", host=None)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await opened(pilot, stage, nameless, HERE)
        assert "Same host" in shown(pilot)
        assert "Addresses" not in shown(pilot)
        await stage.give(pilot, Resolution(0, WGET.process, "140.82.118.9", "github.com"))
        await settled(pilot, lambda: "Addresses  140.82.118.9 1" in shown(pilot))


async def test_y_copies_the_destination_and_shift_y_the_row() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.until_attached(pilot)
        await pilot.press("y")
        await settled(pilot, lambda: "No connection is selected" in shown(pilot))
        await stage.give(pilot, NETLINK, GITHUB)
        await pilot.press("y")
        assert pilot.app.clipboard == "140.82.118.3:443"
        await settled(pilot, lambda: "Copied the destination:" in shown(pilot))
        await pilot.press("Y")
        assert pilot.app.clipboard.split("  ")[1:] == [
            *("AF_INET", "8549", "/usr/bin/curl", "alice", "tcp", "140.82.118.3:443"),
            *("connected 12 ms", "github.com", "AS36459 (GITHUB)"),
        ]
        await pilot.press("up", "y")
        assert pilot.app.clipboard == "AF_NETLINK"
        await pilot.press("enter", "Y")
        assert "AF_NETLINK  8549" in pilot.app.clipboard


async def test_y_copies_what_keeps_the_selected_group() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, WGET, HERE, HERE)
        await pilot.press("g")
        await settled(pilot, lambda: "/usr/bin/curl" in shown(pilot))
        await pilot.press("home", "y")
        assert pilot.app.clipboard == "proc:=/usr/bin/curl"


async def test_what_is_copied_cannot_act_on_a_terminal_that_it_is_pasted_into() -> None:
    stage = Stage()
    evil = made_by(executable="/bin/\x1b[31m\nrm -rf\udcff", args=("\x1b]52;c;\a",))
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await stage.give(pilot, evil)
        await pilot.press("Y")
        assert pilot.app.clipboard.isprintable()
        assert r"\x1b[31m" in pilot.app.clipboard


async def test_what_is_too_long_for_a_terminal_is_not_copied() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24), notifications=True) as pilot:
        await stage.give(pilot, GITHUB)
        clipboard.copy(pilot.app, "the command", "x" * 80_000)
        await settled(pilot, lambda: "Not copied: the command is longer" in shown(pilot))
        assert not pilot.app.clipboard


def ranking(app: object, name: str) -> Ranking:
    assert isinstance(app, Dashboard)
    return app.query_one(f"#{name}", Ranking)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_panels_filter_leave_out_and_copy_alike(size: tuple[int, int]) -> None:
    stage = Stage()
    async with stage.app.run_test(size=size) as pilot:
        await stage.give(pilot, ELSEWHERE, NETLINK, *[WGET] * 3, *[API] * 2, HERE)
        if size[0] < 120:
            await pilot.press("h")
        hosts = ranking(pilot.app, "hosts")
        hosts.focus()
        await settled(pilot, lambda: len(hosts._rows) == 2)
        await pilot.press("j", "y")
        assert pilot.app.clipboard == "api.github.com"
        await pilot.press("enter")
        assert typed(stage) == "host:=api.github.com"
        await pilot.press("exclamation_mark")
        assert typed(stage) == "!host:=api.github.com"
        assert stage.rows == [ELSEWHERE, NETLINK, *[WGET] * 3, HERE]
        if size[0] < 120:
            await pilot.press("a")
        systems = ranking(pilot.app, "systems")
        systems.focus()
        await settled(pilot, lambda: len(systems._rows) == 2)
        await pilot.press("G", "y", "exclamation_mark")
        assert pilot.app.clipboard == "AS64500"
        assert typed(stage) == "!host:=api.github.com !as:64500"


async def test_addresses_without_a_system_can_be_kept_and_left_out() -> None:
    stage = Stage()
    local = replace(HERE, address="10.0.0.1", system=None)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, HERE, *[local] * 2)
        systems = ranking(pilot.app, "systems")
        systems.focus()
        await settled(pilot, lambda: len(systems._rows) == 2)
        await pilot.press("exclamation_mark")
        assert typed(stage) == "as:*"
        assert stage.rows == [HERE]
        await pilot.press("escape")
        await settled(pilot, lambda: len(systems._rows) == 2)
        await pilot.press("g", "y", "enter")
        assert typed(stage) == "!as:*"
        assert stage.rows == [local] * 2
        assert not pilot.app.clipboard


async def test_a_click_on_a_panels_row_points_and_a_second_one_filters() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await stage.give(pilot, *[WGET] * 3, *[API] * 2)
        hosts = ranking(pilot.app, "hosts")
        await settled(pilot, lambda: len(hosts._rows) == 2)
        await pilot.click(hosts, offset=(5, 3))
        assert typed(stage) == ""
        assert hosts.selected is not None
        assert hosts.selected.key == "api.github.com"
        await pilot.press("y")
        assert pilot.app.clipboard == "api.github.com"
        await pilot.click(hosts, offset=Offset(5, 3))
        assert typed(stage) == "host:=api.github.com"
