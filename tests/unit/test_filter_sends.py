"""Filters by protocol and call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.filters.query import QueryError, parse
from probes.transport import Call, SocketType, Transport
from tests.connections import GITHUB

SENT = replace(GITHUB, transport=Transport(Call.SEND, SocketType.DGRAM, "udp"))


@pytest.mark.parametrize("text", ["proto:udp", "protocol:UDP", "call:send", "call:*", '"udp send"'])
def test_finds_what_was_sent(text: str) -> None:
    assert parse(text).matches(SENT)
    assert not parse(f"!({text})").matches(SENT)


def test_leaves_out_other_protocols_and_calls() -> None:
    assert not parse("proto:tcp").matches(SENT)
    assert not parse("call:connect").matches(SENT)
    assert parse("call:connect").matches(GITHUB)
    with pytest.raises(QueryError, match="there is connect, send, fastopen, but not 'sent'"):
        parse("call:sent")
