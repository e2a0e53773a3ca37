from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session import radix
from app.session.radix import in_order

MASK = (1 << 40) - 1
_numbers = st.lists(st.integers(0, 2**124), max_size=200, unique_by=lambda number: number & MASK)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a few numbers, so that a few hundred take many."""
    monkeypatch.setattr(radix, "SMALL", 4)
    monkeypatch.setattr(radix, "_BUCKET_BITS", 2)


def pieces(numbers: list[int]) -> list[list[int]]:
    return [numbers[at : at + 4] for at in range(0, len(numbers), 4)]


@given(_numbers)
def test_the_lower_bits_come_in_the_order_of_the_whole_numbers(numbers: list[int]) -> None:
    found = array("Q")
    for _ in in_order(pieces(numbers), MASK, found):
        pass
    assert list(found) == [number & MASK for number in sorted(numbers)]


def test_numbers_that_are_nearly_all_alike_are_still_done_in_steps() -> None:
    numbers = [5 << 100 | number for number in range(300)] + [1 << 120]
    found = array("Q")
    steps = list(in_order(pieces(numbers[::-1]), MASK, found))
    assert len(steps) > 100
    assert list(found) == [number & MASK for number in numbers]
