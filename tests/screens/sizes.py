"""The sizes at which every view is drawn: the least, a usual one, a wide one, a monitor's."""

from __future__ import annotations

from typing import Final

import pytest

SIZES: Final = ((80, 24), (100, 30), (140, 40), (220, 60))

at_each_size: Final = pytest.mark.parametrize(
    "size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES]
)
