"""Columns that a person chose: which have a place, and what stands in those beyond the ten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from probes.record import Ancestor, Connection, Host, HostSource
from probes.text import visible
from tests.widgets.widget_samples import HOSTILE, NOON_NS, connection, process
from widgets.column import ALL, BY_KEY, COLUMNS
from widgets.columns import Sorted, layout, row_spans, title_line

_FULL = replace(
    process(),
    args=("curl", "-s", "https://api.github.com"),
    parent=9001,
    start_ns=NOON_NS,
    cgroup=5120,
    netns=4_026_531_840,
    container="1f0e" * 16,
    container_name="web",
    unit="cron.service",
    parents=(Ancestor(9001, "bash", "/usr/bin/bash", ("-bash",)),),
)
_NARROWEST = 20  # no column needs more
_keys = st.lists(st.sampled_from([column.key for column in ALL]), min_size=1, unique=True)


def cell(key: str, row: Connection, width: int = 24) -> str:
    return "".join(text for text, _ in BY_KEY[key].show(row, width, layout(200)))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("args", "-s https://api.github.c…"),
        ("parent", "9001 bash"),
        ("tid", "7"),
        ("uid", "1000"),
        ("container", "web"),
        ("unit", "cron.service"),
        ("cgroup", "5120"),
        ("netns", "4026531840"),
        ("local", "192.168.7.20:51234"),
        ("latency", "12 ms"),
        ("asn", "36459"),
        ("source", "getaddrinfo"),
    ],
)
def test_what_stands_in_them(key: str, expected: str) -> None:
    assert cell(key, connection(443, process=_FULL)) == expected


def test_what_is_not_known_is_empty() -> None:
    nothing = connection(
        process=replace(process(), args=()),
        host=None,
        system=None,
        local_address=None,
        latency_us=None,
    )
    more = [column.key for column in ALL if column not in COLUMNS]
    told = {key: cell(key, nothing) for key in more}
    assert {key: text for key, text in told.items() if text} == {"tid": "7", "uid": "1000"}


def test_of_a_parent_that_is_only_a_number_and_of_a_container_without_a_name() -> None:
    row = connection(process=replace(_FULL, parents=(), container_name=None))
    assert cell("parent", row) == "9001"
    assert cell("container", row, 9) == "1f0e1f0e…"


@given(_keys, st.integers(_NARROWEST, 260))
def test_a_choice_keeps_its_order_and_loses_columns_from_the_right(
    keys: list[str], width: int
) -> None:
    form = layout(width, keys)
    assert form.shown == keys[: len(form.shown)]
    assert form.shown
    row = connection(443, process=_FULL)
    line = "".join(text for text, _ in row_spans(row, form))
    assert cell_len(line) == cell_len(title_line(form)) <= width
    left = keys[len(form.shown) :]
    if left:
        needed = [BY_KEY[key].minimum for key in [*form.shown, left[0]]]
        assert sum(needed) + form.gap * (len(needed) - 1) > width


@given(_keys, st.integers(_NARROWEST, 260))
def test_whatever_a_program_is_called_fits(keys: list[str], width: int) -> None:
    who = replace(
        process(HOSTILE, HOSTILE, user=HOSTILE),
        args=(HOSTILE, HOSTILE),
        container=HOSTILE,
        unit=HOSTILE,
        parents=(Ancestor(1, HOSTILE, HOSTILE, ()),),
    )
    row = connection(1, process=who, host=Host(HOSTILE, HostSource.DNS))
    form = layout(width, keys)
    line = "".join(text for text, _ in row_spans(row, form))
    assert cell_len(line) == cell_len(title_line(form))
    assert visible(line) == line


def test_the_mark_of_the_order_stands_at_a_chosen_column_too() -> None:
    assert "▼ TID" in title_line(layout(80, ["tid", "process"]), Sorted("tid", True))
    assert layout(80, ["host"]).width("tid") == 0
