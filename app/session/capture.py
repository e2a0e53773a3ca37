"""A source at work in a thread of its own, and the queue between it and whoever drains."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from app.filters.mask import Test
from probes.connections import Connections
from probes.record import Resolution, Watching
from probes.results import Results
from probes.source import Item, Source

QUEUE_MAX: Final = 1_000_000  # connections and names; beyond them the newest are counted and let go
# From so many on, a drain takes no further piece, so that whoever drains stays responsive.
DRAIN_MAX: Final = 20_000  # connections and names


@dataclass(frozen=True, slots=True)
class Progress:
    """How a capture stands.

    `stage`: what is being done, for a person, while `watching` is still None. `seen`: connections
    that the source told of or left out. `filtered`: those of them that were not asked for.
    `folded`: those of resolvers that ask for others (see `probes.naming.folding`). `lost`:
    connections that the kernel could not hand over. `overflowed`: those for which the queue had no
    room. `names_lost`, `outcomes_lost`: names and outcomes of which either is true.
    seen = filtered + folded + overflowed + those that were drained or still wait, and
    seen + lost is all that happened.
    """

    stage: str = "Starting"
    watching: Watching | None = None
    seen: int = 0
    filtered: int = 0
    folded: int = 0
    lost: int = 0
    overflowed: int = 0
    outcomes_lost: int = 0
    names_lost: int = 0
    ended: bool = False

    @property
    def missing(self) -> int:
        """Everything that happened and cannot be shown."""
        return self.lost + self.names_lost + self.overflowed


class Keeper(Protocol):
    """Who keeps what is captured, beside whoever drains: `app.output.recorder.Recorder` is one."""

    def take(self, items: Sequence[Item]) -> None:
        """Keep items, which nobody changes; called from the capture's thread, must not block."""

    @property
    def written(self) -> int:
        """Connections that are kept."""

    @property
    def missing(self) -> int:
        """Connections that could not be kept."""

    @property
    def trouble(self) -> str:
        """Why some could not be kept, for a person; empty where there are none."""


class Capture:
    """Runs a source, keeps what it gives until it is drained, and counts.

    All methods but those of the sink's side are for one thread, the one that drains.
    """

    def __init__(
        self,
        source: Source,
        *,
        wanted: Test | None = None,
        keeper: Keeper | None = None,
        started: Callable[[], object] = lambda: None,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """`wanted`: connections for which it is false are counted and go no further.

        `keeper`: gets everything else, whether the queue has room for it or not.
        `started`: called by `start`, once there is a thread.
        `queue_max`: connections and names that wait to be drained, at most.
        """
        self._source = source
        self._wanted = wanted
        self.keeper = keeper
        self._queue: deque[Item] = deque()
        self._started = started
        self._queue_max = queue_max
        # How many connections and names were put into the queue and taken out of it so far; each
        # is written by one thread.
        self._queued = 0
        self._drained = 0
        self._progress = Progress()
        self._left_out_by_source = 0
        self._lost_by_source: dict[str, int] = {}
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
        """Start the thread. Raises what `started` does; the capture is stopped then."""
        self._thread.start()
        try:
            self._started()
        except BaseException:
            self.stop()
            raise

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
        seen = filtered = overflowed = names = outcomes = 0
        for item in items:
            kept = item
            if isinstance(kept, Connections):
                seen += len(kept)
                if self._wanted is not None:
                    kept = kept.kept(self._wanted(kept))
                    filtered += _weight(item) - len(kept)
                if not kept:
                    continue
            if self.keeper is not None:
                self.keeper.take([kept])
            room = max(0, self._queue_max - self.waiting)
            if _weight(kept) > room and not self._takes(kept):
                if isinstance(kept, Resolution):
                    names += 1
                    continue
                if isinstance(kept, Results):
                    outcomes += len(kept)
                    continue
                overflowed += len(kept) - room
                if not room:
                    continue
                kept = kept.piece(0, room)
            self._queued += _weight(kept)
            self._queue.append(kept)
        was = self._progress
        self._update(
            seen=was.seen + seen,
            filtered=was.filtered + filtered,
            overflowed=was.overflowed + overflowed,
            names_lost=was.names_lost + names,
            outcomes_lost=was.outcomes_lost + outcomes,
        )

    def _takes(self, item: Item) -> bool:
        """Whether an item has a place all the same.

        A row whose outcome is let go of would show a wrong one from then on: these may be as many
        again.
        """
        return isinstance(item, Results) and self.waiting < 2 * self._queue_max

    def _left_out(self, total: int) -> None:
        """Take note of what the source itself did not hand over."""
        more = total - self._left_out_by_source
        self._left_out_by_source = total
        was = self._progress
        self._update(seen=was.seen + more, filtered=was.filtered + more)

    def _source_lost(self, what: str, total: int) -> None:
        """Take note of what the source lost, beside what there was no room for."""
        more = total - self._lost_by_source.get(what, 0)
        self._lost_by_source[what] = total
        self._update(**{what: getattr(self._progress, what) + more})

    def _folded(self, total: int) -> None:
        """Take note of how many connections of resolvers were left out."""
        was = self._progress
        self._update(seen=was.seen + total - was.folded, folded=total)


def _weight(item: Item) -> int:
    return 1 if isinstance(item, Resolution) else len(item)


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

    def names_lost(self, total: int) -> None:
        self._capture._source_lost("names_lost", total)

    def outcomes_lost(self, total: int) -> None:
        self._capture._source_lost("outcomes_lost", total)

    def filtered(self, total: int) -> None:
        self._capture._left_out(total)

    def folded(self, total: int) -> None:
        self._capture._folded(total)
