"""What a filter is to whoever applies it, and nothing of how it is made."""

from __future__ import annotations

from collections.abc import Callable

from probes.connections import Connections

Mask = bytes
"""For each of many connections 1 where it is meant, else 0: such are joined as one long number."""

Test = Callable[[Connections], Mask]


def everything(count: int) -> Mask:
    """All of so many."""
    return b"\1" * count


def inverted(mask: Mask) -> Mask:
    """The others."""
    return mask.translate(_INVERTED)


def both(one: Mask, other: Mask) -> Mask:
    """Those that are meant by both of two, which are equally long."""
    return (int.from_bytes(one) & int.from_bytes(other)).to_bytes(len(one))


def either(one: Mask, other: Mask) -> Mask:
    """Those that are meant by one of two, which are equally long."""
    return (int.from_bytes(one) | int.from_bytes(other)).to_bytes(len(one))


_INVERTED = bytes.maketrans(b"\0\1", b"\1\0")
