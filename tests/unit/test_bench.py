from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True, scope="module")
def kit() -> Iterator[None]:
    """bench/ is no package: its commands find `kit` beside them."""
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


def sample(at: float, cpu: float, resident: int = 0) -> object:
    from kit.capturing import Sample

    return Sample(at, cpu, resident)


def outcome(rate: int, *, rows: int | None = None, claimed: int = 0, behind: float = 0.0):
    from kit.capturing import Outcome
    from kit.storm import Load, Made

    made = Made(rate * 4, 4.0, 1.0, 0.0, 1.0)
    kept = made.calls if rows is None else rows
    return Outcome(Load(rate, 4), made, kept, claimed, 1.0, 2.0, 0.3, behind, 0, 0.0, ())


def test_it_works_until_the_last_sample_that_follows_on_work() -> None:
    from kit.capturing import busy_until

    # Half of a core until 0.2 s, then what is no work beside 4 % at rest.
    samples = [sample(0.0, 1.0), sample(0.1, 1.05), sample(0.2, 1.10), sample(0.3, 1.11)]
    assert busy_until(samples, idle=0.04) == 0.2
    assert busy_until(samples[:1], idle=0.04) == 0.0
    assert busy_until(samples[2:], idle=0.04) == 0.2


def test_memory_that_stopped_growing_is_told_from_memory_that_did_not() -> None:
    from kit.capturing import growth

    grown = [sample(at, 0, resident) for at, resident in enumerate((1, 50, 80, 100, 100, 100))]
    growing = [sample(at, 0, resident) for at, resident in enumerate((1, 50, 80, 100, 110, 120))]
    assert growth(grown) == 0
    assert growth(growing) == 20


def test_what_is_missing_and_what_is_said_are_two_things() -> None:
    lossy = outcome(1_000, rows=3_900, claimed=90)
    assert (lossy.missing, lossy.unsaid, lossy.kept_up) == (100, 10, False)
    assert lossy.taken_us == pytest.approx(1 / 3_900 * 1e6)


def test_nothing_is_kept_up_with_by_waiting_in_a_buffer() -> None:
    assert outcome(1_000).kept_up
    assert not outcome(1_000, behind=1.0).kept_up


def test_the_highest_rate_is_looked_for_between_what_was_kept_and_what_was_not() -> None:
    from kit.ladder import highest, narrowed

    tried = []

    def attempt(rate: int):
        tried.append(rate)
        return outcome(rate, rows=None if rate <= 250_000 else 0)

    first = [outcome(100_000), outcome(200_000), outcome(400_000, rows=0)]
    assert highest([*first, *narrowed(first, attempt)]) == 240_000
    assert tried == [280_000, 240_000]
    assert not narrowed([outcome(100_000)], attempt)
    assert not narrowed([outcome(100_000, rows=0)], attempt)


def test_the_ladder_ends_where_the_load_gets_no_faster() -> None:
    from kit.ladder import has_topped

    slow = outcome(100_000)
    slow = replace(slow, made=replace(slow.made, elapsed=8.0))
    assert has_topped([slow])
    assert not has_topped([outcome(100_000)])


def test_rows_of_the_generator_are_counted_in_each_form_and_nobody_elses(tmp_path: Path) -> None:
    from kit import counting
    from kit.storm import PORT

    lines = {
        counting.PRINTED: "12:00:01 AF_INET 40349 storm root 127.64.0.9:{port}     \n",
        counting.AS_JSON: '{{"pid": 9, "address": "127.64.0.9", "port": {port}, "host": 0}}\n',
        counting.EXPORTED: "2026-11-23T05:00:00,AF_INET,40349,root,127.64.0.9,{port},,,\n",
        counting.BY_PEERS: "40349 storm 127.64.0.9 {port}\n",
    }
    for pattern, line in lines.items():
        path = tmp_path / "lines"
        path.write_text(line.format(port=PORT) * 3 + line.format(port=9))
        assert counting.matches(path, pattern) == 3
    (tmp_path / "empty").touch()
    assert counting.matches(tmp_path / "empty", counting.PRINTED) == 0


def test_the_last_line_and_the_last_title_count(tmp_path: Path) -> None:
    from kit import counting
    from kit.running import ToolError

    screen = tmp_path / "stdout"
    screen.write_bytes(
        b"\x1b[1;2H Connections 12 \x1b[0m seen 12  lost 99 \x1b[3;2HConnections 1,234,567"
        b"\x1b[<u\x1b[?25hseen 1300000, lost 7, filtered out 5, overflowed 3, evicted 20\r\n"
    )
    assert counting.titled(screen) == 1_234_567
    assert counting.missing(screen) == 30
    (tmp_path / "cut").write_bytes(b"Traceback")
    with pytest.raises(ToolError, match="Traceback"):
        counting.missing(tmp_path / "cut")
    said = tmp_path / "said"
    said.write_text("Lost 12 events\n1 storm 127.0.0.1 9\nLost 30 events\n")
    assert counting.total(said, re.compile(rb"Lost (\d+) events")) == 42


def test_figures_are_handed_over_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kit.figures import Figure, Report, Rule, hand_over, handed_over

    figures = [
        Figure("an event", 3.0, "µs", Rule.AT_MOST, 4.0),
        Figure("lost", 0, "", Rule.AT_MOST, 0),
        Figure("rate", 90_000, "/s", Rule.AT_LEAST, 100_000, "1.2 times its"),
        Figure("rows", 7, "", Rule.EXACTLY, 7),
        Figure("start", 1.0, "s", Rule.BESIDE, 2.0, "bare BCC"),
    ]
    assert [figure.holds for figure in figures] == [True, True, False, True, None]
    assert [figure.ratio for figure in figures] == [0.75, None, 0.9, 1.0, 0.5]
    assert figures[2].cells == [
        "rate",
        "90,000 /s",
        "≥ 100,000 /s (1.2 times its)",
        "0.90",
        "MISSED",
    ]
    report = Report(figures, ["no bpftrace"])
    hand_over(report, tmp_path / "figures")
    assert handed_over(tmp_path / "figures") == report
    printed = capsys.readouterr().out
    assert "MISSED" in printed
    assert "no bpftrace" in printed


def test_a_rung_is_a_row_for_each_tool_whatever_came_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from capture import show_rung
    from kit.storm import Load

    few, many, none = outcome(1_000), outcome(200_000), outcome(1_000, rows=0)
    show_rung(Load(1_000, 4), {"few": few, "many": many, "none": none})
    *_, titles, first, second, third = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in (first, second, third)] == ["few", "many", "none"]
    assert "2.50" in second  # microseconds a row, to its end: 2 s for 800,000
    assert "500.00" not in first  # a start's own time would hide it
    assert len(titles) == len(first) == len(second) == len(third)
