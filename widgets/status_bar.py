"""The line at the bottom: what is watched, how much was seen, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from probes.record import Hook
from probes.text import visible
from widgets.fit import count, keep_start


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says.

    `hook`: None until events flow. `rate`: connections a second; None
    where there is none, as in a recording. `seen`, `shown`: connections
    since the start, and those that pass the filter. `lost` in the kernel, `overflow` in our own
    queue, `evicted` from the session because it is full. `folded`: resolvers' own questions, which
    are left out. `names`: whether hostnames are watched
    for, for a person ("on", "partly", "off"); `names_ok` is False where names are missing because
    of it. `results`: whether it is told what became of connections; `results_lost`: of so many it
    was not.
    `plays`: how fast a recording is played. `recorded`: connections that were written to a file,
    None where none is; `unrecorded`: those that could not be.
    `as_date`: the day of the AS data, YYYY-MM-DD, "" where there is none, None where that says
    nothing.
    """

    hook: Hook | None = None
    rate: float | None = 0.0
    seen: int = 0
    shown: int = 0
    lost: int = 0
    overflow: int = 0
    evicted: int = 0
    folded: int = 0
    as_date: str | None = ""
    names: str = ""
    names_ok: bool = True
    results: bool = True
    results_lost: int = 0
    plays: str = ""
    recorded: int | None = None
    unrecorded: int = 0


Form = tuple[tuple[str, str], ...]
"""Pieces of text, each with the name of its style: label, value, good, warning or error."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A fact in its forms, the longest first; an empty last one leaves it out.

    Where room is short, the item with the lowest `keep` takes its next form first.
    """

    keep: int
    forms: tuple[Form, ...]


_GAP: Final = 2


class StatusBar(Widget):
    """One line of facts, each shortened or left out as the width demands; losses never are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-bar--label",
        "status-bar--value",
        "status-bar--good",
        "status-bar--warning",
        "status-bar--error",
    }
    DEFAULT_CSS = """
    StatusBar {
        height: 1;
        width: 1fr;
        background: $foreground 6%;
        & > .status-bar--label { color: $foreground 55%; }
        &:light > .status-bar--label { color: $foreground 70%; }
        & > .status-bar--value { color: $foreground; }
        & > .status-bar--good { color: $text-success; }
        & > .status-bar--warning { color: $text-warning; }
        & > .status-bar--error { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, status: Status | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._status = status or Status()

    @property
    def status(self) -> Status:
        """What is shown."""
        return self._status

    def set_status(self, status: Status) -> None:
        """Show `status`; the pointer resting on the line shows it in full."""
        if status != self._status:
            self._status = status
            self.tooltip = Content(_in_full(status))
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 (there is one line only)
        """Draw the line from the left; all of it fits."""
        width = self.size.width
        segments = [Segment(" ", self.rich_style)]
        for number, form in enumerate(_fitted(_items(self._status), width - 2)):
            if number:
                segments.append(Segment(" " * _GAP, self.rich_style))
            segments += [
                Segment(text, self.get_component_rich_style(f"status-bar--{style}"))
                for text, style in form
            ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)


def _items(status: Status) -> list[_Item]:
    seen, shown = status.seen, status.shown
    items = []
    if status.rate is not None:
        items.append(_Item(7, (_labelled("", f"{_rate(status.rate)}/s"), ())))
    items += [
        _Item(
            5,
            (
                _labelled("seen", count(seen, 13)) + _labelled("  shown", count(shown, 13)),
                _labelled("shown", f"{count(shown, 13)}/{count(seen, 13)}"),
                _labelled("shown", f"{count(shown, 5)}/{count(seen, 5)}"),
                (),
            ),
        ),
        _loss("lost", status.lost),
    ]
    if status.overflow:
        items.append(_loss("overflow", status.overflow))
    if status.evicted:
        long, short = (_labelled("evicted", count(status.evicted, width)) for width in (13, 5))
        items.append(_Item(6, (long, short, ())))
    if status.results_lost:
        items.append(_loss("results lost", status.results_lost))
    if not status.results:
        items.append(_Item(2, (_labelled("results", "off", "warning"), ())))
    if status.folded:
        long, short = (_labelled("folded", count(status.folded, width)) for width in (13, 5))
        items.append(_Item(2, (long, short, ())))
    if status.plays:
        items.append(_Item(7, (_labelled("plays", visible(status.plays)), ())))
    if status.recorded is not None:
        long, short = (_labelled("recorded", count(status.recorded, width)) for width in (13, 5))
        items.append(_Item(4, (long, short, ())))
    if status.unrecorded:
        items.append(_loss("unrecorded", status.unrecorded))
    if status.names:
        style = "value" if status.names_ok else "warning"
        names = visible(status.names)
        long, short = (_labelled("names", keep_start(names, width), style) for width in (40, 10))
        items.append(_Item(2, (long, short, ())))
    if status.as_date:
        items.append(_Item(4, (_labelled("AS", keep_start(visible(status.as_date), 20)), ())))
    elif status.as_date is not None:
        items.append(_Item(4, (_labelled("AS", "none", "warning"), ())))
    return [*_hook_items(status.hook), *items]


def _hook_items(hook: Hook | None) -> list[_Item]:
    if hook is None:
        return [_Item(9, (_labelled("", "starting", "warning"),))]
    kind = str(hook.kind)
    target = keep_start(visible(hook.target), 50)
    items = [_Item(1, (((kind, "good"), (f" {target}", "label")), ((kind, "good"),)))]
    if hook.blind_spots:
        blind = visible(", ".join(hook.blind_spots))
        whole, part = (
            _labelled("misses", keep_start(blind, width), "warning") for width in (40, 12)
        )
        items.append(_Item(3, (whole, part, ())))
    return items


def _labelled(label: str, text: str, style: str = "value") -> Form:
    return ((f"{label} ", "label"), (text, style)) if label else ((text, style),)


def _loss(label: str, number: int) -> _Item:
    """Never left out; in the error's colour from the first loss on."""
    style = "error" if number else "value"
    return _Item(8, tuple(_labelled(label, count(number, width), style) for width in (13, 5)))


def _fitted(items: list[_Item], width: int) -> list[Form]:
    """Each item in a form of its own, so that all fit in `width` cells."""
    chosen = [0] * len(items)
    order = sorted(range(len(items)), key=lambda index: items[index].keep)
    while _length(items, chosen) > width:
        # Every item gives a little before the first gives way altogether.
        smaller = [index for index in order if chosen[index] + 1 < len(items[index].forms)]
        if not smaller:
            break
        yielding = [index for index in smaller if items[index].forms[chosen[index] + 1]]
        chosen[(yielding or smaller)[0]] += 1
    return [form for item, place in zip(items, chosen, strict=True) if (form := item.forms[place])]


def _length(items: list[_Item], chosen: list[int]) -> int:
    forms = [form for item, place in zip(items, chosen, strict=True) if (form := item.forms[place])]
    return sum(cell_len(text) for form in forms for text, _ in form) + _GAP * (len(forms) - 1)


def _rate(rate: float) -> str:
    """Four cells wide for any rate below 10,000, so that its neighbours stand still."""
    return (f"{rate:.1f}" if rate < 99.95 else count(round(rate), 5)).rjust(4)


def _in_full(status: Status) -> str:
    """Say the same facts in sentences, a line each."""
    lines = []
    if status.hook is not None:
        lines.append(f"Watching with the {status.hook.kind} {visible(status.hook.target)}.")
        if status.hook.blind_spots:
            lines.append(f"It misses connects of {visible(', '.join(status.hook.blind_spots))}.")
    lines.append(f"{status.seen:,} connections seen, {status.shown:,} shown.")
    lines.append(
        f"{status.lost:,} lost in the kernel, {status.overflow:,} in the queue; "
        f"{status.evicted:,} old ones evicted."
    )
    if status.results_lost:
        lines.append(f"{status.results_lost:,} results were lost, and are not guessed.")
    if not status.results:
        lines.append("What became of connections is not told here.")
    if status.folded:
        lines.append(
            f"{status.folded:,} questions of resolvers folded under the programs that asked "
            "(--no-fold shows them)."
        )
    if status.plays:
        lines.append(f"Plays {visible(status.plays)}.")
    if status.recorded is not None:
        lines.append(f"{status.recorded:,} recorded, {status.unrecorded:,} could not be.")
    if status.names:
        lines.append(f"Hostnames: {visible(status.names)}.")
    if status.as_date is not None:
        lines.append(f"AS data: {visible(status.as_date) or 'none'}.")
    return "\n".join(lines)
