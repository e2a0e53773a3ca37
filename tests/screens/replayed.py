"""A dashboard on a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from app.screens.dashboard import Dashboard
from app.session.capture import Capture
from app.session.playback import Playback
from probes.record import Connection
from probes.recordings.pace import Pace
from probes.recordings.replay import ReplaySource
from tests.screens.stage import SESSION
from widgets.timeline import Timeline


class Replayed:
    """The dashboard, as `sock-tui open` makes it. Recorded time goes by `clock` alone."""

    def __init__(self, path: Path = SESSION, speed: float | None = None) -> None:
        self.now = 0.0
        pace = Pace(speed, clock=lambda: self.now)
        self.playback = Playback(lambda pace: ReplaySource(path, pace=pace), pace)
        capture = Capture(self.playback.source())
        self.app = Dashboard(capture, playback=self.playback, clock=lambda: 0.0)
        capture.start()

    @property
    def timeline(self) -> Timeline:
        return self.app.query_one(Timeline)

    @property
    def rows(self) -> list[Connection]:
        view = self.app.session.view
        return [view[index] for index in range(len(view))]

    async def all_there(self, pilot: Pilot[None]) -> None:
        await self.until(pilot, lambda: self.app.session.capture.progress.ended)

    async def until(self, pilot: Pilot[None], condition: Callable[[], bool]) -> None:
        """Wait until it holds and is shown."""
        for _ in range(6000):
            if condition() and not self.app.session.capture.waiting:
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError("the dashboard did not get there")
        await asyncio.sleep(0.7)
        await pilot.pause()
