"""What the programs are told to do, which stands twice: in C and in `probes.kernel.task`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from probes.kernel import task
from probes.kernel.task import TREE, TREE_MAX, Task
from probes.selection import Selection

BPF: Final = Path(__file__).parents[2] / "probes" / "bpf"
BITS: Final = {
    *("FILTER_PID", "FILTER_USER", "FILTER_PORT", "FILTER_TREE"),
    *("WITHOUT_RETURNS", "OUTCOMES", "WITHOUT_CAST", "BY_HELPERS"),
}
SELECTION: Final = Selection(frozenset({1, 2}), frozenset(), frozenset({53, 80, 443}))


def test_the_bits_of_filters_are_the_same_on_both_sides() -> None:
    text = "\n".join(path.read_text() for path in sorted(BPF.glob("*.[ch]")))
    found = [
        *re.findall(r"^#define (FILTER_\w+) (\d+)$", text, re.MULTILINE),
        *re.findall(r"^#define (\w+) \(FILTERS & (\d+)\)$", text, re.MULTILINE),
    ]
    bits = {name: int(bit) for name, bit in found}
    assert bits == {name: getattr(task, name) for name in BITS}
    assert len(found) == len(BITS) == len(set(bits.values()))
    assert all(bit.bit_count() == 1 for bit in bits.values())


def test_maps_hold_what_is_selected_and_are_as_large() -> None:
    asked = Task(selection=SELECTION)
    assert asked.filters == task.FILTER_PID | task.FILTER_PORT
    assert asked.wanted["wanted_ports"] == {53, 80, 443}
    sizes = {name: asked.map_sizes[name] for name in asked.wanted}
    assert sizes == {"wanted_pids": 2, "wanted_users": 1, "wanted_ports": 3, TREE: 1}


def test_a_tree_has_room_to_grow() -> None:
    asked = Task(selection=Selection(trees=frozenset({7})))
    assert asked.filters == task.FILTER_TREE
    assert asked.wanted[TREE] == {7}
    assert asked.map_sizes[TREE] == TREE_MAX


@pytest.mark.parametrize("returns", [True, False])
def test_maps_for_lookups_without_returns_are_small_where_there_are_returns(returns: bool) -> None:
    asked = Task(returns=returns)
    assert bool(asked.filters & task.WITHOUT_RETURNS) is not returns
    assert ("lookups_alone" in asked.map_sizes) is returns
