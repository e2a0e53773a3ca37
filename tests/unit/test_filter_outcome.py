"""Filters by what became of a connection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.filters.query import QueryError, parse
from probes.outcome import Outcome, OutcomeKind
from tests.connections import GITHUB

REFUSED = replace(GITHUB, outcome=Outcome(OutcomeKind.REFUSED, "ECONNREFUSED"))
UNTOLD = replace(GITHUB, outcome=None)


@pytest.mark.parametrize(
    "text",
    ["result:refused", "outcome:Refused", "result:ECONNREFUSED", "result:/^refu/", "refused"],
)
def test_finds_what_was_refused(text: str) -> None:
    assert parse(text).matches(REFUSED)
    assert not parse(text).matches(UNTOLD)


def test_tells_apart_what_is_known() -> None:
    assert not parse("result:connected").matches(REFUSED)
    assert parse("result:*").matches(REFUSED)
    assert not parse("result:*").matches(UNTOLD)
    with pytest.raises(QueryError, match=r"there is connected, .*, but not 'refusd'"):
        parse("result:refusd")
