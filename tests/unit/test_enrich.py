from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.addresses import address_text
from probes.asn.table import AsnTable
from probes.connections import Connections, Endpoint
from probes.enrichment.endpoints import Systems
from probes.enrichment.enrich import Enricher
from probes.event import Connects, NameEvent, address_of
from probes.kernel.decode import decode
from probes.naming.folding import WINDOW_NS, Folding
from probes.naming.names import Names
from probes.naming.parents import Parents
from probes.processes.image import Image
from probes.processes.procfs import Processes
from probes.record import AutonomousSystem, Connection, Host, HostSource, Resolution
from probes.recordings.jsonl import json_writer
from tests.events import HERE, NO_PROC, NOBODY, connect, named, packed, run, seen
from tests.recording import complaints
from tests.ring_recording import Recorded, recorded
from tests.rows import rows_of
from tests.scene import Expected, Report

OFFSET = 1_700_000_000_000_000_000


class OneSystem:
    """A table that knows one address."""

    date = date(2026, 1, 31)
    damage = None

    def lookup(self, address: str) -> AutonomousSystem | None:
        return AutonomousSystem(64_500, "TEST") if address == HERE else None


Row = Connection | Resolution


def enrich(*events: Connects | NameEvent, systems: Systems | None = None) -> list[Row]:
    return rows_of(Enricher(Processes(), Names(), systems, lambda: OFFSET).items(events))


def enrich_one(event: Connects, systems: Systems | None = None) -> Connection:
    [row] = enrich(event, systems=systems)
    assert isinstance(row, Connection)
    return row


def test_a_connection_carries_all_that_was_found_out() -> None:
    found = enrich_one(connect(pid=os.getpid(), comm=own_comm()), OneSystem())
    assert found.time_ns == OFFSET + 5
    assert (found.family, found.tid) == (socket.AF_INET, os.getpid())
    assert found.process.pid == os.getpid()
    assert found.process.executable == os.readlink("/proc/self/exe")
    assert found.destination == "192.0.2.1:443"
    assert found.host is None
    assert found.system == AutonomousSystem(64_500, "TEST")


@pytest.mark.parametrize("family", [socket.AF_NETLINK, socket.AF_VSOCK, socket.AF_PACKET, 99])
def test_a_family_without_addresses_has_no_destination(family: int) -> None:
    found = enrich_one(connect(None, family), OneSystem())
    assert (found.family, found.address, found.port) == (family, None, None)
    assert (found.host, found.system, found.destination) == (None, None, "")


def test_a_mapped_address_is_the_one_it_stands_for() -> None:
    events = named(b"a.example"), connect(f"::ffff:{HERE}", socket.AF_INET6)
    found = enrich(*events, systems=OneSystem())[1]
    assert isinstance(found, Connection)
    assert found.family == socket.AF_INET6
    assert found.destination == "192.0.2.1:443"
    assert found.host == Host("a.example", HostSource.GETADDRINFO)
    assert found.system == AutonomousSystem(64_500, "TEST")


def test_without_a_table_there_is_no_system() -> None:
    assert enrich_one(connect()).system is None


def test_names_are_known_from_the_moment_they_were_told() -> None:
    before, told, own, guess = enrich(
        connect(), named(b"a.example"), connect(), connect(pid=NOBODY + 2)
    )
    assert isinstance(before, Connection)
    assert before.host is None
    assert isinstance(told, Resolution)
    assert (told.time_ns, told.address, told.name) == (OFFSET + 4, HERE, "a.example")
    assert told.process.pid == NOBODY
    assert isinstance(own, Connection)
    assert own.host == Host("a.example", HostSource.GETADDRINFO)
    assert isinstance(guess, Connection)
    assert guess.host == Host("a.example", HostSource.OTHER_PROCESS)


def test_an_address_that_was_asked_for_as_one_tells_nothing() -> None:
    [only] = enrich(named(HERE.encode()), connect())
    assert isinstance(only, Connection)
    assert only.host is None


def test_a_process_that_ends_after_it_resolved_is_still_known() -> None:
    child = subprocess.Popen(["sleep", "60"])
    enricher = Enricher(Processes(), Names(), None)
    enricher.items([named(b"a.example", pid=child.pid, comm=b"sleep")])
    child.kill()
    child.wait()
    [found] = rows_of(enricher.items([connect(pid=child.pid, comm=b"sleep")]))
    assert found.process.executable == os.path.realpath("/bin/sleep")


def own_comm() -> bytes:
    return Path("/proc/self/comm").read_bytes().removesuffix(b"\n")


def test_a_name_of_any_bytes_becomes_text() -> None:
    [told, _] = enrich(named(b"a\xff\x1b"), connect())
    assert isinstance(told, Resolution)
    assert told.name == "a\udcff\x1b"


def test_times_are_the_wall_clocks() -> None:
    event = connect(ts_ns=time.monotonic_ns())
    before = time.time_ns()
    [found] = rows_of(Enricher(Processes(), Names(), None).items([event]))
    assert abs(found.time_ns - before) < 5_000_000_000


_ELAPSED = st.integers(0, 2**62)


@given(st.lists(_ELAPSED, max_size=20), st.integers(-(2**62), 2**62 - 1))
def test_every_time_is_moved_by_the_offset(times: list[int], offset: int) -> None:
    enricher = Enricher(Processes(NO_PROC), Names(), None, lambda: offset)
    rows = rows_of(enricher.items([run(*[connect(ts_ns=ts_ns) for ts_ns in times])]))
    assert [row.time_ns for row in rows] == [ts_ns + offset for ts_ns in times]


def test_own_names_guesses_and_none_stand_side_by_side() -> None:
    enricher = Enricher(Processes(NO_PROC), Names(), None)
    enricher.items([named(b"a.example"), named(b"b.example", "192.0.2.2", NOBODY + 2)])
    events = run(
        connect(),
        connect("192.0.2.3"),
        connect("192.0.2.2"),
        connect(None, socket.AF_NETLINK),
        connect(pid=NOBODY + 2),
        connect("192.0.2.2", pid=NOBODY + 2),
        connect(f"::ffff:{HERE}", socket.AF_INET6),
    )
    assert seen(enricher.items([events])) == [
        (HERE, "a.example"),
        ("192.0.2.3", None),
        ("192.0.2.2", "~b.example"),
        (None, None),
        (HERE, "~a.example"),
        ("192.0.2.2", "b.example"),
        (HERE, "a.example"),
    ]


class Counting(OneSystem):
    """Counts how often each address is asked for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def lookup(self, address: str) -> AutonomousSystem | None:
        self.asked[address] += 1
        return super().lookup(address)


def test_an_endpoint_is_worked_out_once_and_shared() -> None:
    systems = Counting()
    enricher = Enricher(Processes(NO_PROC), Names(), systems)
    items = [
        *enricher.items([run(connect(), connect("192.0.2.9"), connect(pid=NOBODY + 2))]),
        *enricher.items([connect(), connect(None, socket.AF_NETLINK)]),
    ]
    assert systems.asked == {HERE: 1, "192.0.2.9": 1}
    endpoints = [
        endpoint for item in items if isinstance(item, Connections) for endpoint in item.endpoints
    ]
    assert len(set(endpoints)) == 3
    assert endpoints[0] is endpoints[2] is endpoints[3]


def test_endpoints_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.enrichment.endpoints._KEPT", 100)
    enricher = Enricher(Processes(NO_PROC), Names(), OneSystem())
    before = endpoints_alive()
    for third in range(40):
        # One that is always asked for, some of the last batch, and some that are new.
        numbers = [divmod(number, 25) for number in range(25 * third, 25 * third + 50)]
        addresses = [HERE, *(f"198.51.{high}.{low}" for high, low in numbers)]
        rows = rows_of(enricher.items([run(*map(connect, addresses))]))
        assert [row.address for row in rows] == addresses
        assert [isinstance(row, Connection) and bool(row.system) for row in rows] == [True] + [
            False
        ] * 50
    assert endpoints_alive() - before <= 100 + 51


def endpoints_alive() -> int:
    gc.collect()
    return sum(isinstance(made, Endpoint) for made in gc.get_objects())


@given(st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)))
def test_an_address_is_written_as_the_system_writes_it(packed: bytes) -> None:
    text = address_text(packed)
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    back = socket.inet_pton(family, text)
    assert back == packed or bytes(10) + b"\xff\xff" + back == packed


@pytest.fixture(scope="module")
def systems() -> AsnTable:
    return AsnTable.load()


@pytest.mark.parametrize("case", recorded(), ids=lambda case: case.scenario)
def test_what_a_kernel_wrote_becomes_what_was_done(
    case: Recorded, systems: AsnTable, tmp_path: Path
) -> None:
    decoded = decode(case.ring)
    assert decoded.unreadable == 0
    # An empty folder for /proc: the recorded processes are gone, and their pids may be others'.
    # All that is told of them stands in the ring.
    enricher = Enricher(Processes(tmp_path), Names(), systems, outcomes=True)
    write = json_writer()
    found = rows_of(enricher.items(decoded.events))
    rows = [json.loads(write(row)) for row in found if isinstance(row, Connection)]
    report = Report(case.scenario, case.pids, [Expected(dict(row)) for row in case.rows])
    assert complaints(report, rows) == []


def test_two_threads_that_resolve_at_once_each_have_their_own_name() -> None:
    """The same addresses, different names; 100 of 100."""
    enricher = Enricher(Processes(NO_PROC), Names(), None)
    addresses = [f"192.0.2.{number}" for number in range(50)]
    events: list[Connects | NameEvent] = []
    for address in addresses:
        events += [
            named(f"left.{address}".encode(), address, tid=1),
            named(f"right.{address}".encode(), address, tid=2),
            run(connect(address, tid=1), connect(address, tid=2)),
        ]
    # And once more when all names are known.
    events.append(run(*(connect(address, tid=tid) for address in addresses for tid in (1, 2))))
    rows = [row for row in rows_of(enricher.items(events)) if isinstance(row, Connection)]
    assert len(rows) == 200
    for row in rows:
        side = "left" if row.tid == 1 else "right"
        assert row.host == Host(f"{side}.{row.address}", HostSource.GETADDRINFO)


def test_who_gets_a_dead_ones_pid_has_no_name_of_its_own() -> None:
    rows = seen(
        Enricher(Processes(NO_PROC), Names(), None).items(
            [
                named(b"a.example", image=5 << 16),
                connect(image=5 << 16),
                connect(image=5 << 16 | 1),  # it has executed another program
                connect(image=6 << 16),
            ]
        )
    )
    assert rows == ["a.example", (HERE, "a.example"), (HERE, "a.example"), (HERE, "~a.example")]


def told_of(pid: int, start: int, parent: int) -> Image:
    return Image(pid, start << 16, start, parent, 1, 2, 3, "/bin/x", ())


def test_a_child_has_its_parents_name_and_a_stranger_a_guess() -> None:
    parents = Parents(NO_PROC)
    enricher = Enricher(Processes(NO_PROC), Names(tree=parents), None, parents=parents)
    items = enricher.items(
        [
            told_of(10, 5, 1),
            told_of(11, 6, 10),
            told_of(12, 7, 11),
            named(b"a.example", pid=10, image=5 << 16),
            connect(pid=12, image=7 << 16),
            connect(pid=13, image=8 << 16),
        ]
    )
    found = [row.host for row in rows_of(items) if isinstance(row, Connection)]
    assert found == [
        Host("a.example", HostSource.PROCESS_TREE),
        Host("a.example", HostSource.OTHER_PROCESS),
    ]


def test_addresses_without_a_name_are_told() -> None:
    told: list[set[str]] = []
    enricher = Enricher(Processes(NO_PROC), Names(), None, nameless=told.append)
    others = connect("192.0.2.9"), connect(None, socket.AF_NETLINK), connect("192.0.2.9")
    enricher.items([named(b"a.example"), run(connect(), *others)])
    assert told == [{"192.0.2.9"}]


def test_a_resolvers_question_is_counted_or_a_row_at_last() -> None:
    now = [10]
    folding = Folding(lambda pid, _image: pid == NOBODY, address_of)
    enricher = Enricher(
        *(Processes(NO_PROC), Names(), None, lambda: OFFSET, lambda: now[0]), folding=folding
    )
    rows = enricher.items([run(connect(port=53), connect(port=443))])
    assert [row.port for row in rows_of(rows) if isinstance(row, Connection)] == [443]
    now[0] += WINDOW_NS
    [late] = rows_of(enricher.items([]))
    assert isinstance(late, Connection)
    assert (late.port, late.time_ns, enricher.folded) == (53, OFFSET + 5, 0)
    enricher.items([connect(port=53, ts_ns=now[0])])
    folding.answered(packed(HERE), b"a.example", now[0])
    enricher.items([named(b"a.example", "192.0.2.2", pid=7)._replace(ts_ns=now[0])])
    assert enricher.folded == 1
    enricher.items([connect(port=53, ts_ns=now[0])])
    assert len(rows_of(enricher.rest())) == 1
