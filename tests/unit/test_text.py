"""What is shown of text that somebody else chose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("curl", "curl"),
        ("Grüße, 世界 🙂", "Grüße, 世界 🙂"),
        ("a\x1b[31mb\n", r"a\x1b[31mb\x0a"),
        ("evil\u202egpj", r"evil\u202egpj"),
        ("goo\u200bgle", r"goo\u200bgle"),
        ("stray \udcff byte", r"stray \xff byte"),
        ("goo\ufe0egle", r"goo\ufe0egle"),
        ("\u3164", r"\u3164"),
        ("\U000e0101", r"\U000e0101"),
        ("e\u0301", "e\u0301"),
        ("Z" + "\u0308" * 6 + "a\u0308", "Z" + "\u0308" * 4 + r"\u0308" * 2 + "a\u0308"),
    ],
)
def test_what_acts_or_hides_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_any_text_becomes_printable_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    shown.encode()
