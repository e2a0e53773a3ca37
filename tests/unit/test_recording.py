"""The judge of captures: what it must not let pass."""

from __future__ import annotations

import pytest

from tests.recording import Recording, Row, complaints, flaws
from tests.scene import Expected, Report

ROW: Row = {
    "time": "2026-01-31T12:00:00.000001+01:00",
    "af": "AF_INET",
    "pid": 7,
    "tid": 7,
    "comm": "curl",
    "process": "/usr/bin/curl",
    "args": ["curl", "name"],
    "uid": 0,
    "user": "root",
    "address": "127.77.1.1",
    "port": 443,
    "host": "name",
    "host_source": "getaddrinfo",
    "asn": None,
    "as_name": None,
    "parent": 1,
    "started": "2026-01-31T11:59:59.000001+01:00",
    "cgroup": 1,
    "netns": 4026531840,
    "mntns": 4026531841,
    "container": None,
    "unit": None,
    "local_address": "127.0.0.1",
    "local_port": 40_000,
    "outcome": "refused",
    "errno": "ECONNREFUSED",
    "latency_ms": 0.02,
    "container_name": None,
    "parents": ["1 /usr/lib/systemd/systemd"],
    "call": "connect",
    "socket_type": "stream",
    "protocol": "tcp",
}
MADE = Expected({key: ROW[key] for key in ("af", "pid", "comm", "process", "args", "port", "host")})
REPORT = Report("curl", [7], [MADE])
NOON = 1_769_857_200.0


def recorded(*rows: Row) -> Recording:
    return Recording(list(rows), [REPORT], "", 0, NOON, NOON + 1)


def test_what_was_done_and_seen_is_fine() -> None:
    other = {**ROW, "pid": 8, "host": None}
    assert complaints(REPORT, [other, ROW]) == []
    assert flaws(recorded(other, ROW)) == []


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [ROW, ROW],
        [{**ROW, "host": None}],
        [{**ROW, "process": None}],
        [{**ROW, "args": []}],
        [{**ROW, "port": 0}],
    ],
    ids=["missing", "twice", "no name", "no path", "no arguments", "another port"],
)
def test_what_differs_is_named(rows: list[Row]) -> None:
    assert complaints(REPORT, rows)


@pytest.mark.parametrize("latency_ms", [None, 0.0, 0.9, 30.0])
def test_a_latency_is_between_what_it_may_be(latency_ms: float | None) -> None:
    timed = Report("refused", [7], [Expected({"pid": 7, "latency_ms": [0.01, 0.5]})])
    assert complaints(timed, [ROW]) == []
    assert complaints(timed, [{**ROW, "latency_ms": latency_ms}])


@pytest.mark.parametrize("kind", [{"protocol": "icmp"}, {"socket_type": "raw"}], ids=str)
def test_what_has_no_port_needs_none(kind: dict[str, object]) -> None:
    assert flaws(recorded({**ROW, "port": 0, **kind})) == []


def test_a_scenario_that_failed_is_no_success() -> None:
    assert complaints(Report("curl", [7], [], failed="OSError"), [])


@pytest.mark.parametrize(
    "change",
    [
        {"af": "AF_UNIX"},
        {"af": "AF_UNSPEC"},
        {"port": 0},
        {"protocol": None},
        {"socket_type": None},
        {"comm": ""},
        {"user": ""},
        {"time": "2026-01-31T12:00:00.000001"},
        {"time": "2026-01-31T12:00:00.000001+00:00"},
    ],
    ids=str,
)
def test_a_row_that_breaks_a_promise_is_named(change: dict[str, object]) -> None:
    assert flaws(recorded({**ROW, **change}))


def test_a_field_that_is_gone_is_named() -> None:
    assert flaws(recorded({key: value for key, value in ROW.items() if key != "as_name"}))
