"""The eight columns of the table: what each shows, and how they share a line.

A terminal that is too narrow for all of them loses columns in the order of `Column.keep`. What
goes is folded into a neighbour that would be blank: without AF the family of a connection that has
no address stands under Destination, and without AS the system of one that has no name stands
under Host.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from probes.family import family_name
from probes.record import Connection
from probes.text import visible
from widgets.fit import keep_end, keep_ends, keep_program, keep_start, pad


class Tone(StrEnum):
    """How a piece of text is shown; the names of the component classes that style it."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    GUESS = "guess"


Span = tuple[str, Tone]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths are terminal cells, without the gap.

    `minimum` is the least that is of use, `ideal` is enough for almost every value; `weight` is
    the share of what is left beyond the ideal. The column with the lowest `keep` gives way first.
    `show` returns the cell's pieces, together at most as wide as the width it is given.
    """

    key: str
    title: str
    minimum: int
    ideal: int
    weight: int
    keep: int
    show: Callable[[Connection, int, Layout], tuple[Span, ...]]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The width of each of `COLUMNS` in cells, 0 where it is hidden, and the gap between two."""

    widths: tuple[int, ...]
    gap: int

    def shows(self, key: str) -> bool:
        """Whether the column called `key` has a place."""
        return self.widths[_INDEX[key]] > 0

    @property
    def shown(self) -> list[str]:
        """The keys of the columns that have a place, from the left."""
        return [column.key for column in COLUMNS if self.shows(column.key)]

    def column_at(self, x: int) -> int:
        """Give the index of the column at cell `x` of a line; a gap belongs to its left."""
        last = 0
        for index, width in enumerate(self.widths):
            if width:
                last = index
                if x < width + self.gap:
                    return index
                x -= width + self.gap
        return last


def layout(width: int) -> Layout:
    """How the columns share a line of `width` cells.

    Columns give way until the others have their minimum. What is left brings those without weight
    to their ideal, where that takes no more than half of it, then the others evenly towards theirs;
    what is left then goes by weight. The sum is `width` and not a cell more.
    """
    gap = 2 if width >= _ROOMY else 1
    shown = sorted(range(len(COLUMNS)), key=lambda index: -COLUMNS[index].keep)
    while len(shown) > 1 and _needed(shown, gap) > width:
        shown.pop()
    widths = [0] * len(COLUMNS)
    for index in shown:
        widths[index] = COLUMNS[index].minimum
    spare = width - _needed(shown, gap)
    if spare < 0:  # not even one column has its minimum
        widths[shown[0]] = max(0, width)
        return Layout(tuple(widths), gap)
    wants = {index: COLUMNS[index].ideal - COLUMNS[index].minimum for index in shown}
    rigid = {index: want for index, want in wants.items() if not COLUMNS[index].weight}
    if sum(rigid.values()) * 2 > spare:
        wants |= dict.fromkeys(rigid, 0)
    else:
        for index, want in rigid.items():
            widths[index] += want
            wants[index] = 0
        spare -= sum(rigid.values())
    given = _share(min(spare, sum(wants.values())), wants)
    weights = {index: COLUMNS[index].weight for index in shown}
    extra = _share(spare - sum(given.values()), weights)
    for index in shown:
        widths[index] += given[index] + extra[index]
    return Layout(tuple(widths), gap)


def row_spans(connection: Connection, form: Layout) -> list[Span]:
    """Write a connection's line in the form given, cut and filled to its width."""
    flat = connection.address is None
    spans: list[Span] = []
    text, tone = "", Tone.PLAIN
    for column, width in zip(COLUMNS, form.widths, strict=True):
        if not width:
            continue
        pieces = column.show(connection, width, form)
        used = "".join(piece for piece, _ in pieces)
        filler = pad(used, width, right=column.right)
        if column.right and len(filler) > len(used):
            text += filler[: len(filler) - len(used)]
        for piece, own in pieces:
            wanted = Tone.MUTED if flat else own
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
    for column, width in zip(COLUMNS, form.widths, strict=True):
        if width:
            title = column.title
            if column.key == "host" and not form.shows("system"):
                title = "Host / AS"
            if by is not None and by.key == column.key:
                title = keep_start(title, width - 2)
                title = f"{by.mark} {title}" if column.right else f"{title} {by.mark}"
            titles.append(pad(keep_start(title, width), width, right=column.right))
    return (" " * form.gap).join(titles)


def _needed(shown: list[int], gap: int) -> int:
    return sum(COLUMNS[index].minimum for index in shown) + gap * (len(shown) - 1)


def _share(amount: int, wants: dict[int, int]) -> dict[int, int]:
    """`amount` split in proportion to `wants`, in whole cells, without a remainder."""
    total = sum(wants.values())
    given = dict.fromkeys(wants, 0)
    running = before = 0
    for index, want in wants.items():
        running += want
        upto = amount * running // total if total else 0
        given[index], before = upto - before, upto
    return given


def _time(connection: Connection, _width: int, _form: Layout) -> tuple[Span, ...]:
    local = time.localtime(connection.time_ns // 1_000_000_000)
    return ((time.strftime("%H:%M:%S", local), Tone.MUTED),)


def _family(connection: Connection, width: int, _form: Layout) -> tuple[Span, ...]:
    name = family_name(connection.family)
    return ((keep_start(name if width >= 10 else name.removeprefix("AF_"), width), Tone.MUTED),)


def _pid(connection: Connection, width: int, _form: Layout) -> tuple[Span, ...]:
    return ((keep_start(str(connection.process.pid), width), Tone.PLAIN),)


def _process(connection: Connection, width: int, _form: Layout) -> tuple[Span, ...]:
    process = connection.process
    if process.executable is None:
        return ((keep_start(visible(process.label), width), Tone.MUTED),)
    folder, program = keep_program(visible(process.executable), width)
    return ((folder, Tone.MUTED), (program, Tone.STRONG))


def _user(connection: Connection, width: int, _form: Layout) -> tuple[Span, ...]:
    return ((keep_start(visible(connection.process.user), width), Tone.PLAIN),)


def _destination(connection: Connection, width: int, form: Layout) -> tuple[Span, ...]:
    if connection.address is None:
        name = "" if form.shows("family") else family_name(connection.family)
        return ((keep_start(name, width), Tone.MUTED),)
    return ((keep_ends(visible(connection.destination), width), Tone.PLAIN),)


def _host(connection: Connection, width: int, form: Layout) -> tuple[Span, ...]:
    host = connection.host
    if host is None:
        system = "" if form.shows("system") else _system_label(connection, width)
        return ((system, Tone.MUTED),)
    mark = "~" if host.is_guess else ""
    # A name's end says whose it is, so the start goes.
    name = keep_end(visible(host.name), width - len(mark))
    return ((mark + name, Tone.GUESS if host.is_guess else Tone.PLAIN),)


def _system(connection: Connection, width: int, _form: Layout) -> tuple[Span, ...]:
    return ((_system_label(connection, width), Tone.MUTED),)


def _system_label(connection: Connection, width: int) -> str:
    """`AS36459 (GITHUB)`; in a narrow column the holder's name, which says more than the number."""
    system = connection.system
    if system is None:
        return ""
    wide = width >= _NARROW_SYSTEM or not system.name
    return keep_start(visible(system.label if wide else system.name), width)


_NARROW_SYSTEM: Final = 16
_ROOMY: Final = 116  # from here on, two spaces between columns

COLUMNS: Final = (
    Column("time", "Time", 8, 8, 0, 5, _time),
    Column("family", "AF", 7, 10, 0, 1, _family),
    Column("pid", "PID", 7, 7, 0, 4, _pid, right=True),
    Column("process", "Process", 13, 30, 3, 8, _process),
    Column("user", "User", 8, 12, 0, 3, _user),
    Column("destination", "Destination", 19, 25, 2, 7, _destination),
    Column("host", "Host", 17, 30, 4, 6, _host),
    Column("system", "AS", 10, 26, 3, 2, _system),
)
_INDEX: Final = {column.key: index for index, column in enumerate(COLUMNS)}
