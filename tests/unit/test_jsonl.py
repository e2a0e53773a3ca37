from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.record import AutonomousSystem, Connection
from probes.recordings.json_line import JsonLineError
from probes.recordings.json_reader import JsonReader, connection_from_json
from probes.recordings.jsonl import json_writer
from probes.transport import Transport
from tests.connections import GITHUB, NETLINK, UNSAID, UNTOLD, connections, made_by

write = json_writer(UTC)
TOLD = ("parent", "started", "cgroup", "netns", "mntns", "container", "unit")
ENDED = ("local_address", "local_port", "outcome", "errno", "latency_ms")
CALLED = ("call", "socket_type", "protocol")
LATER = (*TOLD, *ENDED, "container_name", "parents", *CALLED, "host_time")


def test_writes_every_field_in_the_documented_order() -> None:
    assert write(GITHUB) == (
        '{"time": "2023-11-14T22:13:20.123456+00:00", "af": "AF_INET", "pid": 8549, "tid": 8551, '
        '"comm": "curl", "process": "/usr/bin/curl", '
        '"args": ["curl", "-s", "https://github.com/"], "uid": 1000, '
        '"user": "alice", "address": "140.82.118.3", "port": 443, '
        '"host": "github.com", "host_source": "getaddrinfo", "asn": 36459, "as_name": "GITHUB", '
        '"parent": 8001, "started": "2023-11-14T22:13:20.003000+00:00", "cgroup": 5873, '
        '"netns": 4026531840, "mntns": 4026531841, '
        '"container": "3f4a0b1c2d3e", "unit": "session-3.scope", '
        '"local_address": "192.168.7.20", "local_port": 51234, '
        '"outcome": "connected", "errno": null, "latency_ms": 12.345, '
        '"container_name": "web", '
        '"parents": ["8001 /usr/bin/bash", "1 /usr/lib/systemd/systemd"], '
        '"call": "connect", "socket_type": "stream", "protocol": "tcp", '
        '"host_time": "2023-11-14T22:13:20.100000+00:00"}'
    )


def test_what_is_not_there_is_null() -> None:
    process = made_by(executable=None, args=(), **UNTOLD).process
    gone = replace(NETLINK, process=process, transport=Transport())
    fields = json.loads(write(gone))
    assert [key for key, value in fields.items() if value is None] == [
        "process",
        "address",
        "port",
        "host",
        "host_source",
        "asn",
        "as_name",
        *(key for key in LATER if key not in ("parents", "call")),
    ]
    assert fields["parents"] == []
    assert fields["comm"] == "curl"
    assert fields["args"] == []
    unnamed = json.loads(write(replace(GITHUB, system=AutonomousSystem(64500, ""))))
    assert (unnamed["asn"], unnamed["as_name"]) == (64500, None)


def test_bytes_that_were_not_utf8_are_visible_text() -> None:
    fields = json.loads(write(made_by(comm="caf\udce9", args=("\udcff", "é", "\x1b"))))
    assert fields["comm"] == r"caf\xe9"
    assert fields["args"] == [r"\xff", "é", "\x1b"]


@settings(deadline=None)
@given(connections)
def test_a_line_is_ascii_and_valid_for_a_strict_parser(connection: Connection) -> None:
    line = write(connection)
    assert line.isascii()
    assert line.isprintable()
    for text in _texts(json.loads(line, parse_constant=pytest.fail)):
        text.encode("utf-8")


@settings(deadline=None)
@given(connections)
def test_what_is_read_back_is_what_was_written(connection: Connection) -> None:
    line = write(connection)
    again = connection_from_json(line)
    assert write(again) == line
    if not any(
        "\ud800" <= char <= "\udfff" for text in _texts(_plain(connection)) for char in text
    ):
        assert again == connection


def test_reads_any_offset() -> None:
    india = json_writer(timezone(timedelta(hours=5, minutes=30)))
    assert "T03:43:20.123456+05:30" in india(GITHUB)
    assert connection_from_json(india(GITHUB)) == GITHUB


def test_equal_parts_are_one_object_when_read() -> None:
    read = JsonReader()
    first, second = read(write(GITHUB)), read(write(replace(GITHUB, tid=1)))
    assert first.process is second.process
    assert first.host is second.host
    assert first.system is second.system


def test_passes_over_keys_of_a_newer_program() -> None:
    line = json.dumps(json.loads(write(GITHUB)) | {"result": "ECONNREFUSED"})
    assert connection_from_json(line) == GITHUB


def test_a_recording_made_before_there_were_later_keys_is_read() -> None:
    fields = json.loads(write(GITHUB))
    for key in LATER:
        del fields[key]
    assert connection_from_json(json.dumps(fields)) == replace(
        made_by(**UNTOLD), transport=Transport(), **UNSAID
    )


@pytest.mark.parametrize("key", [key for key in json.loads(write(GITHUB)) if key not in LATER])
def test_names_a_missing_key(key: str) -> None:
    fields = json.loads(write(GITHUB))
    del fields[key]
    with pytest.raises(JsonLineError, match=f"the key '{key}' is missing"):
        connection_from_json(json.dumps(fields))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("parent", 2**32, "'parent' must be a whole number from 0 to 4294967295 or null"),
        ("started", 1, "'started' must be an ISO 8601 time with an offset"),
        ("cgroup", 2**64, "'cgroup' must be a whole number from 0 to 18446744073709551615"),
        ("parents", ["x"], "'parents' must be a list of strings, each a pid, a space and a path"),
        ("parents", "1 /x", "'parents' must be a list of strings"),
        ("time", "yesterday", "'time' must be an ISO 8601 time with an offset"),
        ("time", "2023-11-14T22:13:20", "'time' must be an ISO 8601 time with an offset"),
        ("time", "1969-12-31T23:59:59+00:00", "'time' must be an ISO 8601 time with an offset"),
        (
            "time",
            "2262-04-11T23:47:16.854776Z",
            "'time' must be an ISO 8601 time with an offset",
        ),
        ("time", "9999-12-31T23:59:59-12:00", "'time' must be an ISO 8601 time with an offset"),
        ("time", 1700000000, "not 1700000000"),
        ("af", "AF_UNKNOWN", "'af' must be an address family's name, such as AF_INET"),
        ("af", "AF_2", 'not "AF_2"'),
        ("pid", "8549", "'pid' must be a whole number from 0 to 4294967295, not \"8549\""),
        ("pid", True, "not true"),
        ("pid", 1.5, "not 1.5"),
        ("pid", -1, "not -1"),
        ("uid", None, "'uid' must be a whole number from 0 to 4294967295, not null"),
        ("comm", None, "'comm' must be a string, not null"),
        ("process", 5, "'process' must be a string or null, not 5"),
        ("args", "curl -s", "'args' must be a list of strings"),
        ("args", ["curl", 1], "'args' must be a list of strings"),
        ("address", "140.82.118", "'address' must be an IPv4 or IPv6 address or null"),
        ("address", "140.82.118.3\u0000", "'address' must be an IPv4 or IPv6 address or null"),
        ("address", None, "'address' and 'port' must both be given or both be null"),
        ("port", 65536, "'port' must be a port from 0 to 65535 or null, not 65536"),
        ("host", None, "'host' and 'host_source' must both be given or both be null"),
        (
            "host_source",
            "guess",
            "'host_source' must be one of getaddrinfo, process-tree, "
            "other-process, dns, resolved, ptr or null",
        ),
        ("asn", None, "'as_name' must be null where 'asn' is"),
        ("as_name", "x" * 99 + "\x1b", "..."),
    ],
)
def test_says_what_was_expected(key: str, value: object, said: str) -> None:
    fields = json.loads(write(GITHUB)) | {key: value}
    if key == "as_name":
        fields["as_name"] = [value]
    with pytest.raises(JsonLineError) as caught:
        connection_from_json(json.dumps(fields))
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "not json",
        "[" * 100_000,
        '{"pid": ' + "9" * 5000 + "}",
        '"\x1b"',
    ],
)
def test_says_that_a_line_is_no_object(line: str) -> None:
    with pytest.raises(JsonLineError, match="expected one JSON object"):
        connection_from_json(line)


_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(json.loads(write(GITHUB)))), _values, max_size=3))
def test_any_values_are_a_connection_or_an_error(changes: dict[str, object]) -> None:
    line = json.dumps(json.loads(write(GITHUB)) | changes)
    try:
        connection = connection_from_json(line)
    except JsonLineError:
        return
    assert connection_from_json(write(connection)) == connection or "\\ud" in line


def test_the_time_is_the_moment_that_python_reads() -> None:
    read = datetime.fromisoformat(json.loads(write(GITHUB))["time"])
    assert read.timestamp() * 1_000_000 == GITHUB.time_ns // 1000


def _plain(connection: Connection) -> list[object]:
    process = connection.process
    names = [process.comm, process.executable, *process.args, process.user]
    host = connection.host.name if connection.host else None
    system = connection.system.name if connection.system else None
    return [*names, host, system]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    return [text for item in inner for text in _texts(item)] if isinstance(inner, list) else []


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("call", "shout", "'call' must be one of connect, send, fastopen, not \"shout\""),
        ("socket_type", "round", 'dccp, packet or null, not "round"'),
        ("protocol", 6, "'protocol' must be a string or null, not 6"),
    ],
)
def test_a_transport_that_makes_no_sense_is_said(key: str, value: object, expected: str) -> None:
    with pytest.raises(JsonLineError, match=re.escape(expected)):
        connection_from_json(json.dumps(json.loads(write(GITHUB)) | {key: value}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"local_address": None}, "'local_address' and 'local_port' must both"),
        ({"local_port": None}, "'local_address' and 'local_port' must both"),
        ({"outcome": None, "errno": "EPERM"}, "'errno' must be null where 'outcome' is"),
        ({"outcome": "lost"}, "'outcome' must be one of connected, in-progress, refused"),
        ({"latency_ms": -1}, "'latency_ms' must be a number from 0"),
        ({"latency_ms": True}, "'latency_ms' must be a number from 0"),
    ],
)
def test_an_outcome_that_cannot_be_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(JsonLineError, match=said):
        connection_from_json(json.dumps(json.loads(write(GITHUB)) | changes))
