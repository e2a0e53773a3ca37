import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from widget_samples import HOSTILE, connection, process

from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Host, HostSource
from probes.transport import Call, SocketType, Transport
from widgets.column import COLUMNS
from widgets.columns import layout, row_spans, title_line
from widgets.fit import count, duration, keep_end, keep_ends, keep_program, keep_start, pad
from widgets.tones import Tone

FAILED = Tone.FAILED

TCP = Transport(Call.CONNECT, SocketType.STREAM, "tcp")


def line(shown, width):
    return "".join(text for text, _ in row_spans(shown, layout(width)))


def tone_of(shown, width, word):
    return next(tone for text, tone in row_spans(shown, layout(width)) if word in text)


def test_header_and_rows_fill_every_width_exactly():
    for width in range(1, 320):
        assert cell_len(title_line(layout(width))) == width
        assert cell_len(line(connection(443), width)) == width


def test_a_wide_terminal_shows_all_nine_columns():
    text = line(connection(443), 160)
    for value in ("AF_INET", "4242", "/usr/bin/curl", "alice", "192.0.2.1:443", "api.github.com"):
        assert value in text
    assert "AS36459 (GITHUB)" in text
    assert title_line(layout(160)).split() == [column.title for column in COLUMNS]


def test_eighty_columns_keep_who_and_where():
    text = line(connection(443), 77)
    assert text.split()[1:5] == ["4242", "…/bin/curl", "alice", "192.0.2.1:443"]
    assert text.endswith("ok 12 ms api.github.com")
    assert "Host / AS" in title_line(layout(77))


def test_hidden_columns_move_in_with_blank_neighbours():
    assert "AF_NETLINK" in line(connection(family=16, address=None, port=None), 77)
    assert "GITHUB" in line(connection(443, host=None), 77)
    assert "GITHUB" not in line(connection(443), 77)


@pytest.mark.parametrize(
    ("transport", "wide", "narrow"),
    [
        (TCP, "tcp", "tcp"),
        (Transport(Call.SEND, SocketType.DGRAM, "udp"), "udp send", "udp→"),
        (Transport(Call.SEND, SocketType.DGRAM, "icmp6"), "icmp6 send", "icm…→"),
        (Transport(Call.FASTOPEN, SocketType.STREAM, "tcp"), "tcp fast", "tcp→"),
        (Transport(Call.SEND), "send", "send"),
        (Transport(), "", ""),
    ],
)
def test_the_protocol_and_whether_it_was_connected(transport, wide, narrow):
    def cell(width):
        form = layout(width)
        start = title_line(form).index("Proto")
        text = "".join(text for text, _ in row_spans(connection(443, transport=transport), form))
        return text[start : start + form.width("transport")].rstrip()

    assert (cell(160), cell(83)) == (wide, narrow)


def test_a_send_is_marked_at_its_destination_where_the_column_has_no_room():
    sent = connection(53, transport=Transport(Call.SEND, SocketType.DGRAM, "udp"))
    assert " →192.0.2.1:53 " in line(sent, 77)
    assert " 192.0.2.1:53 " in line(connection(53, transport=TCP), 77)
    assert " 192.0.2.1:53 " in line(sent, 160)
    frame = connection(family=17, address=None, port=None, transport=sent.transport)
    assert " →AF_PACKET " in line(frame, 77)
    long = connection(53, family=10, address="2001:db8:1111:2222:3333:4444:5555:6666")
    assert cell_len(line(replace(long, transport=sent.transport), 77)) == 77


def test_what_has_no_port_is_shown_without_one():
    ping = Transport(Call.SEND, SocketType.DGRAM, "icmp")
    assert " →192.0.2.1 " in line(connection(0, transport=ping), 77)
    assert " →::1 " in line(connection(0, family=10, address="::1", transport=ping), 77)


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


@pytest.mark.parametrize(
    ("outcome", "latency_us", "wide", "narrow", "tone"),
    [
        (Outcome(OutcomeKind.CONNECTED), 12_345, "ok 12 ms", "ok 12 ms", Tone.MUTED),
        (Outcome(OutcomeKind.CONNECTED), 123, "ok 123 µs", "ok 123µs", Tone.MUTED),
        (Outcome(OutcomeKind.CONNECTED), None, "ok", "ok", Tone.MUTED),
        (Outcome(OutcomeKind.IN_PROGRESS), None, "…", "…", Tone.AWAITED),
        (Outcome(OutcomeKind.REFUSED, "ECONNREFUSED"), 200, *("refused 200 µs", "refused"), FAILED),
        (Outcome(OutcomeKind.TIMED_OUT, "ETIMEDOUT"), 130e6, *("timeout 130 s", "timeout"), FAILED),
        (
            Outcome(OutcomeKind.UNREACHABLE, "EHOSTUNREACH"),
            3e6,
            *("unreachable", "unreach"),
            FAILED,
        ),
        (Outcome(OutcomeKind.DENIED, "EACCES"), None, "denied", "denied", FAILED),
        (Outcome(OutcomeKind.ABANDONED), 2_000_000, "gave up 2.0 s", "gave up", FAILED),
        (
            Outcome(OutcomeKind.FAILED, "EADDRNOTAVAIL"),
            None,
            *("EADDRNOTAVAIL", "EADDRNO…"),
            FAILED,
        ),
        (Outcome(OutcomeKind.FAILED), None, "failed", "failed", FAILED),
        (None, None, "", "", None),
    ],
)
def test_what_became_of_it_has_a_word_and_a_tone(outcome, latency_us, wide, narrow, tone):
    shown = connection(443, outcome=outcome, latency_us=latency_us and int(latency_us))
    result = next(column for column in COLUMNS if column.key == "result")
    for width, text in ((14, wide), (8, narrow)):
        spans = result.show(shown, width, layout(160))
        assert "".join(piece for piece, _ in spans) == text
        assert {own for _, own in spans} <= {tone}
        assert cell_len(text) <= width


def test_a_failure_stands_out_also_where_there_is_no_address():
    failed = Outcome(OutcomeKind.FAILED, "EOPNOTSUPP")
    flat = connection(family=17, address=None, port=None, outcome=failed)
    assert tone_of(flat, 160, "EOPNOTSUPP") is Tone.FAILED
    assert tone_of(flat, 160, "AF_PACKET") is Tone.MUTED


def test_times_have_three_digits_at_most():
    times = [1, 949, 9_949, 9_950, 999_499, 999_500, 9_949_999, 130_000_000, 4_294_967_295]
    assert [duration(microseconds) for microseconds in times] == [
        *("1 µs", "949 µs", "9.9 ms", "10 ms", "999 ms", "1.0 s", "9.9 s", "130 s", "4295 s"),
    ]


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
