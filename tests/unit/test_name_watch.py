"""What is heard and found beside the ring, and what is said where it cannot be."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from probes.enrichment.enrich import Enricher
from probes.event import address_of
from probes.kernel.decode import decode
from probes.live import feed
from probes.naming.answers import Heard
from probes.naming.asked import Asker
from probes.naming.dns import Answer, Response
from probes.naming.folding import Folding
from probes.naming.libcs import Libcs
from probes.naming.names import Names
from probes.naming.resolved import Monitor
from probes.naming.reverse import Reverse
from probes.naming.watch import NameWatch
from probes.processes.image import Image
from probes.processes.procfs import Processes
from probes.record import Host, HostSource, Resolution
from tests.events import HERE, NO_PROC, connect, packed
from tests.unit.test_live import RECORDED, Played, Told

SERVER, NETNS = b"\x7f\0\0\x35", 7


class Listening:
    """Answers that come at a time of the test's choice."""

    def __init__(self) -> None:
        self.coming: list[Answer] = []
        self.netns = NETNS
        self.ts_ns = 0
        self.dropped_so_far = 0
        self.unheard = 0
        self.where: list[tuple[int, int]] = []
        self.closed = False

    def seen(self, processes: Iterable[tuple[int, int]]) -> None:
        self.where += processes

    def drain(self) -> list[Heard]:
        coming, self.coming = self.coming, []
        return [Heard(self.ts_ns, SERVER, self.netns, Response(one.name, [one])) for one in coming]

    def dropped(self) -> int:
        return self.dropped_so_far

    def close(self) -> None:
        self.closed = True


def watch_with(
    heard: Listening,
    names: Names,
    libcs: Libcs | None = None,
    said: list[tuple[str, ...]] | None = None,
) -> NameWatch:
    told = said if said is not None else []
    nowhere = Libcs(lambda _path: None, NO_PROC)
    return NameWatch(names, libcs or nowhere, told.append, lambda: heard)


def test_an_answer_names_the_connection_that_is_read_after_it() -> None:
    """It comes while the ring is being read, which is as late as it can."""
    names, heard = Names(), Listening()
    enricher = Enricher(Processes(NO_PROC), names, None)
    stopped = threading.Event()
    told = Told()
    row = next(case for case in RECORDED if case.scenario == "ipv4")
    address = str(row.rows[0]["address"])
    images = [event for event in decode(row.ring).events if isinstance(event, Image)]
    heard.netns = images[0].netns

    class Late(Played):
        def drain(self) -> bytes:
            records = super().drain()
            if records:
                heard.coming = [Answer(b"a.example", packed(address), 60)]
            return records

    feed(Late([row.ring], 0, stopped.set), enricher, told, stopped, watch_with(heard, names))
    assert [row.host for row in told.connections] == [Host("a.example", HostSource.DNS)]


def test_answers_that_found_no_room_are_lost(tmp_path: Path) -> None:
    names, heard = Names(), Listening()
    heard.dropped_so_far = 3
    stopped = threading.Event()
    told = Told()
    enricher = Enricher(Processes(tmp_path), names, None)
    feed(Played([], 4, stopped.set), enricher, told, stopped, watch_with(heard, names))
    assert (told.losses[-1], told.names_losses[-1]) == (4, 3)


def test_names_in_answers_are_text_whatever_their_bytes() -> None:
    names, heard = Names(), Listening()
    watch = watch_with(heard, names)
    heard.coming = [Answer(b"\xff\x1b.example", packed(HERE), 60)]
    watch.hear()
    found = names.find(Asker(1, 1), 1, HERE, time.monotonic_ns())
    assert found is not None
    assert found.name == "\udcff\x1b.example"


def test_where_nothing_can_be_heard_it_is_said() -> None:
    def deaf() -> Listening:
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
    watch = watch_with(Listening(), Names(), Failing(lambda _path: None, NO_PROC), said)
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
    watch_with(Listening(), Names(), libcs).look([connect(pid=7), connect(pid=os.getpid())])
    assert libcs.noted == {7, os.getpid()}


def test_the_namespaces_of_new_processes_are_listened_in() -> None:
    heard = Listening()
    image = Image(7, 1 << 16, 1, 1, 2, 4_026_531_840, 3, "/bin/x", ())
    watch_with(heard, Names()).look([image])
    assert heard.where == [(7, 4_026_531_840)]


def test_an_answer_to_an_address_without_a_name_is_told_late() -> None:
    """A connection that was shown before may have led there."""
    names, heard = Names(), Listening()
    watch = watch_with(heard, names)
    heard.coming = [Answer(b"a.example", packed(HERE), 60), Answer(b"b.example", packed(HERE), 60)]
    [late] = watch.hear()
    assert (late.process, late.address, late.name) == (None, HERE, "a.example")
    assert late.source is HostSource.DNS
    assert watch.hear() == []


class Telling(Monitor):
    """systemd-resolved, which told of one answer."""

    refused = ""

    def __init__(self) -> None:
        self.coming = [Answer(b"a.example", packed(HERE), 60)]

    def drain(self) -> list[Answer]:
        coming, self.coming = self.coming, []
        return coming


def test_what_resolved_tells_is_marked_as_such() -> None:
    names, monitor = Names(), Telling()
    nowhere = Libcs(lambda _path: None, NO_PROC)
    watch = NameWatch(names, nowhere, lambda _limits: None, Listening, monitor=monitor)
    [late] = watch.hear()
    assert late.source is HostSource.RESOLVED
    assert names.find(Asker(1, 1), 1, HERE, time.monotonic_ns()) == Host(
        "a.example", HostSource.RESOLVED
    )
    monitor.refused = "not.Permitted"
    watch.look([])
    assert watch.limits == ("systemd-resolved does not tell its answers (not.Permitted)",)


def test_where_nobody_listens_is_said() -> None:
    heard, said = Listening(), []
    watch = watch_with(heard, Names(), said=said)
    heard.unheard = 3
    watch.look([])
    assert said == [("DNS answers cannot be heard in 3 of the network namespaces",)]


def test_addresses_own_names_are_asked_for_and_told_when_they_come() -> None:
    reverse = Reverse({HERE: "host-1.example"}.get)
    folding = Folding(lambda _pid, _image: True, address_of)
    names = Names()
    nowhere = Libcs(lambda _path: None, NO_PROC)
    watch = NameWatch(
        *(names, nowhere, lambda _limits: None, Listening), reverse=reverse, folding=folding
    )
    watch.nameless([HERE, "192.0.2.2"])
    late: list[Resolution] = []
    end = time.monotonic() + 20
    while not late and time.monotonic() < end:
        late = watch.hear()
    assert [(one.process, one.address, one.name) for one in late] == [
        (None, HERE, "host-1.example")
    ]
    # The question was ours: a resolver's, for us, is nobody's row.
    now_ns = time.monotonic_ns()
    folding.sift(connect("192.0.2.53", ts_ns=now_ns, port=53))
    folding.answered(packed("192.0.2.53"), b"1.2.0.192.in-addr.arpa", now_ns)
    assert folding.settle(now_ns) is None
    assert folding.folded == 1
    watch.close()


def test_it_stops_listening() -> None:
    heard = Listening()
    watch_with(heard, Names()).close()
    assert heard.closed
