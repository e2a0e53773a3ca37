from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from app.filters.mask import Mask
from app.session.capture import DRAIN_MAX, Capture, Progress
from probes.connections import Connections
from probes.errors import SourceError
from probes.record import Connection, Resolution
from probes.results import Results
from probes.source import Item, Sink
from tests.connections import CURL, GITHUB
from tests.rows import rows_of
from tests.sources import PATIENCE_S, WATCHING, Scripted

Script = Callable[[Sink, threading.Event], object]
Captured = Callable[..., Capture]


def rows(count: int, start: int = 0) -> list[Connection]:
    return [replace(GITHUB, tid=tid) for tid in range(start, start + count)]


def columns(count: int, start: int = 0) -> list[Item]:
    """These rows, as a source gives them."""
    return [Connections.of(rows(count, start))]


def every(number: int) -> Callable[[Connections], Mask]:
    """A test that holds for each row of which `number` divides the tid."""
    return lambda rows: [tid % number == 0 for tid in rows.tids]


TOLD = Resolution(1, CURL, "192.0.2.1", "a.example")


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Start a capture of a script; it is stopped after the test."""
    captures: list[Capture] = []

    def start(script: Script, **options: object) -> Capture:
        captures.append(Capture(Scripted(script), **options))  # type: ignore[arg-type]
        captures[-1].start()
        return captures[-1]

    yield start
    for capture in captures:
        capture.stop(PATIENCE_S)


def ended(capture: Capture) -> Progress:
    capture.stop(PATIENCE_S)
    assert capture.progress.ended
    return capture.progress


def giving(*batches: Sequence[Item]) -> Script:
    def script(sink: Sink, _: threading.Event) -> None:
        for batch in batches:
            sink.take(batch)

    return script


def test_what_was_given_is_drained_in_order(captured: Captured) -> None:
    capture = captured(giving(columns(2), columns(1, 2), [TOLD], columns(3, 3)))
    ended(capture)
    assert capture.waiting == 7
    assert rows_of(capture.drain(2)) == rows(2)
    assert capture.waiting == 5
    assert rows_of(capture.drain(2)) == [*rows(1, 2), TOLD]
    assert rows_of(capture.drain()) == rows(3, 3)
    assert capture.waiting == 0
    assert capture.drain() == []


def test_a_drain_is_bounded_whatever_waits(captured: Captured) -> None:
    piece = Connections.of([GITHUB] * 1000)
    capture = captured(giving(*([piece] for _ in range(50))))
    ended(capture)
    sizes = []
    while taken := capture.drain():
        sizes.append(len(rows_of(taken)))
    assert sum(sizes) == 50_000
    assert max(sizes) <= DRAIN_MAX


def test_what_came_in_one_piece_is_drained_in_one_piece(captured: Captured) -> None:
    capture = captured(giving(columns(5), columns(5, 5)))
    ended(capture)
    assert rows_of(capture.drain(1)) == rows(5)
    assert rows_of(capture.drain(1)) == rows(5, 5)


def test_a_full_queue_keeps_the_oldest_and_counts_the_rest(captured: Captured) -> None:
    capture = captured(giving(columns(8), columns(8, 8), columns(8, 16)), queue_max=10)
    progress = ended(capture)
    assert capture.waiting == 10
    assert rows_of(capture.drain()) == rows(10)
    assert (progress.seen, progress.overflowed) == (24, 14)


def test_names_take_room_too_and_are_counted_where_there_is_none(captured: Captured) -> None:
    items = [TOLD, *columns(2), TOLD, TOLD, *columns(2, 2)]
    capture = captured(giving(items), queue_max=4)
    progress = ended(capture)
    assert rows_of(capture.drain()) == [TOLD, *rows(2), TOLD]
    assert (progress.seen, progress.overflowed, progress.names_lost) == (4, 2, 1)
    assert progress.missing == 3


def test_what_became_of_a_row_is_not_let_go_of_where_the_row_is_there(captured: Captured) -> None:
    results = Results()
    for number in range(4):
        results.add(number, 111)
    items = [*columns(4), results, results, *columns(2, 4)]
    capture = captured(giving(items), queue_max=4)
    progress = ended(capture)
    kept = capture.drain()
    assert [len(item) for item in kept if not isinstance(item, Resolution)] == [4, 4]
    assert (progress.seen, progress.overflowed, progress.outcomes_lost) == (6, 2, 4)


def test_there_is_room_again_once_it_was_drained(captured: Captured) -> None:
    drained, full = threading.Event(), threading.Event()

    def script(sink: Sink, _: threading.Event) -> None:
        sink.take(columns(12))
        full.set()
        assert drained.wait(PATIENCE_S)
        sink.take(columns(5, 12))

    capture = captured(script, queue_max=10)
    assert full.wait(PATIENCE_S)
    assert rows_of(capture.drain()) == rows(10)
    drained.set()
    assert ended(capture).overflowed == 2
    assert rows_of(capture.drain()) == rows(5, 12)


class Kept:
    """Keeps what it is given."""

    written = missing = 0
    trouble = ""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def take(self, items: Sequence[Item]) -> None:
        self.items += items


def test_who_keeps_it_gets_all_that_was_asked_for_room_or_not(captured: Captured) -> None:
    kept = Kept()

    def script(sink: Sink, _: threading.Event) -> None:
        sink.take([*columns(8), TOLD, *columns(4, 8)])

    capture = captured(script, wanted=every(2), keeper=kept, queue_max=3)
    progress = ended(capture)
    wanted = [row for row in rows(12) if row.tid % 2 == 0]
    assert rows_of(kept.items) == [*wanted[:4], TOLD, *wanted[4:]]
    assert (progress.seen, progress.filtered, progress.overflowed) == (12, 6, 3)
    assert progress.names_lost == 1
    assert rows_of(capture.drain()) == wanted[:3]


def test_what_was_not_asked_for_is_counted_and_names_pass(captured: Captured) -> None:
    capture = captured(giving([*columns(6), TOLD]), wanted=every(3))
    progress = ended(capture)
    assert (progress.seen, progress.filtered) == (6, 4)
    assert rows_of(capture.drain()) == [*rows(1), *rows(1, 3), TOLD]


def test_a_piece_of_which_nothing_was_asked_for_does_not_wait(captured: Captured) -> None:
    capture = captured(giving(columns(2, 1), columns(2, 4)), wanted=every(3))
    progress = ended(capture)
    assert (progress.seen, progress.filtered) == (4, 4)
    assert capture.waiting == 0
    assert capture.drain() == []


def test_what_was_folded_is_seen_and_counted(captured: Captured) -> None:
    def script(sink: Sink, _: threading.Event) -> None:
        sink.folded(3)
        sink.take(columns(4))
        sink.folded(3)
        sink.folded(5)

    capture = captured(script, wanted=every(3))
    progress = ended(capture)
    assert (progress.seen, progress.folded, progress.filtered) == (9, 5, 2)
    assert progress.seen == progress.folded + progress.filtered + capture.waiting


def test_what_the_source_left_out_is_seen_and_filtered(captured: Captured) -> None:
    def script(sink: Sink, _: threading.Event) -> None:
        sink.filtered(10)
        sink.take(columns(4))
        sink.filtered(10)
        sink.filtered(25)

    capture = captured(script, wanted=every(3))
    progress = ended(capture)
    assert (progress.seen, progress.filtered) == (29, 27)
    assert [row.tid for row in rows_of(capture.drain())] == [0, 3]


def test_every_connection_is_accounted_for_at_any_moment(captured: Captured) -> None:
    def script(sink: Sink, stopped: threading.Event) -> None:
        start = 0
        while not stopped.is_set() and start < 100_000:
            sink.take(columns(70, start))
            start += 70

    capture = captured(script, wanted=every(2), queue_max=500)
    drained = 0
    while drained < 5000 and not capture.progress.ended:
        drained += len(rows_of(capture.drain(100)))
    progress = ended(capture)
    accounted = progress.filtered + progress.overflowed + drained + capture.waiting
    assert progress.seen == accounted
    assert progress.seen >= 5000


def test_how_it_stands_is_told(captured: Captured) -> None:
    attached, go = threading.Event(), threading.Event()

    def script(sink: Sink, _: threading.Event) -> None:
        sink.progress("Compiling the probes")
        attached.set()
        assert go.wait(PATIENCE_S)
        sink.attached(WATCHING)
        sink.lost(3)
        sink.lost(5)

    capture = captured(script)
    assert attached.wait(PATIENCE_S)
    assert capture.progress == Progress(stage="Compiling the probes")
    go.set()
    progress = ended(capture)
    assert progress.watching == WATCHING
    assert (progress.lost, progress.missing) == (5, 5)
    assert capture.failure is None


@pytest.mark.parametrize("error", [SourceError("no kprobes"), MemoryError(), SystemExit(3)])
def test_why_a_source_gave_up_is_kept(captured: Captured, error: BaseException) -> None:
    def script(sink: Sink, _: threading.Event) -> None:
        sink.take(columns(2))
        raise error

    capture = captured(script)
    assert ended(capture).seen == 2
    assert capture.failure is error
    assert rows_of(capture.drain()) == rows(2)


def test_a_source_that_is_asked_to_stop_hands_over_its_rest(captured: Captured) -> None:
    def script(sink: Sink, stopped: threading.Event) -> None:
        assert stopped.wait(PATIENCE_S)
        sink.take(columns(2))

    capture = captured(script)
    assert not capture.progress.ended
    capture.request_stop()
    ended(capture)
    assert rows_of(capture.drain()) == rows(2)


def test_a_capture_that_never_started_can_be_stopped() -> None:
    Capture(Scripted(lambda *_: None)).stop()


def test_a_source_that_hangs_does_not_hold_up_the_end(captured: Captured) -> None:
    go = threading.Event()
    capture = captured(lambda *_: go.wait(PATIENCE_S))
    capture.stop(timeout=0.01)
    assert not capture.progress.ended
    go.set()
