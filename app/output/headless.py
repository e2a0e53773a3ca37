"""Without a screen: lines on standard output, a CSV at the end, and what was lost."""

from __future__ import annotations

import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final, TextIO

from app.output.held import Held
from app.output.streams import mute
from app.session.capture import Capture, Progress
from app.session.store import Store
from probes.connections import Connections
from probes.recordings.writer import Writer
from probes.results import Results

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
        wait: float,
        output: TextIO,
        say: Callable[[str], object],
    ) -> None:
        """`writer`: writes connections as lines, None prints none.

        `header`: a line that comes first. `store`: gets every connection, for an export.
        `duration`: seconds from the moment that the probes are attached. `wait`: seconds that a
        line waits for its outcome at most. `say`: tells a person.
        """
        self._capture = capture
        self._writer = writer
        self._header = header
        self._store = store
        self._duration = duration
        self._held = Held(wait)
        self._output = output
        self._say = say
        self._ending = threading.Event()
        self._kept = 0

    @property
    def kept(self) -> int:
        """Connections that were printed, or else those that are stored."""
        if self._writer is None and self._store is not None:
            return len(self._store)
        return self._kept

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
        announced = troubled = False
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
            keeper = self._capture.keeper
            if keeper is not None and keeper.trouble and not troubled:
                troubled = True
                self._say(f"not everything is recorded: {keeper.trouble}")
            if self._ending.is_set() or (deadline is not None and time.monotonic() >= deadline):
                self._capture.request_stop()
            if self._pass_on() == 0:
                if progress.ended:
                    self._print(self._held.ready(ending=True))
                    return
                # A pipe that nobody reads any more is noticed without an event to write to it.
                if any(event & select.POLLERR for _, event in hangup.poll(_EVERY * 1000)):
                    raise BrokenPipeError

    def _pass_on(self) -> int:
        items = self._capture.drain()
        for item in items:
            if self._store is not None:
                self._store.take(item)
            if self._writer is not None:
                if isinstance(item, Connections):
                    self._held.add(item)
                elif isinstance(item, Results):
                    self._held.settle(item)
            elif self._store is None and isinstance(item, Connections):
                self._kept += len(item)  # who records them counts those that it could not write
        if self._store is not None:
            self._store.evict()
        self._print(self._held.ready())
        return len(items)

    def _print(self, pieces: Sequence[Connections]) -> None:
        if self._writer is None or not pieces:
            return
        for rows in pieces:
            for text, many in self._writer.blocks(rows):
                self._output.write(text)
                self._kept += many
        self._output.flush()


def _attached(progress: Progress) -> str:
    assert progress.watching is not None
    hook, limits = progress.watching.hook, progress.watching.names_limits
    unseen = f" (misses connects of {', '.join(hook.blind_spots)})" if hook.blind_spots else ""
    nameless = "".join([f"; fewer hostnames: {limit}" for limit in limits])
    without = progress.watching.without_outcomes
    resultless = f"; no results: {without}" if without else ""
    return f"capturing: {hook.kind} {hook.target}{unseen}{nameless}{resultless}"


def summary(progress: Progress, evicted: int, kept: int | None = None) -> str:
    """The last line: `seen 12, lost 0`, and whatever else became of connections.

    `kept`: those that were printed, stored or shown in the end, where that was counted. With
    `evicted` and what was left out they are those that were seen; with those that were lost, all
    that happened. Not said where it is every one that was seen.
    """
    parts = [f"seen {progress.seen}", f"lost {progress.lost}"]
    if progress.filtered:
        parts.append(f"filtered out {progress.filtered}")
    if progress.folded:
        parts.append(f"folded {progress.folded}")
    if progress.overflowed:
        parts.append(f"overflowed {progress.overflowed}")
    if progress.names_lost:
        parts.append(f"names lost {progress.names_lost}")
    if progress.outcomes_lost:
        parts.append(f"results lost {progress.outcomes_lost}")
    if evicted:
        parts.append(f"evicted {evicted}")
    if kept is not None and kept != progress.seen:
        parts.append(f"kept {kept}")
    return ", ".join(parts)
