"""Each parser on bytes made from what it reads and on any others; at length: `make fuzz`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

EXAMPLES = 100
# Where, as a part of the whole, and what stands there instead of how many bytes.
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 16)), min_size=1, max_size=5
)


def edited(data: bytes, edits: list[tuple[float, bytes, int]]) -> bytes:
    for part, new, gone in edits:
        at = int(part * len(data))
        data = data[:at] + new + data[at + gone :]
    return data


@pytest.mark.parametrize("name", TARGETS)
@given(st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_bytes(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = st.sampled_from(target.seeds())
    target.run(data.draw(st.binary() | seed | st.builds(edited, seed, EDITS)))
