"""From value to value, in columns beside each other or below each other."""

from __future__ import annotations

import pytest

from widgets.values import Spot, below, beside, told

# Two columns: what is drawn as  a--- b--
#                                c
# and beside it, from cell 20 on      d---
#                                     (a title)
#                                     e--  f
SPOTS = [
    Spot((name, "", 0), told("it", name), column, x, y, width)
    for name, column, x, y, width in (
        ("a", 0, 0, 1, 4),
        ("b", 0, 6, 1, 3),
        ("c", 0, 2, 4, 1),
        ("d", 1, 20, 1, 4),
        ("e", 1, 20, 3, 3),
        ("f", 1, 26, 3, 1),
    )
]
BY_NAME = {spot.value.text: spot for spot in SPOTS}


def gone(keys: str, start: str, *, abreast: bool) -> str:
    spot = BY_NAME[start]
    for key in keys:
        if key in "ud":
            spot = below(SPOTS, spot, 1 if key == "d" else -1)
        else:
            spot = beside(SPOTS, spot, 1 if key == "r" else -1, abreast=abreast)
    return spot.value.text


@pytest.mark.parametrize(
    ("start", "keys", "end"),
    [
        ("a", "d", "c"),
        ("b", "d", "c"),
        ("c", "d", "d"),
        ("d", "d", "e"),
        ("e", "d", "e"),
        ("f", "u", "d"),
        ("d", "u", "c"),
        ("a", "u", "a"),
        ("a", "r", "b"),
        ("b", "r", "d"),
        ("c", "r", "e"),
        ("f", "l", "e"),
        ("f", "r", "f"),
        ("e", "l", "c"),
        ("d", "l", "b"),
        ("a", "l", "a"),
    ],
)
def test_arrows_where_columns_stand_beside_each_other(start: str, keys: str, end: str) -> None:
    assert gone(keys, start, abreast=True) == end


@pytest.mark.parametrize(
    ("start", "keys", "end"), [("b", "r", "c"), ("c", "rr", "e"), ("d", "l", "c"), ("f", "r", "f")]
)
def test_arrows_go_on_in_the_next_line_where_they_do_not(start: str, keys: str, end: str) -> None:
    assert gone(keys, start, abreast=False) == end
