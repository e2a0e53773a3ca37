"""How the columns of the table share a line.

They are those that a person chose, of which the last ones have no place where there is no room for
all, or else the ten of `widgets.column.COLUMNS`, chosen by their use: a terminal
that is too narrow for all of them loses columns in the order of `Column.keep`. What goes is folded
into a neighbour that would be blank: without AF the family of a connection that has no address
stands under Destination, and without AS the system of one that has no name stands under Host.
Without Proto, an arrow at a destination says that it was sent to without connect().
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from probes.record import Connection
from widgets.column import ALL, BY_KEY, COLUMNS, Column
from widgets.fit import keep_start, pad
from widgets.tones import STATES, Span, Tone


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that have a place, from the left, the width of each in cells, and the gap."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    gap: int

    def shows(self, key: str) -> bool:
        """Whether the column called `key` has a place."""
        return any(column.key == key for column in self.columns)

    def width(self, key: str) -> int:
        """How many cells the column called `key` has; 0 where it has no place."""
        return dict(zip(self.shown, self.widths, strict=True)).get(key, 0)

    @property
    def shown(self) -> list[str]:
        """The keys of the columns that have a place, from the left."""
        return [column.key for column in self.columns]

    def column_at(self, x: int) -> int:
        """Give the index in `ALL` of the column at cell `x`; a gap belongs to its left."""
        found = 0
        for column, width in zip(self.columns, self.widths, strict=True):
            found = _INDEX[column.key]
            if x < width + self.gap:
                break
            x -= width + self.gap
        return found


def layout(width: int, chosen: Sequence[str] = ()) -> Layout:
    """How the columns share a line of `width` cells.

    `chosen`: the keys of those that a person wants, from the left; empty leaves it to their use.
    Columns give way until the others have their minimum. What is left brings those without weight
    to their ideal, where that takes no more than half of it, then the others evenly towards theirs;
    what is left then goes by weight. The sum is `width` and not a cell more, unless no column that
    has a place takes more than its ideal.
    """
    return _layout(width, tuple(chosen))


@lru_cache(maxsize=64)
def _layout(width: int, chosen: tuple[str, ...]) -> Layout:
    gap = 2 if width >= _ROOMY else 1
    columns = [BY_KEY[key] for key in chosen] or list(COLUMNS)
    # The last one gives way first.
    wanted = columns if chosen else sorted(columns, key=lambda column: -column.keep)
    while len(wanted) > 1 and _needed(wanted, gap) > width:
        wanted = wanted[:-1]
    shown = tuple(column for column in columns if column in wanted)
    spare = width - _needed(shown, gap)
    if spare < 0:  # not even one column has its minimum
        return Layout(shown, (max(0, width),), gap)
    # In the order of their use, so that it gets the odd cells.
    wants = {column: column.ideal - column.minimum for column in wanted}
    widths = {column: column.minimum for column in wanted}
    rigid = {column: want for column, want in wants.items() if not column.weight}
    if sum(rigid.values()) * 2 > spare and len(rigid) < len(wanted):
        wants |= dict.fromkeys(rigid, 0)
    else:
        taken = _share(min(spare, sum(rigid.values())), rigid)
        for column, want in taken.items():
            widths[column] += want
            wants[column] = 0
        spare -= sum(taken.values())
    given = _share(min(spare, sum(wants.values())), wants)
    weights = {column: column.weight for column in wanted}
    extra = _share(spare - sum(given.values()), weights)
    for column in wanted:
        widths[column] += given[column] + extra[column]
    return Layout(shown, tuple(widths[column] for column in shown), gap)


def row_spans(connection: Connection, form: Layout) -> list[Span]:
    """Write a connection's line in the form given, cut and filled to its width."""
    flat = connection.address is None
    spans: list[Span] = []
    text, tone = "", Tone.PLAIN
    for column, width in zip(form.columns, form.widths, strict=True):
        pieces = column.show(connection, width, form)
        used = "".join(piece for piece, _ in pieces)
        filler = pad(used, width, right=column.right)
        if column.right and len(filler) > len(used):
            text += filler[: len(filler) - len(used)]
        for piece, own in pieces:
            wanted = Tone.MUTED if flat and own not in STATES else own
            if wanted is tone:
                text += piece
            else:
                spans.append((text, tone))
                text, tone = piece, wanted
        if not column.right:
            text += filler[len(used) :]
        text += " " * form.gap
    spans.append((text[: len(text) - form.gap], tone))
    return [span for span in spans if span[0]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """By which column the rows are sorted, and whether from its highest value down."""

    key: str
    descending: bool

    @property
    def mark(self) -> str:
        """What says so at the column's title."""
        return "▼" if self.descending else "▲"


def title_line(form: Layout, by: Sorted | None = None) -> str:
    """Write the header's line, cut and filled to the width of the form given.

    The column that the rows are sorted by has a mark beside its title; nothing else moves for it.
    """
    titles = []
    for column, width in zip(form.columns, form.widths, strict=True):
        title = column.title
        if column.key == "host" and not form.shows("system"):
            title = "Host / AS"
        if by is not None and by.key == column.key:
            title = keep_start(title, width - 2)
            title = f"{by.mark} {title}" if column.right else f"{title} {by.mark}"
        titles.append(pad(keep_start(title, width), width, right=column.right))
    return (" " * form.gap).join(titles)


def _needed(columns: Sequence[Column], gap: int) -> int:
    return sum(column.minimum for column in columns) + gap * (len(columns) - 1)


def _share(amount: int, wants: dict[Column, int]) -> dict[Column, int]:
    """`amount` split in proportion to `wants`, in whole cells, without a remainder."""
    total = sum(wants.values())
    given = dict.fromkeys(wants, 0)
    running = before = 0
    for column, want in wants.items():
        running += want
        upto = amount * running // total if total else 0
        given[column], before = upto - before, upto
    return given


_ROOMY: Final = 116  # from here on, two spaces between columns
_INDEX: Final = {column.key: index for index, column in enumerate(ALL)}
