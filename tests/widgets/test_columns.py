import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from widget_samples import HOSTILE, connection, process

from probes.record import AutonomousSystem, Host, HostSource
from widgets.columns import COLUMNS, Tone, layout, row_spans, title_line
from widgets.fit import count, keep_end, keep_ends, keep_program, keep_start, pad


def line(shown, width):
    return "".join(text for text, _ in row_spans(shown, layout(width)))


def tone_of(shown, width, word):
    return next(tone for text, tone in row_spans(shown, layout(width)) if word in text)


def test_header_and_rows_fill_every_width_exactly():
    for width in range(1, 320):
        assert cell_len(title_line(layout(width))) == width
        assert cell_len(line(connection(443), width)) == width


def test_a_wide_terminal_shows_all_eight_columns():
    text = line(connection(443), 160)
    for value in ("AF_INET", "4242", "/usr/bin/curl", "alice", "192.0.2.1:443", "api.github.com"):
        assert value in text
    assert "AS36459 (GITHUB)" in text
    assert title_line(layout(160)).split() == [column.title for column in COLUMNS]


def test_eighty_columns_keep_who_and_where():
    text = line(connection(443), 77)
    assert text.split()[1:] == ["4242", "/usr/bin/curl", "alice", "192.0.2.1:443", "api.github.com"]
    assert "Host / AS" in title_line(layout(77))


def test_hidden_columns_move_in_with_blank_neighbours():
    assert "AF_NETLINK" in line(connection(family=16, address=None, port=None), 77)
    assert "AS36459 (GITHUB)" in line(connection(443, host=None), 77)
    assert "GITHUB" not in line(connection(443), 77)


def test_a_long_path_keeps_the_program():
    assert keep_program("/usr/lib/firefox-esr/firefox-esr", 24) == ("…/", "firefox-esr")
    assert keep_program("/usr/local/bin/curl", 12) == ("…/bin/", "curl")
    assert keep_program("/usr/local/bin/curl", 19) == ("/usr/local/bin/", "curl")
    assert keep_program("/usr/lib/systemd/systemd-timesyncd", 13) == ("", "systemd-time…")


def test_ipv6_keeps_its_port_and_brackets():
    shown = connection(8443, family=10, address="2001:db8:aaaa:bbbb:cccc:dddd:eeee:1")
    assert "1]:8443" in line(shown, 77)
    assert "[::1]:9" in line(connection(9, family=10, address="::1"), 77)


def test_a_long_host_keeps_its_domain():
    name = "d111111abcdef8.region.cloudfront.example.com"
    assert "example.com" in line(connection(443, host=Host(name, HostSource.GETADDRINFO)), 77)


def test_states_have_their_own_tone():
    guess = connection(443, host=Host("guessed.test", HostSource.OTHER_PROCESS))
    assert tone_of(guess, 160, "~guessed.test") is Tone.GUESS
    gone = connection(443, process=process(None, "getent"))
    assert tone_of(gone, 160, "[getent]") is Tone.MUTED
    assert tone_of(gone, 160, "192.0.2.1") is Tone.PLAIN
    flat = connection(family=16, address=None, port=None)
    assert {tone for _, tone in row_spans(flat, layout(160))} == {Tone.MUTED}


@pytest.mark.parametrize("width", [77, 137, 200])
def test_hostile_text_is_shown_and_does_not_act(width):
    shown = connection(
        443,
        process=process("/tmp/" + HOSTILE, user=HOSTILE),
        host=Host(HOSTILE, HostSource.GETADDRINFO),
        system=AutonomousSystem(1, HOSTILE),
    )
    text = line(shown, width)
    assert text.isprintable()
    assert cell_len(text) == width


@pytest.mark.parametrize("width", [60, 77, 97, 137])
def test_wide_characters_do_not_shift_the_columns(width):
    plain = connection(443)
    wide = connection(
        443, process=process("/home/用户/构建/编译器程序名字", user="用户名很长很长很长")
    )

    def cells_before_address(shown):
        text = line(shown, width)
        return cell_len(text[: text.index("192.0.2.1")])

    assert cells_before_address(wide) == cells_before_address(plain)


printable = st.text().map(lambda text: "".join(c for c in text if c.isprintable()))


@given(printable, st.integers(0, 40))
def test_cut_text_never_takes_more_room_than_it_has(text, width):
    for cut in (keep_start, keep_end, keep_ends):
        assert cell_len(cut(text, width)) <= width
    assert cell_len("".join(keep_program(text, max(1, width)))) <= max(1, width)


@given(printable.filter(lambda t: not any(unicodedata.combining(c) for c in t)), st.integers(0, 40))
def test_padded_text_fills_its_room(text, width):
    assert cell_len(pad(text, width)) == width
    assert cell_len(pad(text, width, right=True)) == width


def test_counts_shorten():
    assert count(12_345, 6) == "12,345"
    assert count(12_345, 5) == "12.3k"
    assert count(123_456, 4) == "123k"
    assert count(2_500_000, 5) == "2.5M"


def test_a_click_finds_its_column():
    form = layout(160)
    title = title_line(form)
    for index, column in enumerate(COLUMNS):
        assert form.column_at(title.index(column.title)) == index
