"""How many returns of connect() no program saw."""

from __future__ import annotations

import pytest

from probes.hooks.outcomes import Returns


def test_programs_that_see_each_return_stand_in_for_each_other() -> None:
    returns = Returns(twice=True)
    assert returns.unseen(1, 0) == 0  # a thread that lost its processor in the first
    assert returns.unseen(1, 0) == 0
    assert returns.unseen(1, 3) == 0  # others, much later, in the second
    assert returns.unseen(5, 3) == 0


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([(1, 1)], id="at-once"),
        pytest.param([(1, 0), (1, 1)], id="a-look-between"),
        pytest.param([(4, 0), (4, 1), (4, 1)], id="one-of-several"),
        pytest.param([(0, 2), (1, 3)], id="others-before"),
    ],
)
def test_a_return_that_both_were_left_out_at_is_unseen(looks: list[tuple[int, int]]) -> None:
    returns = Returns(twice=True)
    assert [returns.unseen(*look) for look in looks][-1] == 1


def test_what_was_left_out_counts_once() -> None:
    returns = Returns(twice=True)
    assert [returns.unseen(*look) for look in ((2, 1), (2, 2), (2, 3), (3, 4))] == [1, 2, 2, 3]


def test_one_program_alone_has_no_stand_in() -> None:
    returns = Returns(twice=False)
    assert [returns.unseen(0, total) for total in (0, 2, 2, 5)] == [0, 2, 2, 5]
