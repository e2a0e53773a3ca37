"""Without a screen: lines on standard output, a CSV at the end, and what was lost."""

from __future__ import annotations

import select
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, TextIO

from app.output.streams import mute
from app.session.capture import Capture, Progress
from app.session.store import Store
from probes.connections import Connections
from probes.writer import Writer

_EVERY: Final = 0.02  # seconds between looks at the queue


class Headless:
    """Drains a capture until it ends, is told to (SIGINT, SIGTERM) or nobody reads any more."""

    def __init__(
        self,
        capture: Capture,
        *,
        writer: Writer | None,
        header: str | None,
        store: Store | None,
        duration: float | None,
        output: TextIO,
        say: Callable[[str], object],
    ) -> None:
        """`writer`: writes connections as lines, None prints none.

        `header`: a line that comes first. `store`: gets every connection, for an export.
        `duration`: seconds from the moment that the probes are attached. `say`: tells a person.
        """
        self._capture = capture
        self._writer = writer
        self._header = header
        self._store = store
        self._duration = duration
        self._output = output
        self._say = say
        self._ending = threading.Event()

    def run(self) -> BaseException | None:
        """Run to the end; returns why it ended early, or None.

        An OSError is the output's, anything else the source's.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._capture.start()
        try:
            self._loop()
        except BrokenPipeError:
            mute(self._output)  # whoever read has seen enough
        except OSError as error:
            mute(self._output)
            return error
        finally:
            self._capture.stop()
        return self._capture.failure

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._ending.set()

    def _loop(self) -> None:
        hangup = select.poll()
        hangup.register(self._output.fileno(), 0)
        announced = False
        deadline = None
        while True:
            progress = self._capture.progress
            if progress.watching and not announced:
                announced = True
                if self._header is not None:
                    self._output.write(self._header + "\n")
                    self._output.flush()
                self._say(_attached(progress))
                if self._duration is not None:
                    deadline = time.monotonic() + self._duration
            if self._ending.is_set() or (deadline is not None and time.monotonic() >= deadline):
                self._capture.request_stop()
            if self._pass_on() == 0:
                if progress.ended:
                    return
                # A pipe that nobody reads any more is noticed without an event to write to it.
                if any(event & select.POLLERR for _, event in hangup.poll(_EVERY * 1000)):
                    raise BrokenPipeError

    def _pass_on(self) -> int:
        items = self._capture.drain()
        for item in items:
            if self._store is not None:
                if isinstance(item, Connections):
                    self._store.add(item)
                else:
                    self._store.learn(item)
            if self._writer is not None and isinstance(item, Connections):
                for text, _ in self._writer.blocks(item):
                    self._output.write(text)
        if self._store is not None:
            self._store.evict()
        if items and self._writer is not None:
            self._output.flush()
        return len(items)


def _attached(progress: Progress) -> str:
    assert progress.watching is not None
    hook, names_off = progress.watching.hook, progress.watching.names_off
    unseen = f" (misses connects of {', '.join(hook.blind_spots)})" if hook.blind_spots else ""
    nameless = f"; no hostnames: {names_off}" if names_off else ""
    return f"capturing: {hook.kind} {hook.target}{unseen}{nameless}"


def summary(progress: Progress, evicted: int) -> str:
    """The last line: `seen 12, lost 0`, and whatever else became of connections."""
    parts = [f"seen {progress.seen}", f"lost {progress.lost}"]
    if progress.filtered:
        parts.append(f"filtered out {progress.filtered}")
    if progress.overflowed:
        parts.append(f"overflowed {progress.overflowed}")
    if evicted:
        parts.append(f"evicted {evicted}")
    return ", ".join(parts)
