"""Bytecode without descriptors, and with others than it was compiled with."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest

from probes.kernel.bytecode import Bytecode, MapShape

EXIT = bytes([0x95, 0, 0, 0, 0, 0, 0, 0])
RING = MapShape("events", 27, 0, 0, 16 << 20, 0)
LOST = MapShape("lost", 6, 4, 8, 1, 0)
MARK = 0x534F434B


def load_64(register: int, source: int, low: int, high: int = 0) -> bytes:
    """`register = 64 bits`, in two places of 8 bytes."""
    return struct.pack("<BBHiBBHi", 0x18, source << 4 | register, 0, low, 0, 0, 0, high)


def load_map(register: int, number: int) -> bytes:
    return load_64(register, 1, number)


# The compiler's descriptors: 7 for the ring, 5 for the other.
PROGRAMS = {"one": load_map(1, 7) + EXIT + load_map(2, 5) + EXIT, "other": load_map(1, 5) + EXIT}
BYTECODE = Bytecode.unlinked([(RING, 7), (LOST, 5)], PROGRAMS)


def test_the_compilers_descriptors_give_way_to_others() -> None:
    assert BYTECODE.maps == (RING, LOST)
    expected = load_map(1, 40) + EXIT + load_map(2, 41) + EXIT
    assert BYTECODE.linked("one", [40, 41], []) == expected
    assert BYTECODE.linked("other", [40, 41], []) == load_map(1, 41) + EXIT


def test_a_function_of_the_kernels_is_called_by_its_number() -> None:
    helper, function = (
        struct.pack("<BBHi", 0x85, 0, 0, 6),
        struct.pack("<BBHi", 0x85, 0, 0, 1 << 30 | 77),
    )
    # The second half of the load is no call, whatever it looks like.
    plain = struct.pack("<BBHiBBHi", 0x18, 1, 0, 7, 0x85, 0, 0, 1 << 30)
    bytecode = Bytecode.unlinked([], {"one": helper + function + plain + EXIT})
    called = struct.pack("<BBHi", 0x85, 0x20, 0, 77)
    assert bytecode.linked("one", [], []) == helper + called + plain + EXIT


def test_a_swap_of_descriptors_mixes_nothing_up() -> None:
    expected = load_map(1, 5) + EXIT + load_map(2, 7) + EXIT
    assert BYTECODE.linked("one", [5, 7], []) == expected


def test_a_number_that_looks_like_a_map_is_left_alone() -> None:
    # Two plain numbers; the second half of the first one looks like the load of a map.
    plain = struct.pack("<BBHiBBHi", 0x18, 1, 0, 7, 0x18, 0x10, 0, 7) + load_64(1, 0, 7)
    bytecode = Bytecode.unlinked([(RING, 7)], {"one": plain + EXIT})
    assert bytecode.linked("one", [40], []) == plain + EXIT


@pytest.mark.parametrize("value", [0, 1, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, (1 << 64) - 1])
def test_constants_are_put_in_whole(value: int) -> None:
    code = load_64(3, 0, 0, MARK) + load_64(4, 0, 1, MARK) + EXIT
    bytecode = Bytecode.unlinked([], {"one": code})
    low, high = struct.unpack("<ii", struct.pack("<Q", value))
    expected = load_64(3, 0, 9) + load_64(4, 0, low, high) + EXIT
    assert bytecode.linked("one", [], [9, value]) == expected


def test_what_is_not_given_is_named() -> None:
    with pytest.raises(ValueError, match="map 5"):
        Bytecode.unlinked([(RING, 7)], PROGRAMS)
    with pytest.raises(ValueError, match="map 1"):
        BYTECODE.linked("one", [40], [])
    with pytest.raises(ValueError, match="constant 1"):
        Bytecode((), {"one": load_64(3, 0, 1, MARK)}).linked("one", [], [0])
    with pytest.raises(ValueError, match="constant -1"):
        Bytecode((), {"one": load_64(3, 0, -1, MARK)}).linked("one", [], [0])


def test_comes_back_from_json_as_it_was() -> None:
    for bytecode in (BYTECODE, replace(BYTECODE, layout=(1264, 8, 0))):
        assert Bytecode.from_json(json.loads(json.dumps(bytecode.to_json()))) == bytecode


def test_modules_of_one_source_share_their_maps() -> None:
    own = MapShape("a", 2, 4, 8, 16, 0)
    first = Bytecode.unlinked(
        [(LOST, 3), (RING, 4)], {"one": load_map(1, 4) + EXIT}, [1, 2], {"f": 9}
    )
    second = Bytecode.unlinked(
        [(RING, 3), (own, 8)], {"other": load_map(1, 3) + load_map(2, 8) + EXIT}
    )
    joined = Bytecode.joined([first, second])
    assert joined.maps == (own, RING, LOST)
    assert (joined.layout, joined.functions) == ((1, 2), {"f": 9})
    assert joined.linked("one", [50, 51, 52], []) == load_map(1, 51) + EXIT
    assert joined.linked("other", [50, 51, 52], []) == load_map(1, 51) + load_map(2, 50) + EXIT


def test_modules_that_differ_in_a_map_are_not_joined() -> None:
    other = Bytecode.unlinked([(replace(LOST, max_entries=2), 3)], {})
    with pytest.raises(ValueError, match="not the same"):
        Bytecode.joined([BYTECODE, other])
