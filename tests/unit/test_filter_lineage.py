"""Filters by who made a process, and by the container's name."""

from __future__ import annotations

from app.filters.query import parse
from probes.record import Ancestor
from tests.connections import made_by

LINE = (Ancestor(80, "bash", "/usr/bin/bash", ()), Ancestor(7, "sshd", None, ()))
ROW = made_by(pid=90, parent=80, parents=LINE, container="3f4a0b1c2d3e", container_name="web")


def test_a_tree_is_a_process_and_all_that_stem_from_it() -> None:
    assert [parse(f"tree:{pid}").matches(ROW) for pid in (90, 80, 7, 8)] == [True] * 3 + [False]


def test_a_container_has_a_name_and_an_id() -> None:
    assert parse("container:web").matches(ROW)
    assert parse("container:3f4a").matches(ROW)
    assert not parse("container:db").matches(ROW)
