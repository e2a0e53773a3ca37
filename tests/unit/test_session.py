from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue

import pytest

from app.filters.mask import Test
from app.filters.query import Key, Query, parse
from app.output.headless import summary
from app.screens.words import Rate, absence, status, subtitle, title
from app.session.capture import Capture
from app.session.session import Change, Session
from probes.connections import Connections
from probes.outcome import Outcome, OutcomeKind, code_of
from probes.record import Connection, Hook, HookKind, Resolution, Watching
from probes.results import Results
from probes.source import Item, Sink
from tests.connections import CURL, GITHUB
from tests.rows import items_of
from tests.sources import PATIENCE_S, WATCHING, Scripted

ROW = replace(GITHUB, host=None)
RECORDING = Watching(Hook(HookKind.RECORDING, "today.jsonl"), None, None)
WGET = replace(ROW, process=replace(CURL, pid=2, executable="/usr/bin/wget", user="bob"))

REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")

Told = list[Connection | Item] | list[Connection] | list[Item] | Watching | str | int


class Live:
    """A session whose source gives what a test puts into it, and no sooner."""

    def __init__(self, max_rows: int = 1000, wanted: Test | None = None) -> None:
        self._batches: SimpleQueue[Told | None] = SimpleQueue()
        self._given = threading.Semaphore(0)
        self.session = Session(Capture(Scripted(self._play), wanted=wanted), max_rows)
        self.session.capture.start()

    def _play(self, sink: Sink, _: threading.Event) -> None:
        while (given := self._batches.get()) is not None:
            match given:
                case Watching():
                    sink.attached(given)
                case str():
                    sink.progress(given)
                case int():
                    sink.lost(given)
                case list():
                    sink.take(items_of(given))
            self._given.release()

    def give(self, *given: Told) -> Change:
        """Have the source tell all of `given`, then let the session take it in."""
        for each in given:
            self._batches.put(each)
            assert self._given.acquire(timeout=PATIENCE_S)
        return self.session.advance()

    def filter(self) -> None:
        self.session.apply_filters()
        while self.session.view.is_working:
            self.session.work(1)

    def end(self) -> None:
        self._batches.put(None)
        self.session.capture.stop(PATIENCE_S)

    @property
    def shown(self) -> list[Connection]:
        return [self.session.view[index] for index in range(len(self.session.view))]


@pytest.fixture
def live() -> Iterator[Live]:
    made = Live()
    yield made
    made.end()


class Size:
    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.width, self.height = width, height


class Table:
    def __init__(self, following: bool, rows_below: int = 0) -> None:
        self.following, self.rows_below = following, rows_below


def test_what_is_captured_is_shown(live: Live) -> None:
    assert live.give([ROW, WGET]) == Change(evicted=0, touched=True)
    assert live.shown == [ROW, WGET]
    assert live.session.advance() == Change(evicted=0, touched=False)


def test_a_paused_view_stands_still_while_capture_goes_on(live: Live) -> None:
    live.give([ROW])
    live.session.pause(True)
    assert live.give([WGET, WGET]) == Change(evicted=0, touched=False)
    assert live.shown == [ROW]
    assert (live.session.held_back, len(live.session.store)) == (2, 3)
    assert title(live.session) == "Connections 1 of 3 · paused, +2 new"
    live.session.pause(False)
    assert live.shown == [ROW, WGET, WGET]
    assert (live.session.held_back, title(live.session)) == (0, "Connections 3")


def test_a_late_name_reaches_rows_that_are_shown_even_in_a_pause(live: Live) -> None:
    live.give([ROW])
    live.session.pause(True)
    assert ROW.address is not None
    told = Resolution(1, ROW.process, ROW.address, "a.example")
    assert live.give([told]) == Change(evicted=0, touched=True, changed=True)
    [row] = live.shown
    assert row.host is not None
    assert row.host.name == "a.example"


def test_what_became_of_a_row_is_shown_also_in_a_pause(live: Live) -> None:
    rows = Connections.of([ROW, WGET])
    rows.numbers[:] = array("Q", [1, 2])
    live.give([rows])
    live.session.pause(True)
    results = Results()
    results.add(2, code_of(REFUSED), 1500, "10.0.0.1", 5123)
    assert live.give([results]) == Change(evicted=0, touched=True, changed=True)
    assert [row.outcome for row in live.shown] == [ROW.outcome, REFUSED]
    results = Results()
    results.add(3, code_of(REFUSED))
    assert not live.give([results]).touched


def test_a_name_that_changes_no_row_needs_no_drawing_in_a_pause(live: Live) -> None:
    live.session.pause(True)
    assert not live.give([Resolution(1, CURL, "192.0.2.9", "a.example")]).touched


def test_the_oldest_rows_go_and_are_counted() -> None:
    live = Live(max_rows=3)
    change = live.give([replace(ROW, tid=tid) for tid in range(5)])
    assert change == Change(evicted=2, touched=True)
    assert [row.tid for row in live.shown] == [2, 3, 4]
    assert status(live.session, 0.0).evicted == 2
    live.end()


def test_rows_are_evicted_from_under_a_pause() -> None:
    live = Live(max_rows=3)
    live.give([replace(ROW, tid=tid) for tid in range(3)])
    live.session.pause(True)
    assert live.give([replace(ROW, tid=tid) for tid in range(3, 5)]).evicted == 2
    assert [row.tid for row in live.shown] == [2]
    live.session.pause(False)
    assert [row.tid for row in live.shown] == [2, 3, 4]
    live.end()


def test_filters_hold_for_what_is_there_and_what_comes(live: Live) -> None:
    live.give([ROW, WGET])
    live.session.filters.toggle(Key.PID, WGET.process)
    live.filter()
    assert live.shown == [WGET]
    live.give([ROW, WGET])
    assert live.shown == [WGET, WGET]
    assert title(live.session) == "Connections 2 of 4"
    live.session.filters.toggle(Key.PID, ROW.process)
    live.filter()
    assert len(live.shown) == 4, "the key lifts what it pinned, on whatever row"


def test_pins_and_the_typed_filter_all_hold(live: Live) -> None:
    filters = live.session.filters
    filters.type(parse("port:443 curl"))
    filters.toggle(Key.USER, ROW.process)
    filters.toggle(Key.PID, ROW.process)
    assert filters.parts == ["user:alice", "pid:8549", "port:443", "curl"]
    assert filters.query.matches(ROW)
    assert not filters.query.matches(WGET)
    assert filters.is_pinned(Key.USER)
    filters.toggle(Key.USER, None)
    assert filters.parts == ["pid:8549", "port:443", "curl"]
    assert not filters.is_pinned(Key.USER)
    filters.clear()
    assert (filters.parts, filters.query) == ([], Query.everything)


def test_there_is_nothing_to_pin_without_a_row(live: Live) -> None:
    live.session.filters.toggle(Key.PID, None)
    live.session.filters.toggle(Key.USER, None)
    assert live.session.filters.parts == []


def test_an_odd_user_name_can_be_pinned(live: Live) -> None:
    odd = replace(ROW, process=replace(CURL, user='do main\\al"ice'))
    live.session.filters.toggle(Key.USER, odd.process)
    assert live.session.filters.query.matches(odd)
    assert not live.session.filters.query.matches(ROW)


def test_the_status_line_has_the_facts(live: Live) -> None:
    live.give("Compiling the probes")
    before = status(live.session, 0.0)
    assert (before.hook, before.as_date, before.names, before.names_ok) == (None, "", "", True)
    live.give(WATCHING, [ROW, WGET], 7)
    live.session.filters.type(parse("wget"))
    live.filter()
    now = status(live.session, 12.5)
    assert now.hook == WATCHING.hook
    assert (now.rate, now.seen, now.shown, now.lost) == (12.5, 2, 1, 7)
    assert (now.as_date, now.names, now.names_ok) == ("2026-01-31", "on", True)


@pytest.mark.parametrize(
    ("names", "limits", "said"),
    [(True, (), "on"), (False, (), "off"), (True, ("this kernel has a fault",), "partly")],
)
def test_the_status_line_says_whether_names_are_watched(
    live: Live, names: bool, limits: tuple[str, ...], said: str
) -> None:
    live.give(replace(WATCHING, names=names, names_limits=limits))
    now = status(live.session, 0)
    assert (now.names, now.names_ok) == (said, said == "on")


def test_where_no_results_are_told_it_says_so(live: Live) -> None:
    live.give(replace(WATCHING, without_outcomes="this kernel has no BTF"))
    assert not status(live.session, 0).results
    assert "No results: this kernel has no BTF." in absence(live.session, Size())


def test_lost_results_are_counted(live: Live) -> None:
    live.give(WATCHING)
    live.session.capture._update(outcomes_lost=3)
    assert status(live.session, 0).results_lost == 3
    assert summary(live.session.capture.progress, 0) == "seen 0, lost 0, results lost 3"


def test_a_recording_has_no_rate_no_table_and_no_switch_for_names(live: Live) -> None:
    live.give(RECORDING, [ROW])
    now = status(live.session, 12.5)
    assert (now.hook, now.seen) == (RECORDING.hook, 1)
    assert (now.rate, now.as_date, now.names, now.names_ok) == (None, None, "", True)


def test_the_rate_is_of_the_last_two_seconds(live: Live) -> None:
    now = 0.0
    rate = Rate(lambda: now)
    assert rate.now(live.session) == 0
    for _ in range(50):
        now += 0.1
        live.give([ROW] * 3)
        found = rate.now(live.session)
    assert found == pytest.approx(30, rel=0.1)
    now += 2.5
    rate.now(live.session)
    now += 0.1
    assert rate.now(live.session) < 4, "what is over is no rate any more"


def test_a_burst_at_the_start_is_no_rate(live: Live) -> None:
    now = 0.0
    rate = Rate(lambda: now)
    rate.now(live.session)
    now += 0.001
    live.give([ROW] * 100)
    assert rate.now(live.session) <= 100


def test_the_subtitle_says_whether_the_table_moves(live: Live) -> None:
    assert subtitle(live.session, Table(following=True)) == "following"
    assert subtitle(live.session, Table(False, 1234)) == "1,234 below · f follows"
    live.session.pause(True)
    assert subtitle(live.session, Table(following=True)) == "space goes on"


def test_there_is_always_a_reason_where_there_is_no_table(live: Live) -> None:
    live.give("Compiling the probes")
    assert absence(live.session, Size())[0] == "Compiling the probes …"
    live.give(WATCHING)
    nothing = absence(live.session, Size())
    assert nothing[0] == "Nothing seen yet"
    assert "io_uring" in " ".join(nothing)
    live.session.pause(True)
    assert absence(live.session, Size())[0] == "Paused"
    live.session.pause(False)
    live.give([ROW])
    assert absence(live.session, Size()) == ()
    live.session.filters.type(parse("nowhere"))
    live.filter()
    found = absence(live.session, Size())
    assert found[0] == "Nothing matches the filter"
    assert "escape" in found[1]


@pytest.mark.parametrize("size", [Size(39, 24), Size(80, 9)])
def test_a_screen_that_is_too_small_is_told_what_is_needed(live: Live, size: Size) -> None:
    live.give(WATCHING, [ROW])
    assert absence(live.session, size) == ("Too small", "sock-tui needs 40 columns and 10 lines.")


def test_connections_that_were_not_asked_for_explain_an_empty_table() -> None:
    live = Live(wanted=parse("wget").mask)
    live.give(WATCHING, [ROW] * 1234)
    found = absence(live.session, Size())
    assert found[0] == "Nothing seen yet"
    assert "1,234 were left out, as flags or config.toml ask." in found
    live.end()


def test_an_empty_recording_says_so(live: Live) -> None:
    live.give(RECORDING)
    live.end()
    assert absence(live.session, Size()) == ("The recording is empty",)


def test_a_recording_of_which_nothing_was_asked_for_says_so() -> None:
    live = Live(wanted=parse("wget").mask)
    live.give(RECORDING, [ROW] * 3)
    live.end()
    found = absence(live.session, Size())
    assert "empty" not in found[0]
    assert "3 were left out, as flags or config.toml ask." in found


def test_a_clock_that_is_set_back_loses_no_row_and_no_count(live: Live) -> None:
    hour_ns = 3_600_000_000_000
    times = [ROW.time_ns, ROW.time_ns - hour_ns, ROW.time_ns - hour_ns + 1]
    live.give([replace(ROW, time_ns=time_ns) for time_ns in times])
    session = live.session
    assert [row.time_ns for rows in session.view.rows() for row in rows] == times
    session.history.catch_up()
    course = session.history.over(10)
    assert course is not None
    assert sum(course.counts) == 3
    before = summary(session.capture.progress, session.store.first, len(session.store))
    assert before == "seen 3, lost 0"
