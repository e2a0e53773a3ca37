"""What bench/attribution counts as right, unknown and wrong, on recorded output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True, scope="module")
def kit() -> Iterator[None]:
    """bench/ is no package: its commands find `kit` beside them."""
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


# A line of `sock-tui --json`.
ROW = {
    "time": "2026-11-23T09:31:02.104551+00:00",
    "af": "AF_INET",
    "pid": 4711,
    "tid": 4711,
    "comm": "named",
    "process": "/opt/named",
    "args": ["/opt/named", "a.bench.test", "4001"],
    "uid": 0,
    "user": "root",
    "address": "127.82.1.1",
    "port": 4001,
    "host": "a.bench.test",
    "host_source": "getaddrinfo",
    "asn": None,
    "as_name": None,
}
GOOD = {
    "program's name": "named",
    "path": "/opt/named",
    "arguments": ("/opt/named", "a.bench.test", "4001"),
    "host": "a.bench.test",
}


def counted(tmp_path: Path, *rows: Mapping[str, object], **facts: object) -> dict[str, tuple]:
    """What becomes of one act of process 4711, by what is counted."""
    from kit.judging import judge
    from kit.truth import Act, Performance, Subject
    from kit.watchers import from_json

    path = tmp_path / "rows"
    path.write_text("".join(json.dumps({**ROW, **row}) + "\n" for row in rows))
    truth = {Subject(name): value for name, value in (facts or GOOD).items()}
    done = Performance([Act("one", 4711, ("127.82.1.1", 4001), truth)])
    return {
        check.removeprefix("one: "): (count.right, count.unknown, count.wrong)
        for check, count in judge(done, from_json(path)).items()
    }


def test_a_row_that_says_all_of_it_is_right(tmp_path: Path) -> None:
    assert set(counted(tmp_path, {}).values()) == {(1, 0, 0)}


def test_no_row_leaves_all_unknown(tmp_path: Path) -> None:
    assert set(counted(tmp_path).values()) == {(0, 1, 0)}
    assert set(counted(tmp_path, {"port": 4002}).values()) == {(0, 1, 0)}


@pytest.mark.parametrize(
    ("row", "check", "count"),
    [
        ({"process": "/opt/other"}, "path", (0, 0, 1)),
        ({"process": "…/named"}, "path", (0, 1, 0)),
        ({"process": None}, "path", (0, 1, 0)),
        ({"args": ["/opt/named", "b.bench.test", "4001"]}, "arguments", (0, 0, 1)),
        ({"args": []}, "arguments", (0, 1, 0)),
        ({"host": "b.bench.test"}, "host", (0, 0, 1)),
        ({"host": None, "host_source": None}, "host", (0, 1, 0)),
        ({"host_source": "dns"}, "host", (1, 0, 0)),
    ],
)
def test_one_thing_wrong_or_left_out_is_counted_alone(
    tmp_path: Path, row: dict[str, object], check: str, count: tuple[int, int, int]
) -> None:
    found = counted(tmp_path, row)
    assert found.pop(check) == count
    assert set(found.values()) == {(1, 0, 0)}


def test_a_row_of_another_process_is_wrong_and_the_own_one_missing(tmp_path: Path) -> None:
    found = counted(tmp_path, {"pid": 4712})
    assert found.pop("rows") == (0, 1, 1)
    assert set(found.values()) == {(0, 1, 0)}


def test_a_second_row_is_wrong(tmp_path: Path) -> None:
    assert counted(tmp_path, {}, {})["rows"] == (1, 0, 1)


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ({}, 1),
        ({"host_source": "other-process"}, 0),
        ({"host": "b.bench.test"}, 0),
        ({"host": None, "host_source": None}, 0),
    ],
)
def test_a_name_of_a_dead_process_may_be_a_guess_and_nothing_more(
    tmp_path: Path, row: dict[str, object], wrong: int
) -> None:
    found = counted(tmp_path, row, **{"no name of the dead": "a.bench.test"})
    assert found["no name of the dead"] == (1 - wrong, 0, wrong)


@pytest.mark.parametrize(
    ("outcome", "count"),
    [
        ("timed-out", (1, 0, 0)),
        ("timeout", (1, 0, 0)),
        ("refused", (0, 0, 1)),
        ("in-progress", (0, 1, 0)),
        (None, (0, 1, 0)),
    ],
)
def test_outcomes(tmp_path: Path, outcome: str | None, count: tuple[int, int, int]) -> None:
    assert counted(tmp_path, {"outcome": outcome}, outcome="timed out")["outcome"] == count


@pytest.mark.parametrize(
    ("latency_ms", "count"),
    [
        (3040.0, (1, 0, 0)),
        (3050.5, (1, 0, 0)),
        (3053.0, (0, 0, 1)),
        (900.0, (0, 0, 1)),
        (-1, (0, 0, 1)),
        (None, (0, 1, 0)),
    ],
)
def test_a_latency_is_nearly_all_that_the_call_took(
    tmp_path: Path, latency_ms: float | None, count: tuple[int, int, int]
) -> None:
    assert counted(tmp_path, {"latency_ms": latency_ms}, latency=3050.0)["latency"] == count


def test_what_is_not_right_is_told() -> None:
    from kit.judging import judge
    from kit.truth import Act, Performance, Seen, Subject

    there = ("127.82.1.1", 4001)
    done = Performance([Act("one", 7, there, {Subject.HOST: "a.bench.test", Subject.PATH: "/a"})])
    told: list[tuple[str, str]] = []
    seen = [Seen(8, there, {}), Seen(7, there, {Subject.HOST: "b.bench.test", Subject.PATH: "/a"})]
    judge(done, seen, lambda *what: told.append(what))
    assert [check for check, _ in told] == ["one: host", "one: rows"]
    assert told[0][1].endswith("'b.bench.test', not 'a.bench.test'")


def test_what_makes_no_connection_must_have_no_row(tmp_path: Path) -> None:
    from kit.judging import judge
    from kit.truth import Count, Performance, Seen

    done = Performance(
        silent=[("nothing", 7), ("nothing", 8)], ended=[("box", True), ("box", False)]
    )
    seen = [Seen(8, ("127.0.0.1", 0), {}), Seen(8, (None, 0), {}), Seen(9, (None, 0), {})]
    assert judge(done, seen) == {"nothing: rows": Count(1, 0, 2), "box: survives": Count(1, 0, 1)}


def test_a_family_without_addresses_is_told_by_its_process() -> None:
    from kit.judging import judge
    from kit.truth import Act, Count, Performance, Seen

    done = Performance([Act("sends", 7, (None, 0), {}, "packet")])
    seen = [Seen(9, (None, 0), {}), Seen(7, (None, 0), {})]
    assert judge(done, seen) == {"sends: packet: rows": Count(1)}


# By the formats in the sources of Debian's bpfcc-tools 0.26 and bpftrace 0.17.
TCPCONNECT = """\
Tracing connect ... Hit Ctrl-C to end
PID     COMM         IP SADDR            DADDR            DPORT  QUERY
4711    named        4  127.0.0.1        127.82.1.1       4001   No DNS Query
4711    named        4  127.0.0.1        127.82.1.2       4002   b.dns.test (120.5ms)
812     two words    4  127.0.0.1        127.82.1.3       4003   No DNS Query
"""
LATENCY = """\
TIME      PID     COMM                  LATms HOST
09:31:02  4711    named                  0.21 a.bench.test
"""
BPFTRACE = (
    "Attaching 2 probes...\n"
    "Tracing tcp connections. Hit Ctrl-C to end.\n"
    f"{'TIME':8} {'PID':8} {'COMM':16} {'SADDR':39} {'SPORT':6} {'DADDR':39} {'DPORT':6}\n"
    f"09:31:02 {4711:<8} {'named':16} {'127.0.0.1':39} {40000:<6} {'127.82.1.1':39} {4001:<6}\n"
    f"09:31:02 {812:<8} {'two words':16} {'127.0.0.1':39} {40001:<6} {'127.82.1.3':39} {4003:<6}\n"
)
BPFTRACE_LATENCY = """\
Attaching 7 probes...
Tracing getaddr/gethost calls... Hit Ctrl-C to end.
TIME      PID    COMM              LATms HOST
09:31:02  4711   named                  0 a.bench.test
"""


def test_bccs_tools_are_read_as_a_person_reads_them(tmp_path: Path) -> None:
    from kit.packages import Packages
    from kit.truth import Subject
    from kit.watchers import bcc_tools

    cache = Packages(tmp_path / "cache")
    for name in ("bpfcc-tools", "python3-dnslib", "python3-cachetools"):
        (tmp_path / "cache" / name).mkdir(parents=True)
    found = bcc_tools(cache).read(written(tmp_path, TCPCONNECT, LATENCY))
    assert [(row.pid, row.there, row.facts.get(Subject.HOST)) for row in found] == [
        (4711, ("127.82.1.1", 4001), "a.bench.test"),
        (4711, ("127.82.1.2", 4002), "b.dns.test"),
        (812, ("127.82.1.3", 4003), None),
    ]
    assert [row.facts[Subject.NAME] for row in found] == ["named", "named", "two words"]


def test_bpftraces_too(tmp_path: Path) -> None:
    from kit.truth import Subject
    from kit.watchers import bpftrace_tools

    found = bpftrace_tools().read(written(tmp_path, BPFTRACE, BPFTRACE_LATENCY))
    assert [(row.pid, row.there, row.facts.get(Subject.HOST)) for row in found] == [
        (4711, ("127.82.1.1", 4001), "a.bench.test"),
        (812, ("127.82.1.3", 4003), None),
    ]


def written(tmp_path: Path, *texts: str) -> list[Path]:
    folders = [tmp_path / str(number) for number in range(len(texts))]
    for folder, text in zip(folders, texts, strict=True):
        folder.mkdir()
        (folder / "stdout").write_text(text)
    return folders


def test_the_name_server_knows_its_names_and_no_others() -> None:
    from kit.nameserver import answer

    asked = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3own\3dns\4test\0\0\1\0\1"
    known = answer(asked, {"own.dns.test": "127.82.4.1"})
    assert known[:12] == b"\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
    assert known[12 : len(asked)] == asked[12:]
    assert known[len(asked) :] == b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x7f\x52\4\1"
    for unknown in (asked.replace(b"own", b"out"), asked.replace(b"\0\1\0\1", b"\0\x1c\0\1")):
        told = answer(unknown, {"own.dns.test": "127.82.4.1"})
        assert told[:12] == b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0"


def test_the_figures_ask_for_all_right_and_leave_out_what_the_hook_cannot_see() -> None:
    import attribution
    from kit.figures import Rule
    from kit.truth import Count

    counts = {
        "sock-tui": {"one: path": Count(3), "io_uring: uring-connect: rows": Count(0, 3, 0)},
        "peer": {"one: path": Count(1, 1, 1), "io_uring: uring-connect: rows": Count(3)},
    }
    with_kprobes = attribution.figures(counts, kprobes=True)
    without = attribution.figures(counts, kprobes=False)
    assert [figure.holds for figure in with_kprobes if figure.rule is not Rule.BESIDE] == [
        *(True, False),
        *(False, True),
    ]
    assert all(figure.holds is not False for figure in without)
    assert [(each.value, each.bound) for each in without if each.whose == "peer"] == [
        *((3, 1), (0, 1), (0, 1)),
    ]
