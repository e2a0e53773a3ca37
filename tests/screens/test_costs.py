"""What a long session costs, counted: drawn lines and steps, not seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from app.filters.query import parse
from app.session.order import Order
from app.session.store import CHUNK, Store
from app.session.view import View
from probes.connections import Connections
from tests.rows import many
from tests.screens.stage import Stage, settled
from widgets.connection_table import ConnectionTable
from widgets.ranking import Ranking
from widgets.status_bar import StatusBar

MILLION = 1_000_000


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many lines each kind of widget has drawn."""
    counts: Counter[str] = Counter()
    for kind in (ConnectionTable, Ranking, StatusBar):
        draw = kind.render_line

        def counting(self: object, y: int, draw: Callable[..., object] = draw) -> object:
            counts[type(self).__name__] += 1
            return draw(self, y)

        monkeypatch.setattr(kind, "render_line", counting)
    return counts


async def hold(stage: Stage, pilot: Pilot[None], count: int) -> None:
    """Have a session of so many rows."""
    await stage.until_attached(pilot)
    for start in range(0, count, 100_000):
        stage.app.session.store.add(many(min(100_000, count - start), start))
    stage.app.session.view.catch_up()
    stage.source.give(*many(1, count))
    await settled(pilot, lambda: len(stage.rows_shown) == count + 1)


async def test_a_refresh_draws_what_is_visible_and_no_more(drawn: Counter[str]) -> None:
    stage = Stage(max_rows=2 * MILLION)
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await hold(stage, pilot, MILLION)
        for _ in range(3):
            drawn.clear()
            stage.source.give(*many(200))
            seen = stage.capture.progress.seen + 200
            await settled(pilot, lambda seen=seen: stage.capture.progress.seen == seen)  # type: ignore[misc]
            assert 0 < drawn["ConnectionTable"] <= stage.table.size.height
        assert stage.table.following


async def test_without_news_nothing_is_drawn(
    drawn: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    async with stage.app.run_test(size=(140, 40)) as pilot:
        await hold(stage, pilot, 1000)
        stage.now += 100.0  # the rate is 0 again
        await pilot.pause(1.0)
        drawn.clear()
        painted: list[object] = []
        monkeypatch.setattr(stage.app, "_display", lambda *what: painted.append(what))
        await pilot.pause(1.0)
        assert not drawn
        assert painted == []


def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows are picked out of columns, or tested, at once."""
    counts: list[int] = []
    at = Connections.at

    def counting(self: Connections, indexes: list[int]) -> Connections:
        counts.append(len(indexes))
        return at(self, indexes)

    monkeypatch.setattr(Connections, "at", counting)
    return counts


@pytest.mark.parametrize("key", ["time", "pid", "destination", "host"])
def test_a_step_of_work_looks_at_a_chunk_of_rows_at_most(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    store.add(many(20 * CHUNK))
    ticks = iter(range(10**9))
    view = View(store, clock=lambda: float(next(ticks)))  # no time is left behind a step
    while view.is_working:
        view.work(0.5)
    counts = looked_at(monkeypatch)
    view.sort(Order(key))
    steps = 0
    while view.is_working:
        before = sum(counts)
        view.work(0.5)
        steps += 1
        assert sum(counts) - before <= CHUNK
    assert steps >= 40
    view.filter(parse("port:3"))
    steps = 0
    while view.is_working:
        view.work(0.5)
        steps += 1
    assert steps >= 20


async def test_a_key_is_answered_while_a_filter_looks_at_a_long_session() -> None:
    stage = Stage()
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await hold(stage, pilot, 20 * CHUNK)
        view = stage.app.session.view
        work, steps = view.work, []

        def one_step(_seconds: float) -> int:
            steps.append(1)
            return work(0.0) if len(steps) < 4 else 0  # and no end before the key was answered

        view.work = one_step  # type: ignore[method-assign]
        await pilot.press("u")
        before = stage.table.cursor_row
        await pilot.press("up", "up", "up")
        assert view.is_working
        assert stage.table.cursor_row == before - 3
        view.work = work  # type: ignore[method-assign]
        await settled(pilot, lambda: not view.is_working)
        assert 0 < len(view) < 20 * CHUNK
