"""What is heard and found beside the ring, and what is said where it cannot be."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from probes.answers import Answers
from probes.dns import Answer
from probes.enrich import Enricher
from probes.libcs import Libcs
from probes.live import feed
from probes.name_watch import NameWatch
from probes.names import Names
from probes.procfs import Processes
from probes.record import Host, HostSource
from tests.events import HERE, NO_PROC, connect, packed
from tests.unit.test_live import RECORDED, Played, Told


class Heard:
    """Answers that come at a time of the test's choice."""

    def __init__(self) -> None:
        self.coming: list[Answer] = []
        self.dropped_so_far = 0
        self.closed = False

    def drain(self) -> list[Answer]:
        coming, self.coming = self.coming, []
        return coming

    def dropped(self) -> int:
        return self.dropped_so_far

    def close(self) -> None:
        self.closed = True


def watch_with(
    heard: Heard,
    names: Names,
    libcs: Libcs | None = None,
    said: list[tuple[str, ...]] | None = None,
) -> NameWatch:
    told = said if said is not None else []
    nowhere = Libcs(lambda _path: None, NO_PROC)
    return NameWatch(names, libcs or nowhere, told.append, lambda: cast(Answers, heard))


def test_an_answer_names_the_connection_that_is_read_after_it() -> None:
    """It comes while the ring is being read, which is as late as it can."""
    names, heard = Names(), Heard()
    enricher = Enricher(Processes(NO_PROC), names, None)
    stopped = threading.Event()
    told = Told()
    row = next(case for case in RECORDED if case.scenario == "ipv4")
    address = str(row.rows[0]["address"])

    class Late(Played):
        def drain(self) -> bytes:
            records = super().drain()
            if records:
                heard.coming = [Answer(b"a.example", packed(address), 60)]
            return records

    feed(Late([row.ring], 0, stopped.set), enricher, told, stopped, watch_with(heard, names))
    assert [row.host for row in told.connections] == [Host("a.example", HostSource.DNS)]


def test_answers_that_found_no_room_are_lost(tmp_path: Path) -> None:
    names, heard = Names(), Heard()
    heard.dropped_so_far = 3
    stopped = threading.Event()
    told = Told()
    enricher = Enricher(Processes(tmp_path), names, None)
    feed(Played([], 4, stopped.set), enricher, told, stopped, watch_with(heard, names))
    assert told.losses[-1] == 7


def test_names_in_answers_are_text_whatever_their_bytes() -> None:
    names, heard = Names(), Heard()
    watch = watch_with(heard, names)
    heard.coming = [Answer(b"\xff\x1b.example", packed(HERE), 60)]
    watch.hear()
    found = names.find(1, HERE)
    assert found is not None
    assert found.name == "\udcff\x1b.example"


def test_where_nothing_can_be_heard_it_is_said() -> None:
    def deaf() -> Answers:
        raise PermissionError(1, "Operation not permitted")

    watch = NameWatch(Names(), Libcs(lambda _path: None, NO_PROC), lambda _limits: None, deaf)
    assert watch.limits == ("DNS answers cannot be heard (Operation not permitted)",)
    watch.hear()
    assert watch.lost() == 0
    watch.close()


def test_a_libc_that_cannot_be_watched_is_said_once() -> None:
    class Failing(Libcs):
        unwatched = 0  # type: ignore[assignment]

        def turn(self) -> bool:
            self.unwatched = 2
            return False

    said: list[tuple[str, ...]] = []
    watch = watch_with(Heard(), Names(), Failing(lambda _path: None, NO_PROC), said)
    assert watch.limits == ()
    for _ in range(3):
        assert not watch.look([])
    assert said == [("2 of the libcs in use cannot be watched",)]
    assert watch.limits == said[0]


def test_processes_that_connect_are_looked_at_first() -> None:
    class Noting(Libcs):
        noted: set[int]

        def seen(self, pids: Iterable[int]) -> None:
            self.noted = set(pids)

    libcs = Noting(lambda _path: None, NO_PROC)
    watch_with(Heard(), Names(), libcs).look([connect(pid=7), connect(pid=os.getpid())])
    assert libcs.noted == {7, os.getpid()}


def test_it_stops_listening() -> None:
    heard = Heard()
    watch_with(heard, Names()).close()
    assert heard.closed
