"""A source at work in a thread of its own, and the queue between it and whoever drains."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from probes.record import Connection, Item, Watching
from probes.source import Source

QUEUE_MAX: Final = 1_000_000  # items; beyond them the newest are counted and let go
DRAIN_MAX: Final = 20_000  # items handed over at once, so that whoever drains stays responsive


@dataclass(frozen=True, slots=True)
class Progress:
    """How a capture stands.

    `stage`: what is being done, for a person, while `watching` is still None. `seen`: connections
    that the source told of or left out. `filtered`: those of them that were not asked for. `lost`:
    events that the kernel could not hand over. `overflowed`: items for which the queue had no
    room. seen = filtered + overflowed connections + those that were drained or still wait.
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
        wanted: Callable[[Connection], bool] | None = None,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """`wanted`: connections for which it is false are counted and go no further."""
        self._source = source
        self._wanted = wanted
        self._queue: deque[Item] = deque()
        self._queue_max = queue_max
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
        """The next items, `limit` at most."""
        take = self._queue.popleft
        return [take() for _ in range(min(limit, len(self._queue)))]

    @property
    def waiting(self) -> int:
        """Items that have not been drained."""
        return len(self._queue)

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
        was = self._progress
        seen = sum(1 for item in items if isinstance(item, Connection))
        kept = items
        if self._wanted is not None:
            wanted = self._wanted
            kept = [item for item in items if not isinstance(item, Connection) or wanted(item)]
        filtered = len(items) - len(kept)
        room = max(0, self._queue_max - len(self._queue))
        overflowed = max(0, len(kept) - room)
        self._queue.extend(kept[:room] if overflowed else kept)
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
