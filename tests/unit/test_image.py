"""A process image as the kernel tells it: read, and told from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.processes.image import (
    FLAG_ARGS_CUT,
    FLAG_ARGS_UNREADABLE,
    FLAG_DELETED,
    FLAG_PATH_CUT,
    IMAGE,
    Image,
    read_image,
    split_args,
    started_at,
)

TICK = 10_000_000  # nanoseconds, where there are 100 in a second
DAY = 24 * 3600 * 10**9


def told(args: bytes = b"x\0", path: bytes = b"x\0", flags: int = 0) -> Image:
    record = IMAGE.pack(1, 2, 6, 3, 4, 5, len(args), len(path)) + args + path
    found = read_image(7, 8, flags, record)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("components", "flags", "path"),
    [
        (b"curl\0bin\0usr\0", 0, "/usr/bin/curl"),
        (b"init\0", 0, "/init"),
        (b"", 0, None),
        (b"", FLAG_PATH_CUT, None),
        (b"x\0deep\0", FLAG_PATH_CUT, "…/deep/x"),
        (b"memfd:x\0", FLAG_DELETED, "/memfd:x (deleted)"),
        (b"x\0deep\0", FLAG_PATH_CUT | FLAG_DELETED, "…/deep/x (deleted)"),
        (b"caf\xe9\n\0\xff\0", 0, "/\udcff/caf\udce9\n"),
    ],
)
def test_a_path_is_put_together_from_its_end(components: bytes, flags: int, path: str) -> None:
    assert told(path=components, flags=flags).executable == path


@pytest.mark.parametrize(
    ("raw", "flags", "args"),
    [
        (b"curl\0-s\0\0", 0, ("curl", "-s", "")),
        (b"\0", 0, ("",)),
        (b"", 0, ()),
        (b"nginx: worker", 0, ("nginx: worker",)),
        (b"java\0-cp\0aaa", FLAG_ARGS_CUT, ("java", "-cp", "aaa", "…")),
        (b"", FLAG_ARGS_UNREADABLE, None),
        (b"", FLAG_ARGS_UNREADABLE | FLAG_ARGS_CUT, None),
    ],
)
def test_arguments_are_told_as_far_as_they_were_read(
    raw: bytes, flags: int, args: tuple[str, ...] | None
) -> None:
    assert told(args=raw, flags=flags).args == args


@given(st.binary(min_size=IMAGE.size, max_size=80), st.integers(0, 2**32 - 1))
def test_whatever_a_record_holds_it_is_read_or_refused(record: bytes, flags: int) -> None:
    found = read_image(1, 1, flags, record)
    assert found is None or found.executable is None or "\0" not in found.executable
    assert read_image(1, 0, flags, record) is None


@given(st.lists(st.binary().map(lambda raw: raw.replace(b"\0", b"")), max_size=5))
def test_arguments_are_split_where_they_were_joined(args: list[bytes]) -> None:
    joined = b"".join(arg + b"\0" for arg in args)
    assert [arg.encode("utf-8", "surrogateescape") for arg in split_args(joined)] == args


@pytest.mark.parametrize("start", [0, TICK, 5 * DAY, 400 * DAY + 7 * TICK])
@pytest.mark.parametrize("within", [0, 1, TICK - 1])
def test_a_process_is_recognized_by_the_tick_it_started_in(start: int, within: int) -> None:
    number = (start + within) << 16 & (1 << 64) - 1 | 0xFFFF
    ticks = start // TICK
    assert started_at(number, ticks)
    assert not started_at(number, ticks + 1)
    assert not started_at(number, ticks - 1)
    assert not started_at(number, ticks + 100 * 3600)
