"""One line of an outline, as text: a group with its numbers, in columns behind its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from rich.cells import cell_len

from probes.text import visible
from widgets.fit import keep_end, keep_program, keep_start, pad
from widgets.tones import Span, Tone

OPENED: Final = "▾ "
CLOSED: Final = "▸ "
_LEAF: Final = "─ "
_LEAST_NAME: Final = 16  # cells, for which columns give way
_LEAST_LABEL: Final = 8
_BAR_LEAST: Final = 12
_BAR_MOST: Final = 40
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


class Cut(Enum):
    """What of a name goes where room is short."""

    START = "start"
    END = "end"
    FOLDERS = "folders"


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """A group. `label` and `note` may come from other processes as they are.

    `guide`: what stands ahead of it, which says where it belongs; `is_open`: None where there is
    nothing to open. `cells`: one for each column of the form. `share`: 0.0 to 1.0, for a bar.
    `state`: a word behind the name; `note`: behind that, where there is room. `is_over`:
    it is shown, but is of the past, or of no account.
    """

    label: str
    cells: tuple[Span, ...] = ()
    guide: str = ""
    is_open: bool | None = None
    cut: Cut = Cut.END
    state: str = ""
    note: str = ""
    is_over: bool = False
    share: float = 0.0

    @property
    def handle(self) -> range:
        """The cells that open and close it."""
        start = cell_len(self.guide)
        return range(start, start + len(OPENED) if self.is_open is not None else start)


@dataclass(frozen=True, slots=True)
class OutlineColumn:
    """A column behind the name, `width` cells wide. The one with the lowest `keep` gives way first.

    A gap of one cell stands ahead of it.
    """

    title: str
    width: int
    keep: int


@dataclass(frozen=True, slots=True)
class OutlineForm:
    """The columns behind the name. `title`: the name's; `widest`: the most cells that it takes.

    `sorted_by`: the title of the column that the groups are sorted by.
    """

    title: str = ""
    columns: tuple[OutlineColumn, ...] = ()
    sorted_by: str = ""
    widest: int = 72  # what is farther away is not read on one line with the name

    def fitting(self, width: int) -> Fitting:
        """How name and columns share a line of `width` cells."""
        shown = sorted(range(len(self.columns)), key=lambda index: -self.columns[index].keep)
        taken = sum(column.width + 1 for column in self.columns)
        while shown and width - taken < _LEAST_NAME:
            taken -= self.columns[shown.pop()].width + 1
        name = max(0, min(self.widest, width - taken))
        rest = width - taken - name - 2
        bar = min(rest, _BAR_MOST) if rest >= _BAR_LEAST else 0
        return Fitting(name, tuple(sorted(shown)), bar)


@dataclass(frozen=True, slots=True)
class Fitting:
    """The cells of the name, which columns have a place, and the cells of a bar, 0 for none."""

    name: int
    columns: tuple[int, ...]
    bar: int


def title_text(form: OutlineForm, width: int) -> str:
    """The header's line. The column that groups are sorted by has a mark."""
    fitting = form.fitting(width)
    text = pad(keep_start(_marked(form.title, form), fitting.name), fitting.name)
    for index in fitting.columns:
        column = form.columns[index]
        title = keep_start(_marked(column.title, form), column.width)
        text += " " + pad(title, column.width, right=True)
    return pad(text, width)


def row_pieces(row: OutlineRow, form: OutlineForm, width: int) -> list[Span]:
    """A group's line, cut and filled to `width` cells."""
    fitting = form.fitting(width)
    spans = _name_spans(row, fitting.name)
    for index in fitting.columns:
        if index < len(row.cells):
            cells, (text, tone) = form.columns[index].width, row.cells[index]
            shown = Tone.MUTED if row.is_over and tone is not Tone.FAILED else tone
            spans.append((" " + pad(keep_start(text, cells), cells, right=True), shown))
    if fitting.bar and row.share > 0:
        spans.append(("  " + _bar(row.share, fitting.bar), Tone.BAR))
    used = sum(cell_len(text) for text, _ in spans)
    spans.append((" " * max(0, width - used), Tone.PLAIN))
    return [span for span in spans if span[0]]


def _name_spans(row: OutlineRow, room: int) -> list[Span]:
    """The name with what stands ahead of it and behind it, filled to `room` cells."""
    handle = _LEAF if row.guide.strip() else "  "
    if row.is_open is not None:
        handle = OPENED if row.is_open else CLOSED
    ahead = keep_start(row.guide, max(0, room - _LEAST_LABEL))
    mark = Tone.MUTED if row.is_open is None else Tone.PLAIN
    spans: list[Span] = [(ahead, Tone.MUTED), (handle, mark)]
    state = f"  {row.state}" if row.state else ""
    left = max(0, room - cell_len(ahead) - len(handle))
    if left < cell_len(state) + _LEAST_LABEL:
        state = ""
    label, tone = visible(row.label), Tone.MUTED if row.is_over else Tone.STRONG
    if row.cut is Cut.FOLDERS and "/" in label:
        folder, name = keep_program(label, left - cell_len(state))
        spans += [(folder, Tone.MUTED), (name, tone)]
    else:
        keep = keep_end if row.cut is Cut.START else keep_start
        spans.append((keep(label, left - cell_len(state)), tone))
    spans.append((state, Tone.MUTED))
    left = room - sum(cell_len(text) for text, _ in spans)
    if row.note and left > _LEAST_LABEL:
        spans.append((keep_start("  " + visible(row.note), left), Tone.MUTED))
        left = room - sum(cell_len(text) for text, _ in spans)
    spans.append((" " * max(0, left), Tone.PLAIN))
    return spans


def _marked(title: str, form: OutlineForm) -> str:
    return f"{title} ▼" if title == form.sorted_by else title


def _bar(share: float, width: int) -> str:
    """A bar in steps of an eighth; never empty."""
    full, part = divmod(max(1, round(min(share, 1.0) * width * 8)), 8)
    return _EIGHTHS[-1] * full + (_EIGHTHS[part] if part else "")
