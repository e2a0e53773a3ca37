from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from probes.connections import Connections
from probes.record import Connection, Hook, HookKind, Watching
from probes.recordings.jsonl import json_writer
from probes.recordings.pace import Pace
from probes.recordings.replay import BATCH, LONGEST_LINE, ReplayError, ReplaySource
from probes.source import Item
from tests.connections import GITHUB, NETLINK
from tests.told import Told

HOOK = Hook(HookKind.KPROBE, "security_socket_connect")
write = json_writer()


def recording(path: Path, connections: list[Connection]) -> Path:
    path.write_text("".join(f"{write(connection)}\n" for connection in connections))
    return path


def test_plays_everything_in_order(tmp_path: Path) -> None:
    rows = [replace(GITHUB, tid=tid) for tid in range(2 * BATCH + 1)] + [NETLINK]
    told = Told()
    ReplaySource(recording(tmp_path / "a.jsonl", rows), hook=HOOK).run(told, Event())
    assert told.rows == rows
    assert all(isinstance(item, Connections) and len(item) <= BATCH for item in told.items)
    assert told.watching == [Watching(HOOK, names=None, systems_date=None)]
    assert told.stages == ["reading a.jsonl"]


def test_an_empty_recording_ends_at_once(tmp_path: Path) -> None:
    told = Told()
    ReplaySource(recording(tmp_path / "a.jsonl", []), hook=HOOK).run(told, Event())
    assert told.rows == []
    assert told.watching == [Watching(HOOK, names=None, systems_date=None)]


def test_blank_lines_and_a_missing_last_line_break_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"\n{write(GITHUB)}\r\n\n{write(NETLINK)}")
    told = Told()
    ReplaySource(path, hook=HOOK).run(told, Event())
    assert told.rows == [GITHUB, NETLINK]


def test_its_own_pace_waits_and_can_be_stopped(tmp_path: Path) -> None:
    hour_later = replace(GITHUB, time_ns=GITHUB.time_ns + 3600 * 10**9)
    path = recording(tmp_path / "a.jsonl", [GITHUB, hour_later])
    told, stopped = Told(), Event()
    player = Thread(target=ReplaySource(path, hook=HOOK, pace=Pace(1)).run, args=(told, stopped))
    player.start()
    assert told.arrived.wait(60)
    stopped.set()
    player.join(60)
    assert not player.is_alive()
    assert told.rows == [GITHUB]


def test_a_clock_that_was_set_back_does_not_stop_the_replay(tmp_path: Path) -> None:
    rows = [GITHUB, replace(GITHUB, time_ns=GITHUB.time_ns - 3600 * 10**9), NETLINK]
    told = Told()
    ReplaySource(recording(tmp_path / "a.jsonl", rows), hook=HOOK, pace=Pace(1)).run(told, Event())
    assert told.rows == rows


def test_stopped_before_the_start_plays_nothing(tmp_path: Path) -> None:
    told, stopped = Told(), Event()
    stopped.set()
    ReplaySource(recording(tmp_path / "a.jsonl", [GITHUB]), hook=HOOK).run(told, stopped)
    assert told.rows == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"{}", "line 3: the key 'address' is missing"),
        (write(GITHUB)[:50].encode(), "line 3: expected one JSON object"),
        (b'{"comm": "\xff"}', "line 3: expected UTF-8 text"),
        (
            write(GITHUB).replace("2023-", "3023-", 1).encode(),
            "line 3: 'time' must be an ISO 8601 time",
        ),
        pytest.param(
            b"x" * (LONGEST_LINE + 1),
            f"line 3: expected a line of at most {LONGEST_LINE} bytes",
            id="endless",
        ),
    ],
)
def test_a_bad_line_is_named_after_what_stands_before_it(
    tmp_path: Path, bad: bytes, said: str
) -> None:
    path = recording(tmp_path / "a.jsonl", [GITHUB, NETLINK])
    path.write_bytes(path.read_bytes() + bad + b"\n")
    told = Told()
    with pytest.raises(ReplayError) as caught:
        ReplaySource(path, hook=HOOK).run(told, Event())
    assert f"{path}, {said}" in str(caught.value)
    assert told.rows == [GITHUB, NETLINK]


def test_says_why_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"cannot read .*x\.jsonl: No such file or directory"):
        ReplaySource(tmp_path / "x.jsonl", hook=HOOK).run(Told(), Event())
    with pytest.raises(ReplayError, match="Is a directory"):
        ReplaySource(tmp_path, hook=HOOK).run(Told(), Event())


def test_a_failing_sink_is_not_blamed_on_the_recording(tmp_path: Path) -> None:
    class Full(Told):
        def take(self, items: Sequence[Item]) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        ReplaySource(recording(tmp_path / "a.jsonl", [GITHUB]), hook=HOOK).run(Full(), Event())
