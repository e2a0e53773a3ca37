from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.asn import AsnTable
from probes.decode import decode
from probes.enrich import HELD_NS, Enricher, Systems, address_text
from probes.jsonl import json_writer
from probes.names import Names
from probes.procfs import Processes
from probes.record import (
    AutonomousSystem,
    ConnectEvent,
    Connection,
    Event,
    Host,
    HostSource,
    Item,
    NameEvent,
    Resolution,
)
from tests.ring_recording import Recorded, recorded

HERE = "192.0.2.1"
OFFSET = 1_700_000_000_000_000_000
NOBODY = 0x7FFF_0000  # a pid that no process has
COMM = b"worker"


class OneSystem:
    """A table that knows one address."""

    date = date(2026, 1, 31)
    damage = None

    def lookup(self, address: str) -> AutonomousSystem | None:
        return AutonomousSystem(64_500, "TEST") if address == HERE else None


def connect(
    address: str = HERE,
    family: int = socket.AF_INET,
    pid: int = NOBODY,
    in_lookup: bool = False,
    ts_ns: int = 5,
) -> ConnectEvent:
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return ConnectEvent(ts_ns, pid, pid, os.getuid(), family, 443, packed, COMM, in_lookup)


def named(name: bytes, address: str = HERE, pid: int = NOBODY) -> NameEvent:
    event = connect(address, pid=pid)
    return NameEvent(4, pid, pid, event.uid, event.family, event.address, COMM, name)


def enrich(*events: Event, systems: Systems | None = None) -> list[Item]:
    return Enricher(Processes(), Names(), systems, lambda: OFFSET).items(events)


def enrich_one(event: ConnectEvent, systems: Systems | None = None) -> Connection:
    [item] = enrich(event, systems=systems)
    assert isinstance(item, Connection)
    return item


def test_a_connection_carries_all_that_was_found_out() -> None:
    event = connect(pid=os.getpid())._replace(comm=own_comm())
    found = enrich_one(event, OneSystem())
    assert found.time_ns == OFFSET + 5
    assert (found.family, found.tid) == (socket.AF_INET, os.getpid())
    assert found.process.pid == os.getpid()
    assert found.process.executable == os.readlink("/proc/self/exe")
    assert found.destination == "192.0.2.1:443"
    assert found.host is None
    assert found.system == AutonomousSystem(64_500, "TEST")


@pytest.mark.parametrize("family", [socket.AF_NETLINK, socket.AF_VSOCK, socket.AF_PACKET, 99])
def test_a_family_without_addresses_has_no_destination(family: int) -> None:
    event = ConnectEvent(5, NOBODY, NOBODY, 0, family, 0, b"", COMM, False)
    found = enrich_one(event, OneSystem())
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
    enricher.items([named(b"a.example", pid=child.pid)._replace(comm=b"sleep")])
    child.kill()
    child.wait()
    [found] = enricher.items([connect(pid=child.pid)._replace(comm=b"sleep")])
    assert found.process.executable == os.path.realpath("/bin/sleep")


def test_what_getaddrinfo_connects_to_waits_for_the_name_that_follows() -> None:
    enricher = Enricher(Processes(), Names(), None, lambda: 0, lambda: 5)
    other = connect("192.0.2.9")
    assert [row(item) for item in enricher.items([connect(in_lookup=True), other])] == [
        ("192.0.2.9", None)
    ]
    assert enricher.items([]) == []
    told, waited = enricher.items([named(b"a.example")])
    assert isinstance(told, Resolution)
    assert row(waited) == (HERE, "a.example")
    assert enricher.rest() == []


def test_each_waits_for_its_own_threads_name() -> None:
    enricher = Enricher(Processes(), Names(), None, lambda: 0, lambda: 5)
    first, second = NOBODY, NOBODY + 2
    waiting = [connect(pid=pid, in_lookup=True) for pid in (first, second, second)]
    assert enricher.items(waiting) == []
    told = enricher.items([named(b"b.example", pid=second)])
    assert [row(item) for item in told[1:]] == [(HERE, "b.example")] * 2
    told = enricher.items([named(b"a.example", pid=first)])
    assert [row(item) for item in told[1:]] == [(HERE, "a.example")]


def test_no_connection_waits_for_ever() -> None:
    now = 5
    enricher = Enricher(Processes(), Names(), None, lambda: 0, lambda: now)
    assert enricher.items([connect(in_lookup=True)]) == []
    now += HELD_NS
    assert [row(item) for item in enricher.items([])] == [(HERE, None)]
    assert enricher.items([]) == []


def test_what_waits_at_the_end_is_not_forgotten() -> None:
    enricher = Enricher(Processes(), Names(), None, lambda: 0, lambda: 5)
    assert enricher.items([connect(in_lookup=True)]) == []
    assert [row(item) for item in enricher.rest()] == [(HERE, None)]
    assert enricher.rest() == []


def test_a_family_without_addresses_waits_for_no_name() -> None:
    event = ConnectEvent(5, NOBODY, NOBODY, 0, socket.AF_NETLINK, 0, b"", COMM, True)
    assert len(enrich(event)) == 1


def row(item: Item) -> tuple[str | None, str | None]:
    """Address and hostname of a connection."""
    assert isinstance(item, Connection)
    return item.address, item.host.name if item.host else None


def own_comm() -> bytes:
    return Path("/proc/self/comm").read_bytes().removesuffix(b"\n")


def test_a_name_of_any_bytes_becomes_text() -> None:
    [told, _] = enrich(named(b"a\xff\x1b"), connect())
    assert isinstance(told, Resolution)
    assert told.name == "a\udcff\x1b"


def test_times_are_the_wall_clocks() -> None:
    event = ConnectEvent(time.monotonic_ns(), NOBODY, NOBODY, 0, 16, 0, b"", COMM, False)
    before = time.time_ns()
    [found] = Enricher(Processes(), Names(), None).items([event])
    assert abs(found.time_ns - before) < 5_000_000_000


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
    items = Enricher(Processes(tmp_path), Names(), systems).items(decoded.events)
    write = json_writer()
    rows = [json.loads(write(item)) for item in items if isinstance(item, Connection)]
    assert all(row["process"] is None and row["args"] == [] for row in rows)
    assert sorted_rows(case.rows) == sorted_rows(
        [{name: row[name] for name in case.rows[0]} for row in rows]
    )


def sorted_rows(rows: list[Mapping[str, object]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
