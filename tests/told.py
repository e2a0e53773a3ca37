"""A sink that keeps what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

from probes.record import Connection, Resolution, Watching
from probes.source import Item
from tests.rows import rows_of


class Told:
    """What a source said, in the order in which it did."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.watching: list[Watching] = []
        self.stages: list[str] = []
        self.losses: list[int] = []
        self.left_out: list[int] = []
        self.arrived = Event()

    def progress(self, stage: str) -> None:
        self.stages.append(stage)

    def attached(self, watching: Watching) -> None:
        assert not self.items
        self.watching.append(watching)

    def take(self, items: Sequence[Item]) -> None:
        self.items.extend(items)
        self.arrived.set()

    @property
    def rows(self) -> list[Connection | Resolution]:
        return rows_of(self.items)

    def lost(self, total: int) -> None:
        self.losses.append(total)

    def names_lost(self, total: int) -> None:
        raise AssertionError("a recording loses nothing")

    def outcomes_lost(self, total: int) -> None:
        raise AssertionError("a recording loses nothing")

    def filtered(self, total: int) -> None:
        self.left_out.append(total)

    def folded(self, total: int) -> None:
        raise AssertionError("a recording leaves nothing out")
