"""The real dashboard, on the terminal that it is started on, measured while it is played.

Run by bench/table.py: `played.py FOLDER ROWS SECONDS`. What was found goes to FOLDER/found, as
JSON. Keys are typed from outside, where FOLDER/typing is there, and told of in FOLDER/typed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.commands.watch import COLLECT_EVERY
from app.filters.query import parse
from app.output.export import write_csv
from app.output.exporting import Exporting
from app.screens.board import Board
from app.screens.dashboard import Dashboard
from app.session.capture import Capture
from app.session.order import Order
from kit.played_source import WATCHING, Tap
from kit.session import Sessions
from widgets.columns import COLUMNS
from widgets.connection_table import ConnectionTable

Found = dict[str, Any]
FEW: Final = 1_000  # rows: what must not grow is measured with them first
TICK: Final = 0.1  # seconds
FILTERS: Final = ("port:443", "proc:worker-7", "host:example-33", "u3")


class Paper:
    """The terminal, and when what was written to it had gone out."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.flushes = 0
        self.at = 0.0
        self.moves = 0  # of the cursor, so far
        self.painted: list[float] = []  # when each of them was on the terminal

    def write(self, text: str) -> None:
        """As a file does."""
        self._file.write(text)

    def flush(self) -> None:
        """As a file does."""
        moves = self.moves
        self._file.flush()
        self.flushes += 1
        self.at = time.monotonic()
        self.painted += [self.at] * (moves - len(self.painted))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Play:
    """One dashboard, and everything that is done to it."""

    def __init__(self, app: Dashboard, tap: Tap, paper: Paper) -> None:
        self.app, self.tap, self.paper = app, tap, paper
        self.folder, self.rows, self.seconds = (
            Path(sys.argv[1]),
            int(sys.argv[2]),
            float(sys.argv[3]),
        )
        self.sessions = Sessions()
        self.found: Found = {}
        self.longest = 0.0
        self.watched = False
        self.collections: list[tuple[int, float]] = []  # of garbage: generation, seconds
        self.collecting = 0.0
        gc.callbacks.append(self.collected)

    async def watch(self) -> None:
        """How long at most nobody looked at the keys."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.001)
            if self.watched:
                self.longest = max(self.longest, time.monotonic() - began)

    async def run(self) -> None:
        """Do all of it, in this order."""
        self.board = self.app.query_one(Board)
        self.table = self.app.query_one(ConnectionTable)
        await self.until(lambda: self.app.session.capture.progress.watching is not None)
        await asyncio.sleep(1.0)
        await self.idle("idle, nothing seen")
        gc.collect()
        empty = resident()
        await self.fill(FEW)
        await self.refreshes("few")
        self.panels("few")
        await self.fill(self.rows - len(self.app.session.store))
        await asyncio.sleep(3.0)  # the rate goes back to 0
        filled = len(self.collections)
        gc.collect()
        del self.collections[filled:]  # that one was asked for
        self.found["bytes a row"] = (resident() - empty) / len(self.app.session.store)
        await self.idle("idle, all rows")
        await self.refreshes("all")
        self.panels("all")
        watcher = asyncio.create_task(self.watch())
        await self.jumps()
        await self.keys("keys")
        await self.filters()
        await self.sorts()
        await self.keys("keys, sorted")
        self.board.sort(None)
        await self.until(lambda: not self.app.session.view.is_working)
        await self.export()
        watcher.cancel()
        self.found["collections"] = self.collections
        (self.folder / "found").write_text(json.dumps(self.found))
        self.app.exit()

    async def until(self, condition: Callable[[], bool]) -> float:
        """When it held; looked at every millisecond."""
        while not condition():
            await asyncio.sleep(0.001)
        return time.monotonic()

    async def drawn(self, since: float) -> float:
        """When something was drawn for the first time since then."""
        while self.paper.at <= since:
            await asyncio.sleep(0.001)
        return self.paper.at

    async def idle(self, name: str) -> None:
        """Nothing happens."""
        flushes, cpu = self.paper.flushes, time.process_time()
        await asyncio.sleep(self.seconds)
        self.found[name] = {
            "core": (time.process_time() - cpu) / self.seconds,
            "repaints": self.paper.flushes - flushes,
        }

    async def fill(self, count: int) -> None:
        """Have so many more rows."""
        wanted = self.app.session.capture.progress.seen + count
        while count:
            piece = min(count, 4_000)
            self.tap.give(self.sessions.rows(piece))
            count -= piece
            await self.until(lambda: self.app.session.capture.waiting < 8_000)
        await self.until(lambda: self.app.session.store.end == wanted)

    async def refreshes(self, name: str) -> None:
        """200 new rows each time that the dashboard looks, followed."""
        self.table.following = True
        pieces = [self.sessions.rows(200) for _ in range(int(self.seconds / TICK))]
        cpu = time.process_time()
        for piece in pieces:
            self.tap.give(piece)
            await asyncio.sleep(TICK)
        self.found[f"refresh, {name}"] = (time.process_time() - cpu) / len(pieces)

    def panels(self, name: str) -> None:
        """What the lists beside the table cost, drawing aside."""
        took = []
        for _ in range(20):
            self.board._panels_stale, self.board._panels_due = True, 0
            cpu = time.thread_time()
            self.board._refresh_panels()
            took.append(time.thread_time() - cpu)
        self.found[f"panels, {name}"] = sorted(took)[len(took) // 2]

    async def jumps(self) -> None:
        """To the oldest and to the newest, three times."""
        took = []
        for _ in range(3):
            for jump in (self.table.action_scroll_top, self.table.action_scroll_bottom):
                began = time.monotonic()
                jump()
                took.append(await self.drawn(began) - began)
                await asyncio.sleep(0.3)
        self.found["jump"] = max(took)

    async def keys(self, name: str) -> None:
        """Keys while 5,000 rows a second arrive."""
        self.table.following = False
        self.table.move_cursor(row=self.table.row_count // 2)
        await asyncio.sleep(0.5)
        self.paper.moves, self.paper.painted = 0, []
        stop = threading.Event()
        pieces = deque(self.sessions.rows(100) for _ in range(int((self.seconds * 2 + 30) * 50)))

        def pour() -> None:
            due = time.monotonic()
            while not stop.is_set() and pieces:
                self.tap.give(pieces.popleft())
                due += 0.02
                time.sleep(max(0.0, due - time.monotonic()))

        await asyncio.sleep(0.1)  # the rows took time to make
        pouring = threading.Thread(target=pour)
        pouring.start()
        self.begin()
        (self.folder / "typed").unlink(missing_ok=True)
        (self.folder / "typing").write_text(str(int(self.seconds * 2 / 0.04)))
        await self.until((self.folder / "typed").exists)
        await asyncio.sleep(0.5)
        stop.set()
        pouring.join()
        typed: list[float] = json.loads((self.folder / "typed").read_text())
        latencies = sorted(at - then for then, at in zip(typed, self.paper.painted, strict=False))
        self.found[name] = {
            "typed": len(typed),
            "answered": len(self.paper.painted),
            "p50": latencies[len(latencies) // 2],
            "p95": latencies[int(len(latencies) * 0.95)],
            "longest": self.end(),
        }

    async def filters(self) -> None:
        """New filters, one by one."""
        for text in FILTERS:
            self.app.session.filters.type(parse(text))
            await self.step(f"filter, {text}", self.board.apply_filters)
            self.app.session.filters.clear()
            self.board.apply_filters()
            await self.until(lambda: not self.app.session.view.is_working)
            await asyncio.sleep(0.3)

    async def sorts(self) -> None:
        """By each column."""
        for column in COLUMNS:
            order = Order(column.key)
            await self.step(f"sort, {column.title}", lambda o=order: self.board.sort(o))

    async def step(self, name: str, begin: Callable[[], None]) -> None:
        """Something that is begun at once and goes on for a while."""
        self.begin()
        began = time.monotonic()
        begin()
        blocked = time.monotonic() - began
        first = await self.drawn(began) - began
        done = await self.until(lambda: not self.app.session.view.is_working) - began
        self.found[name] = {"first": first, "done": done, "longest": max(self.end(), blocked)}
        await asyncio.sleep(0.3)

    async def export(self) -> None:
        """All rows to a file, as the dashboard's own thread does it."""
        path = self.folder / "session.csv"
        rows = self.app.session.store.snapshot().rows()
        total = len(self.app.session.store)
        exporting = Exporting(
            lambda tell: write_csv(path, rows, replace=True, progress=tell), total
        )
        began = time.monotonic()
        exporting.start()
        task = asyncio.create_task(self.keys("keys, exporting"))
        done = await self.until(lambda: exporting.ended) - began
        exporting.result()
        await task
        self.found["export"] = {"rate": total / done, "seconds": done}
        path.unlink()

    def collected(self, phase: str, info: dict[str, int]) -> None:
        """The garbage collector begins, or has come to its end."""
        if phase == "start":
            self.collecting = time.monotonic()
        else:
            self.collections.append((info["generation"], time.monotonic() - self.collecting))

    def begin(self) -> None:
        """Watch from now on."""
        self.longest, self.watched = 0.0, True

    def end(self) -> float:
        """The longest time without a look at the keys since `begin`."""
        self.watched = False
        return self.longest


def resident() -> int:
    """Bytes in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Play."""
    gc.set_threshold(*COLLECT_EVERY)
    paper = Paper(sys.__stderr__)
    sys.__stderr__ = paper  # type: ignore[assignment,misc]
    tap = Tap()
    capture = Capture(tap)
    app = Dashboard(capture, max_rows=10 * int(sys.argv[2]))
    moved = ConnectionTable.watch_cursor_coordinate

    def counting(table: ConnectionTable, old: Any, new: Any) -> None:
        paper.moves += 1
        moved(table, old, new)

    ConnectionTable.watch_cursor_coordinate = counting  # type: ignore[method-assign]
    play = Play(app, tap, paper)
    tap.inbox.put(WATCHING)
    capture.start()

    async def start() -> None:
        app.call_later(lambda: setattr(play, "task", asyncio.create_task(play.run())))

    app.run(auto_pilot=lambda _pilot: start())
    capture.stop()
    task = getattr(play, "task", None)
    if task is not None and task.done() and not task.cancelled() and task.exception():
        raise task.exception()


if __name__ == "__main__":
    main()
