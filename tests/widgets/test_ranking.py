import pytest
from rich.cells import cell_len
from textual.app import App
from widget_samples import HOSTILE

from widgets.ranking import Ranking, RankingKind, RankingRow


def hosts(*names):
    return [
        RankingRow(name, name, 100 - place, 0.1, "curl, firefox", f"12:00:{place:02}")
        for place, name in enumerate(names)
    ]


class RankingApp(App[None]):
    def __init__(self, kind=RankingKind.FACTS):
        super().__init__()
        self.ranking = Ranking("Hosts", kind, "No names yet: they appear once a program asks.")
        self.chosen = []

    def compose(self):
        yield self.ranking

    def on_ranking_chosen(self, message):
        self.chosen.append(message.key)


def lines(ranking):
    return [ranking.render_line(y).text.strip() for y in range(ranking.size.height)]


async def test_a_host_shows_count_last_seen_and_processes():
    async with RankingApp().run_test(size=(80, 24)) as pilot:
        ranking = pilot.app.ranking
        ranking.set_rows(hosts("a.test", "b.test"))
        await pilot.pause()
        assert lines(ranking)[1].split() == ["b.test", "99", "12:00:01", "curl,", "firefox"]
        assert str(ranking.border_subtitle) == "2"


async def test_a_narrow_one_takes_two_lines_for_a_host():
    async with RankingApp().run_test(size=(40, 24)) as pilot:
        pilot.app.ranking.set_rows(hosts("a.test", "b.test"))
        await pilot.pause()
        assert lines(pilot.app.ranking)[2].split() == ["b.test", "99"]
        assert lines(pilot.app.ranking)[3].split() == ["12:00:01", "curl,", "firefox"]
        for _ in range(2):
            assert pilot.app.chosen == []
            await pilot.click(pilot.app.ranking, offset=(5, 4))  # border, then the fourth line
        assert pilot.app.chosen == ["b.test"]


async def test_bars_are_scaled_to_the_largest():
    async with RankingApp(RankingKind.BARS).run_test(size=(80, 24)) as pilot:
        ranking = pilot.app.ranking
        counts = {"AS1 (ONE)": 800, "AS2 (TWO)": 400, "AS3 (THREE)": 1}
        ranking.set_rows([RankingRow(k, k, n, n / 1201) for k, n in counts.items()])
        await pilot.pause()
        shown = lines(ranking)
        bars = [sum(char in "▏▎▍▌▋▊▉█" for char in line) for line in shown[:3]]
        assert bars[0] == pytest.approx(2 * bars[1], abs=1)
        assert bars[2] == 1  # little, but not nothing
        assert shown[0].split()[-2:] == ["800", "67%"]
        assert shown[2].split()[-2:] == ["1", "<1%"]


async def test_the_cursor_stays_on_its_name_when_the_order_changes():
    async with RankingApp().run_test(size=(80, 24)) as pilot:
        ranking = pilot.app.ranking
        ranking.set_rows(hosts("a.test", "b.test", "c.test"))
        assert ranking.selected.key == "a.test"
        ranking.set_rows(hosts("b.test", "a.test", "c.test"))
        assert ranking.selected.key == "b.test"  # never moved: it stays on top
        await pilot.press("down", "down")
        ranking.set_rows(hosts("c.test", "a.test", "b.test"))
        assert ranking.selected.key == "c.test"
        ranking.set_rows(hosts("a.test", "b.test"))
        assert ranking.selected.key == "a.test"
        ranking.set_rows([])
        assert ranking.selected is None
        await pilot.press("enter", "down", "pagedown", "end", "home")
        assert pilot.app.chosen == []


async def test_the_cursor_is_kept_in_view_when_its_name_sinks():
    async with RankingApp().run_test(size=(80, 24)) as pilot:
        ranking = pilot.app.ranking
        names = [f"{n}.test" for n in range(200)]
        ranking.set_rows(hosts(*names))
        await pilot.press("down")
        ranking.set_rows(hosts(names[0], *names[2:], names[1]))
        await pilot.pause()
        assert ranking.selected.key == "1.test"
        assert any(line.startswith("1.test") for line in lines(ranking))


async def test_keys_go_through_all_rows_and_enter_chooses():
    async with RankingApp().run_test(size=(80, 24)) as pilot:
        ranking = pilot.app.ranking
        ranking.set_rows(hosts(*(f"{n}.test" for n in range(200))))
        await pilot.pause()
        await pilot.press("end", "enter")
        assert lines(ranking)[-1].startswith("199.test")
        await pilot.press("pageup", "k", "enter")
        await pilot.press("home", "pagedown", "j", "enter")
        assert pilot.app.chosen == ["199.test", "177.test", "22.test"]


async def test_empty_says_what_is_awaited_and_a_cut_list_says_so():
    async with RankingApp().run_test(size=(30, 10)) as pilot:
        ranking = pilot.app.ranking
        assert " ".join(lines(ranking)).strip().startswith("No names yet: they appear once a")
        ranking.set_rows(hosts("a.test"), total=1234)
        assert str(ranking.border_subtitle) == "first 1 of 1,234"


@pytest.mark.parametrize("kind", RankingKind)
@pytest.mark.parametrize("width", [20, 40, 80, 140])
async def test_hostile_names_do_not_reach_the_screen(kind, width):
    async with RankingApp(kind).run_test(size=(width, 24)) as pilot:
        ranking = pilot.app.ranking
        ranking.set_rows([RankingRow("k", HOSTILE + "漢字" * 30, 7, 0.5, HOSTILE, "12:00:00")])
        await pilot.pause()
        for y in range(ranking.size.height):
            strip = ranking.render_line(y)
            assert strip.text.isprintable()
            assert cell_len(strip.text) == ranking.size.width
