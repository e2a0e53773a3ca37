from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.connections import Connections
from probes.record import Connection
from tests.connections import GITHUB, NETLINK, connections

_some = st.lists(connections, max_size=6)
# Indexes and lengths go a little beyond what such a list has.
_places = st.integers(-8, 8)


@settings(deadline=None)
@given(_some)
def test_they_are_the_same_connections_in_the_same_order(rows: list[Connection]) -> None:
    columns = Connections.of(rows)
    assert len(columns) == len(rows)
    assert list(columns) == rows
    assert [columns[index] for index in range(len(rows))] == rows
    assert [columns[index] for index in range(-len(rows), 0)] == rows
    for beyond in (len(rows), -len(rows) - 1):
        with pytest.raises(IndexError):
            columns[beyond]


@settings(deadline=None)
@given(_some)
def test_the_columns_are_the_rows_attributes(rows: list[Connection]) -> None:
    columns = Connections.of(rows)
    assert columns.times.tolist() == [row.time_ns for row in rows]
    assert columns.tids.tolist() == [row.tid for row in rows]
    assert columns.ports.tolist() == [row.port or 0 for row in rows]
    assert columns.hosts == [row.host for row in rows]
    assert all(known is row.process for known, row in zip(columns.processes, rows, strict=True))
    assert [(end.family, end.address, end.system) for end in columns.endpoints] == [
        (row.family, row.address, row.system) for row in rows
    ]


@settings(deadline=None)
@given(_some, _some, connections)
def test_rows_are_added_at_the_end(
    rows: list[Connection], more: list[Connection], last: Connection
) -> None:
    columns, others = Connections.of(rows), Connections.of(more)
    columns.extend(others)
    columns.append(last)
    others.append(last)
    assert list(columns) == [*rows, *more, last]
    assert list(others) == [*more, last]


@settings(deadline=None)
@given(_some, _places, _places)
def test_a_piece_is_what_a_list_would_give(rows: list[Connection], start: int, stop: int) -> None:
    columns = Connections.of(rows)
    piece = columns.piece(start, stop)
    assert list(piece) == rows[start:stop]
    piece.append(NETLINK)
    assert list(columns) == rows


@settings(deadline=None)
@given(st.lists(st.tuples(connections, st.sampled_from([True, False, 0, 1, None, ""])), max_size=6))
def test_what_a_mask_keeps(marked: list[tuple[Connection, object]]) -> None:
    columns = Connections.of(row for row, _ in marked)
    kept = columns.kept([mark for _, mark in marked])
    assert list(kept) == [row for row, mark in marked if mark]
    kept.append(NETLINK)
    assert list(columns) == [row for row, _ in marked]


@settings(deadline=None)
@given(st.data())
def test_rows_at_any_indexes(data: st.DataObject) -> None:
    rows = data.draw(st.lists(connections, min_size=1, max_size=6))
    inside = st.integers(-len(rows), len(rows) - 1)
    indexes: Sequence[int] = data.draw(st.lists(inside, max_size=8))
    columns = Connections.of(rows)
    picked = columns.at(indexes)
    assert list(picked) == [rows[index] for index in indexes]
    picked.append(NETLINK)
    assert list(columns) == rows


@pytest.mark.parametrize("indexes", [[2], [0, 2], [-3]])
def test_an_index_beyond_the_rows_is_an_error(indexes: list[int]) -> None:
    with pytest.raises(IndexError):
        Connections.of([GITHUB, NETLINK]).at(indexes)


def test_copies_share_the_objects_of_their_rows() -> None:
    columns = Connections.of([GITHUB, NETLINK, replace(GITHUB, port=80)])
    first, _, last = columns.endpoints
    assert first is last, "the port is no part of an endpoint"
    for copy in (columns.piece(0, 1), columns.kept([1, 0, 0]), columns.at([0]), columns.at([0, 1])):
        assert copy.endpoints[0] is first
        assert copy.processes[0] is GITHUB.process
        assert copy.hosts[0] is GITHUB.host
