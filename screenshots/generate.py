"""Draws the pictures of README from the recorded session; see record.py for where that is from."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from app.screens.dashboard import Dashboard
from app.session.capture import Capture
from probes.recordings.replay import ReplaySource

HERE: Final = Path(__file__).resolve().parent
SESSION: Final = HERE.parent / "tests" / "data" / "session.jsonl"

# File name: size in columns and lines, and the keys that are pressed.
PICTURES: Final = {
    "dashboard": ((140, 40), ()),
    "filtered": ((140, 40), ("slash", *"proc:curl host:github", "enter")),
    "narrow": ((80, 24), ("h",)),
    "groups": ((140, 40), ("g", "down", "right", "down", "right")),
    "details": ((140, 40), ("up", "up", "up", "up", "enter")),
}


async def draw(name: str) -> None:
    """Play the session, press the keys, save the screen."""
    size, keys = PICTURES[name]
    capture = Capture(ReplaySource(SESSION))
    dashboard = Dashboard(capture, clock=lambda: 0.0)
    capture.start()
    async with dashboard.run_test(size=size) as pilot:
        while not capture.progress.ended or capture.waiting:
            await pilot.pause(0.1)
        await pilot.press(*keys)
        await pilot.pause(1.0)
        svg = dashboard.export_screenshot(title="sudo sock-tui")
    (HERE / f"{name}.svg").write_text(svg)


def main() -> None:
    """Draw them all, in UTC."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name in PICTURES:
        asyncio.run(draw(name))
        print(f"screenshots/{name}.svg")


if __name__ == "__main__":
    main()
