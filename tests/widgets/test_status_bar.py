from dataclasses import replace

import pytest
from textual.app import App
from textual.widgets import Static
from widget_samples import HOSTILE

from probes.record import Hook, HookKind
from widgets.status_bar import Status, StatusBar

KPROBE = Hook(HookKind.KPROBE, "security_socket_connect")
TRACEPOINT = Hook(HookKind.TRACEPOINT, "syscalls:sys_enter_connect", ("io_uring",))
STATUS = Status(KPROBE, 12.34, 12_345, 230, as_date="2026-11-20", names="on")


class BarApp(App[None]):
    def compose(self):
        yield StatusBar()


async def shown(status, width):
    async with BarApp().run_test(size=(width, 5)) as pilot:
        bar = pilot.app.query_one(StatusBar)
        bar.set_status(status)
        await pilot.pause()
        strip = bar.render_line(0)
        assert strip.cell_length == width
        error = bar.get_component_rich_style("status-bar--error")
        return strip.text, [segment.text for segment in strip if segment.style == error]


async def test_all_facts_at_140():
    text, errors = await shown(STATUS, 140)
    hook, facts = "kprobe security_socket_connect", "lost 0  names on  AS 2026-11-20"
    assert text.strip() == f"{hook}  12.3/s  seen 12,345  shown 230  {facts}"
    assert errors == []


async def test_the_essential_at_80():
    text, _ = await shown(STATUS, 80)
    for fact in ("kprobe", "12.3/s", "seen 12,345", "shown 230", "lost 0", "AS 2026-11-20"):
        assert fact in text
    text, _ = await shown(replace(STATUS, hook=TRACEPOINT), 80)
    for fact in ("tracepoint", "misses io_uring", "230", "lost 0", "AS 2026-11-20"):
        assert fact in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
async def test_losses_are_never_cut(width):
    text, errors = await shown(
        replace(STATUS, hook=TRACEPOINT, lost=1_234_567, overflow=54_321, evicted=987_654), width
    )
    assert any(f"lost {number}" in text for number in ("1,234,567", "1.2M"))
    assert any(f"overflow {number}" in text for number in ("54,321", "54.3k"))
    assert len(errors) == 2


async def test_overflow_and_evicted_appear_only_when_there_are_any():
    text, _ = await shown(STATUS, 140)
    assert "overflow" not in text
    assert "evicted" not in text
    text, _ = await shown(replace(STATUS, evicted=5), 140)
    assert "evicted 5" in text
    assert "folded" not in text
    text, _ = await shown(replace(STATUS, folded=12), 140)
    assert "folded 12" in text


async def test_before_events_flow_it_says_so():
    text, _ = await shown(Status(), 80)
    assert text.split()[0] == "starting"


async def test_hostile_text_and_brackets_are_shown_as_they_are():
    status = replace(STATUS, names=HOSTILE, hook=Hook(HookKind.KPROBE, HOSTILE, (HOSTILE,)))
    for width in (80, 140, 300):
        text, _ = await shown(status, width)
        assert text.isprintable()
        assert "lost 0" in text


async def test_the_pointer_on_the_line_shows_all_of_it():
    async with BarApp().run_test(size=(60, 20), tooltips=True) as pilot:
        bar = pilot.app.query_one(StatusBar)
        bar.set_status(replace(STATUS, hook=replace(TRACEPOINT, target="[red]x[/red]")))
        await pilot.hover(bar)
        await pilot.pause(0.5)
        tip = str(pilot.app.screen.query_one("#textual-tooltip", Static).render())
        assert "It misses connects of io_uring." in tip
        assert "[red]x[/red]" in tip
