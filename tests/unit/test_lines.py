from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings

from app.output.lines import plain_header, plain_writer
from probes.record import Connection, Host, HostSource
from tests.connections import GITHUB, NETLINK, connections, made_by

line = plain_writer(full=False, zone=UTC)
full_line = plain_writer(full=True, zone=UTC)


def test_writes_the_reference_tools_columns() -> None:
    assert plain_header(full=False) == (
        "TIME      AF        PID    PROCESS                            USER             "
        "DESTINATION          HOST"
    )
    assert line(GITHUB) == (
        "22:13:20  AF_INET   8549   /usr/bin/curl                      alice            "
        "140.82.118.3:443     github.com"
    )


def test_writes_arguments_and_as_when_all_is_asked_for() -> None:
    assert plain_header(full=True) == (
        "TIME      AF        PID    PROCESS                                    USER             "
        "DESTINATION          HOST                             AS-INFO"
    )
    assert full_line(GITHUB) == (
        "22:13:20  AF_INET   8549   /usr/bin/curl -s https://github.com/       alice            "
        "140.82.118.3:443     github.com                       AS36459 (GITHUB)"
    )


def test_what_is_not_there_is_empty() -> None:
    assert line(NETLINK).split() == ["22:13:20", "AF_NETLINK", "8549", "/usr/bin/curl", "alice"]
    assert full_line(NETLINK).endswith("alice".ljust(16) + " " + " " * 20 + " " + " " * 32 + " ")


def test_a_process_that_has_gone_is_its_threads_name() -> None:
    assert "[wget] " in line(made_by(executable=None, comm="wget", args=()))


def test_shows_ipv6_in_brackets_and_guessed_hosts_with_a_tilde() -> None:
    row = replace(
        GITHUB,
        family=10,
        address="2001:db8:1111:2222:3333:4444:5555:6666",
        host=Host("cdn.example", HostSource.OTHER_PROCESS),
    )
    assert line(row).endswith(" [2001:db8:1111:2222:3333:4444:5555:6666]:443 ~cdn.example")


def test_a_long_field_pushes_the_rest() -> None:
    path = "/opt/" + "x" * 40
    assert f"8549   {path} alice            140." in line(made_by(executable=path))


def test_times_are_those_of_the_zone_in_every_second() -> None:
    east = plain_writer(full=False, zone=timezone(timedelta(hours=2)))
    later = replace(GITHUB, time_ns=GITHUB.time_ns + 1_000_000_000)
    assert [east(row)[:8] for row in (GITHUB, later, GITHUB)] == [
        "00:13:20",
        "00:13:21",
        "00:13:20",
    ]


@pytest.mark.parametrize("write", [line, full_line])
@settings(deadline=None)
@given(connections)
def test_no_process_can_act_on_the_terminal(write: object, connection: Connection) -> None:
    assert callable(write)
    assert write(connection).isprintable()
