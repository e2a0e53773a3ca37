"""Lines by the thousand are those that each connection makes by itself, in every form."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.output.lines import plain_writer
from app.output.rows import COLUMNS, csv_writer
from probes.connections import Connections
from probes.family import family_name
from probes.outcome import Outcome, OutcomeKind
from probes.record import Connection
from probes.recordings import writer
from probes.recordings.fields import FIELDS
from probes.recordings.jsonl import json_writer
from probes.recordings.writer import BATCH, ENTRIES, Known, Part, Writer
from probes.text import visible
from probes.timestamp import EPOCH
from tests.connections import CURL, GITHUB, NETLINK, connections, made_by

INDIA = timezone(timedelta(hours=5, minutes=30))
WRITERS: dict[str, Callable[[], Writer]] = {
    "csv": lambda: csv_writer(UTC),
    "json": lambda: json_writer(INDIA),
    "plain": lambda: plain_writer(full=False, zone=UTC),
    "plain -a": lambda: plain_writer(full=True, zone=INDIA),
}


def written(write: Writer, rows: list[Connection]) -> str:
    return "".join(text for text, _ in write.blocks(Connections.of(rows)))


def shared(rows: list[Connection], picks: list[int]) -> list[Connection]:
    """Many rows of few: their processes, endpoints and hosts in any mixture."""
    count = len(rows)
    return [
        replace(
            rows[pick % count],
            process=rows[pick // 7 % count].process,
            host=rows[pick // 11 % count].host,
            tid=rows[pick // 13 % count].tid,
        )
        for pick in picks
    ]


@pytest.mark.parametrize("form", WRITERS)
@settings(deadline=None)
@given(st.lists(connections, min_size=1, max_size=5), st.lists(st.integers(0, 10_000)))
def test_many_lines_at_once_are_those_of_each_alone(
    form: str, few: list[Connection], picks: list[int]
) -> None:
    rows = shared(few, picks)
    write, make = WRITERS[form](), WRITERS[form]
    for batch in (rows, rows[::-1]):  # the second time, everything is known
        assert written(write, batch) == "".join(f"{make()(row)}\n" for row in batch)


def moment(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    at = (EPOCH + timedelta(seconds=seconds)).astimezone(INDIA)
    return at.replace(microsecond=rest // 1000).isoformat(timespec="microseconds")


def text(value: str | None) -> str | None:
    """A string as JSON can hold it: what was not UTF-8 is visible."""
    if value is None:
        return None
    return "".join(visible(c) if "\ud800" <= c <= "\udfff" else c for c in value)


def ending(row: Connection) -> tuple[str | int | float | None, ...]:
    outcome, latency = row.outcome, row.latency_us
    return (
        *(row.local_address, row.local_port),
        *(outcome.kind.value if outcome else None, outcome.errno if outcome else None),
        None if latency is None else latency / 1000,
    )


@settings(deadline=None)
@given(st.lists(connections, max_size=5))
def test_json_lines_are_what_pythons_encoder_makes(rows: list[Connection]) -> None:
    lines = []
    for row in rows:
        host, system, process = row.host, row.system, row.process
        values = (
            *(moment(row.time_ns), family_name(row.family), process.pid, row.tid),
            *(text(process.comm), text(process.executable), [text(arg) for arg in process.args]),
            *(process.uid, text(process.user), row.address, row.port),
            *(text(host.name) if host else None, host.source if host else None),
            *(system.number if system else None, text(system.name) or None if system else None),
            *(process.parent, None if process.start_ns is None else moment(process.start_ns)),
            *(process.cgroup, process.netns, process.mntns),
            *(text(process.container), text(process.unit)),
            *ending(row),
            text(process.container_name),
            [text(each) for each in process.ancestry],
            *(row.transport.call, row.transport.socket_type, text(row.transport.protocol)),
            moment(host.learned_ns) if host and host.learned_ns is not None else None,
        )
        names = [field.name for field in FIELDS]
        lines.append(json.dumps(dict(zip(names, values, strict=True))) + "\n")
    assert written(json_writer(INDIA), rows) == "".join(lines)


def cell(value: str) -> str:
    # What begins as if it had its apostrophe already gets one as well.
    formula = value.lstrip("'").startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
    return f"'{value}" if formula else value


@settings(deadline=None)
@given(st.lists(connections, max_size=5))
def test_csv_rows_are_what_pythons_writer_makes(rows: list[Connection]) -> None:
    expected = io.StringIO()
    for row in rows:
        host, system, process = row.host, row.system, row.process
        args = "\n".join(map(visible, shlex.join(process.args).split("\n")))
        cells = (
            *(moment(row.time_ns), family_name(row.family), process.pid, row.tid),
            *(cell(visible(process.comm)), cell(visible(process.executable or "")), cell(args)),
            *(process.uid, cell(visible(process.user)), row.address, row.port),
            *(cell(visible(host.name)) if host else "", host.source.value if host else ""),
            *(system.number if system else "", cell(visible(system.name)) if system else ""),
            *(process.parent, "" if process.start_ns is None else moment(process.start_ns)),
            *(process.cgroup, process.netns, process.mntns),
            *(cell(visible(process.container or "")), cell(visible(process.unit or ""))),
            *ending(row),
            cell(visible(process.container_name or "")),
            cell("\n".join(map(visible, shlex.join(process.ancestry).split("\n")))),
            *(row.transport.call, row.transport.socket_type or ""),
            cell(visible(row.transport.protocol or "")),
            moment(host.learned_ns) if host and host.learned_ns is not None else "",
        )
        # Its line end is \r\n for the reason that app/output/rows.py gives; no cell has a \r.
        csv.writer(expected).writerow([*cells, 1, 2, 3])
    assert "\r\n" not in written(csv_writer(INDIA), rows)
    made = written(csv_writer(INDIA, more=(1, 2, 3)), rows)
    assert made == expected.getvalue().replace("\r\n", "\n")


@settings(deadline=None)
@given(st.lists(connections, max_size=5))
def test_plain_lines_are_fields_padded_to_their_width(rows: list[Connection]) -> None:
    lines = []
    for row in rows:
        process = row.process
        who = " ".join(map(visible, [process.label, *process.args[1:]]))
        lines.append(
            f"{moment(row.time_ns)[11:19]:<9} {family_name(row.family):<9} "
            f"{process.pid:<6} {who:<42} "
            f"{visible(process.user):<16} {row.destination:<20} "
            f"{visible(row.host.label) if row.host else '':<32} "
            f"{visible(row.system.label) if row.system else ''}\n"
        )
    assert written(plain_writer(full=True, zone=INDIA), rows) == "".join(lines)


def test_the_columns_are_the_fields() -> None:
    assert [field.name for field in FIELDS] == list(COLUMNS)


@pytest.mark.parametrize("time_ns", [0, 999_999_999, 1_000_000_000, -1, -1_700_000_000_000_000_001])
def test_the_clock_may_say_anything(time_ns: int) -> None:
    row = replace(GITHUB, time_ns=time_ns)
    write = json_writer(INDIA)
    for _ in range(2):
        assert json.loads(write(row))["time"] == moment(row.time_ns)
    assert datetime.fromisoformat(moment(row.time_ns)) <= EPOCH + timedelta(seconds=1)


# How often, and how much at once


REFUSED = Outcome(OutcomeKind.REFUSED, "ECONNREFUSED")


def counting(part: Part) -> tuple[Known, list[Connection]]:
    asked: list[Connection] = []

    def write(row: Connection) -> str:
        asked.append(row)
        return f"{row.process.pid} {row.host} {row.destination} {row.tid};"

    return Known(part, write), asked


@pytest.mark.parametrize(
    ("part", "times"),
    [
        (Part.PROCESS, 2),
        (Part.HOST, 1),
        (Part.ENDPOINT, 2),
        (Part.DESTINATION, 3),
        (Part.THREAD, 2),
        (Part.LOCAL, 2),
        (Part.OUTCOME, 2),
        (Part.LATENCY, 1),
    ],
)
def test_a_text_is_written_once_for_each_of_what_it_depends_on(part: Part, times: int) -> None:
    known, asked = counting(part)
    wget = replace(GITHUB, process=replace(CURL, comm="wget"), tid=1, port=80)
    other = replace(wget, address="192.0.2.7", local_port=1, outcome=REFUSED)
    for _ in range(3):
        known.texts(Connections.of([GITHUB, wget, other] * 100))
    assert len(asked) == times


def test_answers_rightly_when_processes_come_and_go() -> None:
    known, asked = counting(Part.PROCESS)
    for start in range(0, 2 * ENTRIES, 1000):
        rows = [made_by(pid=start + number) for number in range(1000)]
        texts = known.texts(Connections.of(rows))
        assert [text.split()[0] for text in texts] == [str(row.process.pid) for row in rows]
        assert len(known._known) <= ENTRIES
    assert len(asked) == -(-2 * ENTRIES // 1000) * 1000


def test_long_texts_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "KEPT", 1000)
    known = Known(Part.PROCESS, lambda row: "".join(row.process.args))
    for pid in range(100):
        text = f"{pid}" + "x" * 300
        assert known.texts(Connections.of([made_by(pid=pid, args=(text,))])) == [text]
        assert sum(map(len, known._known.values())) < 2000


def test_a_block_is_limited_in_rows_and_in_length(monkeypatch: pytest.MonkeyPatch) -> None:
    write = csv_writer(UTC)
    many = Connections.of([GITHUB, NETLINK] * BATCH)
    assert [count for _, count in write.blocks(many)] == [BATCH, BATCH]
    monkeypatch.setattr(writer, "LENGTH", 10_000)
    wide = made_by(args=("x" * 3000,))
    rows = [GITHUB] * 50 + [wide] * 50 + [made_by(args=("x" * 20_000,))]
    blocks = list(write.blocks(Connections.of(rows)))
    assert "".join(text for text, _ in blocks) == "".join(f"{write(row)}\n" for row in rows)
    assert sum(count for _, count in blocks) == len(rows)
    assert all(len(text) <= 10_000 or count == 1 for text, count in blocks)


def test_no_rows_are_no_blocks() -> None:
    assert list(csv_writer().blocks(Connections())) == []
