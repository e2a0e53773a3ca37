from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.session.capture import Capture


@pytest.fixture(autouse=True)
def captures_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop what a test captures: its thread would go on beside all later tests and slow them."""
    started: list[Capture] = []
    start = Capture.start

    def remembering(capture: Capture) -> None:
        started.append(capture)
        start(capture)

    monkeypatch.setattr(Capture, "start", remembering)
    yield
    for capture in started:
        capture.stop()
