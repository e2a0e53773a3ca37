"""What a command prints, as lines that cannot act."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from app.run.printed import LINE_MAX, Printed

OSC = b"\x1b]0;title\x07"
LINK = b"\x1b]8;;http://example.org\x1b\\"


def lines(data: bytes) -> list[str]:
    printed = Printed()
    return [line.plain for line in printed.feed(data)] + [printed.current.plain]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"one\ntwo\n", ["one", "two", ""]),
        (b"one\r\ntwo", ["one", "two"]),
        (b"10 %\r20 %\r100 %\n", ["100 %", ""]),
        (b"long text\rab", ["abng text"]),
        (b"long text\r\x1b[Kab", ["ab"]),
        (b"abc\b\bX", ["aXc"]),
        (b"a\tb", ["a       b"]),
        ("naïve €\n".encode(), ["naïve €", ""]),
        (b"caf\xe9\n", ["caf\\xe9", ""]),
        (b"\x1b[2J\x1b[1;1Hhome", ["home"]),
        (b"\x1b[?1049h\x1b[?25lfull\x1b[?1003h", ["full"]),
        (OSC + b"x" + LINK + b"y" + LINK, ["xy"]),
        (b"\x1bPq#0;2;0;0;0\x1b\\sixel", ["sixel"]),
        (b"\x1b(Bx\x1b=y\x1bcz", ["xyz"]),
        (b"bell\x07\x00", ["bell"]),
        ("\u202eabc\u200b".encode(), ["\\u202eabc\\u200b"]),
        (b"\x9b31mred", ["\\x9b31mred"]),
        (b"[bold]no markup[/bold]", ["[bold]no markup[/bold]"]),
    ],
)
def test_lines(data: bytes, shown: list[str]) -> None:
    assert lines(data) == shown
    # However it is cut.
    printed = Printed()
    found = [line for at in range(len(data)) for line in printed.feed(data[at : at + 1])]
    assert [line.plain for line in [*found, printed.current]] == shown


def styles(text: Text) -> list[tuple[str, str]]:
    return [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]


def test_colours_are_kept_to_the_next_line_and_no_further_than_their_end() -> None:
    first, second = Printed().feed(b"a\x1b[1;31mred\nstill\x1b[0m not\n")
    assert styles(first) == [("red", "bold color(1)")]
    assert styles(second) == [("still", "bold color(1)")]


def test_colours_of_any_depth() -> None:
    (line,) = Printed().feed(b"\x1b[38;5;208mx\x1b[38;2;1;2;3my\x1b[48;5;1mz\n")
    assert [style for _, style in styles(line)] == [
        "color(208)",
        "#010203",
        "#010203 on color(1)",
    ]


def test_nothing_blinks_or_hides() -> None:
    (line,) = Printed().feed(b"\x1b[5;6;8;31mx\n")
    assert styles(line) == [("x", "color(1)")]


@given(
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\x1b[", b"\x1b]", b"m", b";"])))
)
def test_no_bytes_act(pieces: list[bytes]) -> None:
    printed = Printed()
    for piece in pieces:
        for line in [*printed.feed(piece), printed.current]:
            assert line.plain.isprintable()
            assert "blink" not in str(line.spans)


def test_a_line_without_an_end_and_a_sequence_without_one_are_bounded() -> None:
    printed = Printed()
    found = printed.feed(b"x" * (3 * LINE_MAX + 1))
    assert [len(line) for line in found] == [LINE_MAX] * 3
    assert printed.current.plain == "x"
    for _ in range(100):
        printed.feed(b"\x1b]0;" + b"y" * 1000)
    assert sum(map(len, vars(printed)["_pending"])) <= 4096
    many = b"\x1b[38;2;1;2;3m" * 10_000
    (line,) = Printed().feed(many + b"end\n")
    assert len(line.spans) < 100
