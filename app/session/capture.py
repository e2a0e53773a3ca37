"""A source at work in a thread of its own, and the queue between it and whoever drains."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.filters.matching import Test
from probes.connections import Connections
from probes.record import Watching
from probes.source import Item, Source

QUEUE_MAX: Final = 1_000_000  # connections and names; beyond them the newest are counted and let go
# From so many on, a drain takes no further piece, so that whoever drains stays responsive.
DRAIN_MAX: Final = 20_000  # connections and names


@dataclass(frozen=True, slots=True)
class Progress:
    """How a capture stands.

    `stage`: what is being done, for a person, while `watching` is still None. `seen`: connections
    that the source told of or left out. `filtered`: those of them that were not asked for. `lost`:
    events that the kernel could not hand over. `overflowed`: connections and names for which the
    queue had no room. seen = filtered + overflowed connections + those that were drained or still
    wait.
    """

    stage: str = "Starting"
    watching: Watching | None = None
    seen: int = 0
    filtered: int = 0
    lost: int = 0
    overflowed: int = 0
    ended: bool = False

    @property
    def missing(self) -> int:
        """Everything that happened and cannot be shown."""
        return self.lost + self.overflowed


class Capture:
    """Runs a source, keeps what it gives until it is drained, and counts.

    All methods but those of the sink's side are for one thread, the one that drains.
    """

    def __init__(
        self,
        source: Source,
        *,
        wanted: Test | None = None,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """`wanted`: connections for which it is false are counted and go no further.

        `queue_max`: connections and names that wait to be drained, at most.
        """
        self._source = source
        self._wanted = wanted
        self._queue: deque[Item] = deque()
        self._queue_max = queue_max
        # How many connections and names were put into the queue and taken out of it so far; each
        # is written by one thread.
        self._queued = 0
        self._drained = 0
        self._progress = Progress()
        self._left_out_by_source = 0
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def progress(self) -> Progress:
        """A snapshot."""
        return self._progress

    @property
    def failure(self) -> BaseException | None:
        """Why the source gave up, once `progress.ended` is true; None where it just ended."""
        return self._failure

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the source to end; what it still has is handed over."""
        self._stopped.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Ask the source to end and wait for it, `timeout` seconds at most."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def drain(self, limit: int = DRAIN_MAX) -> list[Item]:
        """The next items; once they hold `limit` connections and names, no more."""
        items: list[Item] = []
        taken = 0
        while self._queue and taken < limit:
            item = self._queue.popleft()
            items.append(item)
            taken += _weight(item)
        self._drained += taken
        return items

    @property
    def waiting(self) -> int:
        """Connections and names that have not been drained."""
        return self._queued - self._drained

    def _run(self) -> None:
        try:
            self._source.run(_Inlet(self), self._stopped)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asks
            self._failure = error
        finally:
            self._update(ended=True)

    def _update(self, **changes: object) -> None:
        # Only the capturing thread writes; readers see one whole snapshot or the next.
        self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]

    def _take(self, items: Sequence[Item]) -> None:
        seen = filtered = overflowed = 0
        for item in items:
            kept = item
            room = max(0, self._queue_max - self.waiting)
            if isinstance(kept, Connections):
                seen += len(kept)
                if self._wanted is not None:
                    kept = kept.kept(self._wanted(kept))
                    filtered += _weight(item) - len(kept)
                if len(kept) > room:
                    overflowed += len(kept) - room
                    kept = kept.piece(0, room)
                if not kept:
                    continue
            elif not room:
                overflowed += 1
                continue
            self._queued += _weight(kept)
            self._queue.append(kept)
        was = self._progress
        self._update(
            seen=was.seen + seen,
            filtered=was.filtered + filtered,
            overflowed=was.overflowed + overflowed,
        )

    def _left_out(self, total: int) -> None:
        """Take note of what the source itself did not hand over."""
        more = total - self._left_out_by_source
        self._left_out_by_source = total
        was = self._progress
        self._update(seen=was.seen + more, filtered=was.filtered + more)


def _weight(item: Item) -> int:
    return len(item) if isinstance(item, Connections) else 1


class _Inlet:
    """The sink's side of a capture, in the source's thread."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def progress(self, stage: str) -> None:
        self._capture._update(stage=stage)

    def attached(self, watching: Watching) -> None:
        self._capture._update(watching=watching)

    def take(self, items: Sequence[Item]) -> None:
        self._capture._take(items)

    def lost(self, total: int) -> None:
        self._capture._update(lost=total)

    def filtered(self, total: int) -> None:
        self._capture._left_out(total)
