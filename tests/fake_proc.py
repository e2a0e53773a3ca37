"""A /proc of a test's own making, and a clock that stands still."""

from __future__ import annotations

from pathlib import Path


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeProc:
    """A folder laid out like /proc, for what a test cannot make happen: a pid given again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(
        self,
        pid: int,
        *,
        start: int,
        exe: str | None,
        cmdline: bytes = b"",
        comm: bytes = b"x",
        parent: int = 1,
    ) -> None:
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        before_start = " ".join(["S", str(parent), *["1"] * 17])
        (folder / "stat").write_bytes(
            b"%d (%b) %b %d 0 0\n" % (pid, comm, before_start.encode(), start)
        )
        (folder / "cmdline").write_bytes(cmdline)
        (folder / "exe").unlink(missing_ok=True)
        if exe is not None:
            (folder / "exe").symlink_to(exe)

    def end(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()
