"""The libcs that processes have mapped, found in a /proc of the test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from probes.kernel.requirements import libc_path
from probes.naming import libcs
from probes.naming.libcs import LIBCS_MAX, Libcs

EXTENT = "7f0000000000-7f0000001000"


class World:
    """A /proc to look through, and what was attached."""

    def __init__(self, root: Path) -> None:
        self.root = root / "proc"
        self.root.mkdir()
        self._files = root / "files"
        self._files.mkdir()
        self.attached: list[str] = []
        self.now = 100.0
        self.found = Libcs(self._attach, self.root, lambda: self.now)

    def _attach(self, path: str) -> None:
        content = Path(path).read_text()
        self.attached.append(content)
        if content == "refused":
            raise OSError(22, "Invalid argument")
        if content == "no libc":
            raise ValueError(content)

    def process(
        self, pid: int, content: str, path: str = "/lib/libc.so.6", flags: str = "r-xp"
    ) -> None:
        """A process that has mapped the file of that content under that path."""
        file = self._files / content
        if not file.exists():
            file.write_text(content)
        folder = self.root / str(pid)
        (folder / "map_files").mkdir(parents=True, exist_ok=True)
        link = folder / "map_files" / EXTENT
        link.unlink(missing_ok=True)
        link.symlink_to(file)
        number = file.stat().st_ino
        (folder / "maps").write_text(
            "559b2f4e8000-559b2f4ea000 r--p 00000000 fe:00 1309 /usr/bin/cat\n"
            f"{EXTENT} {flags} 00026000 fe:00 {number}                     {path}\n"
            "7ffd5f5fe000-7ffd5f61f000 rw-p 00000000 00:00 0          [stack]\n"
        )

    def look(self) -> list[str]:
        """All there is to look at now; what was attached at that."""
        before = len(self.attached)
        while self.found.turn():
            pass
        return self.attached[before:]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/x86_64-linux-gnu/libc.so.6",
        "/lib/libc-2.31.so",
        "/lib/ld-musl-x86_64.so.1",
        "/lib/libc.musl-aarch64.so.1",
        "/lib/x86_64-linux-musl/libc.so",
        "/usr/local/musl/lib/libc.so",
        "/a b/libc.so.6",
        "/lib/libc.so.6 (deleted)",
    ],
)
def test_a_libc_is_known_by_its_name(world: World, path: str) -> None:
    world.process(7, "one", path)
    assert world.look() == ["one"]


@pytest.mark.parametrize(
    "path", ["/lib/libcrypt.so.1", "/lib/libc.so.6.bak", "/lib/xlibc.so.6", "/apex/lib64/libc.so"]
)
def test_what_is_none_is_left_alone(world: World, path: str) -> None:
    world.process(7, "one", path)
    assert world.look() == []


def test_only_what_is_executed_is_of_interest(world: World) -> None:
    world.process(7, "one", flags="r--p")
    assert world.look() == []


def test_each_is_attached_once(world: World) -> None:
    world.process(7, "one")
    world.process(8, "one")
    world.process(9, "two")
    assert sorted(world.look()) == ["one", "two"]
    world.now += 10
    world.process(10, "one")
    assert world.look() == []


def test_the_one_that_is_watched_already_is_not_attached_again(
    world: World, tmp_path: Path
) -> None:
    world.process(7, "one")
    world.found.known(str(tmp_path / "files" / "one"))
    assert world.look() == []


def test_new_processes_are_found_a_while_later(world: World) -> None:
    assert world.look() == []
    world.process(7, "one")
    assert world.look() == []
    world.now += 2
    assert world.look() == ["one"]


def test_a_process_that_was_seen_is_looked_at_at_once(world: World) -> None:
    assert world.look() == []
    world.process(7, "one")
    world.found.seen([7])
    assert world.look() == ["one"]


def test_a_process_may_become_another_program_just_after_it_began(world: World) -> None:
    world.process(7, "one")
    assert world.look() == ["one"]
    world.process(7, "two")
    world.now += 2
    assert world.look() == ["two"]


def test_or_later_and_is_looked_at_ever_less_often(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.process(7, "one")
    looks = []
    look_at = world.found._look_at
    monkeypatch.setattr(
        world.found, "_look_at", lambda pid: (looks.append(world.now), look_at(pid))
    )
    for second in range(70):
        world.now = 100.0 + second
        if second == 20:  # in a slow machine's container
            world.process(7, "two")
        world.look()
    assert [int(at) - 100 for at in looks] == [0, 1, 3, 7, 15, 31, 63]
    assert world.attached == ["one", "two"]


def test_a_process_that_has_ended_is_none(world: World) -> None:
    world.found.seen([7])
    (world.root / "8").mkdir()
    assert world.look() == []


def test_a_turn_is_short(world: World) -> None:
    for pid in range(100, 110):
        world.process(pid, f"file{pid}")
    clock = iter(range(1000))
    world.found = Libcs(world._attach, world.root, lambda: float(next(clock)))
    assert world.found.turn()
    assert len(world.attached) == 1
    assert len(world.look()) == 9


@pytest.mark.parametrize("content", ["refused", "no libc"])
def test_what_cannot_be_watched_is_counted(world: World, content: str) -> None:
    world.process(7, content)
    assert world.look() == [content]
    assert world.found.unwatched == 1
    world.now += 2
    assert world.look() == []


def test_there_is_an_end_to_what_is_watched(world: World) -> None:
    for pid in range(1, LIBCS_MAX + 4):
        world.process(pid, f"file{pid}")
    assert len(world.look()) == LIBCS_MAX
    assert world.found.unwatched == 3


def test_only_so_many_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libcs, "_QUEUE", 10)
    world.found.seen(range(1, 1000))
    reads = 0

    def count(_pid: int) -> None:
        nonlocal reads
        reads += 1

    monkeypatch.setattr(world.found, "_look_at", count)
    world.look()
    assert reads <= 10


def test_this_process_has_one() -> None:
    found: list[int] = []
    looked = Libcs(lambda path: found.append(os.stat(path).st_ino))
    looked.seen([os.getpid()])
    looked.turn()
    if os.geteuid() == 0:  # whoever is not may not open a mapping
        assert os.stat(libc_path()).st_ino in found
