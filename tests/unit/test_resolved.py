"""systemd-resolved's monitor, against a server that says what resolved says."""

from __future__ import annotations

import base64
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.naming.dns import Answer
from probes.naming.resolved import Monitor, answers_in, connected

HERE, SIX = bytes([140, 82, 121, 4]), socket.inet_pton(socket.AF_INET6, "2001:db8::1")
READY = {"parameters": {"ready": True}, "continues": True}


def wire(name: str, kind: int, ttl: int, data: bytes) -> str:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack(">HHIH", kind, 1, ttl, len(data))
    return base64.b64encode(labels + b"\0" + head + data).decode()


def key(name: str, kind: int) -> dict[str, object]:
    return {"class": 1, "type": kind, "name": name}


def address(name: str, packed: bytes, ttl: int = 23) -> dict[str, object]:
    kind = 1 if len(packed) == 4 else 28
    rr = {"key": key(name, kind), "address": list(packed)}
    return {"rr": rr, "raw": wire(name, kind, ttl, packed), "ifindex": 2}


def alias(name: str, target: str, ttl: int) -> dict[str, object]:
    return {"rr": {"key": key(name, 5), "name": target}, "raw": wire(name, 5, ttl, b"\1x\0")}


def result(
    *answers: object, asked: str = "github.com", state: str = "success"
) -> dict[str, object]:
    return {
        "state": state,
        "question": [key(asked, 1), key(asked, 28)],
        "collectedQuestions": [],
        "answer": list(answers),
    }


def test_addresses_belong_to_the_name_that_was_asked_for() -> None:
    told = result(
        alias("github.com", "cdn.example", ttl=9),
        address("cdn.example", HERE),
        address("cdn.example", SIX),
        asked="GitHub.com.",
    )
    assert answers_in(told) == [Answer(b"github.com", HERE, 9), Answer(b"github.com", SIX, 9)]


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"ready": True},
        result(address("github.com", HERE), state="rcode-failure"),
        {"state": "success", "question": [key("a", 1)]},
        {"state": "success", "answer": [address("a", HERE)]},
        {"state": "success", "question": [], "answer": [address("a", HERE)]},
        result(address("a", HERE), asked="."),
        result("x", {"rr": None, "raw": "AA=="}, {"rr": {"key": None}}),
        result({"rr": {"key": key("a", 1), "address": [1, 2, 3]}, "raw": ""}),
        result({"rr": {"key": key("a", 1), "address": [1, 2, 3, 256]}, "raw": ""}),
        result({"rr": {"key": key("a", 1), "address": [1, 2, 3, "4"]}, "raw": ""}),
        result({"rr": {"key": {"type": [1]}, "address": [1, 2, 3, 4]}, "raw": ""}),
    ],
)
def test_what_is_no_answer_tells_nothing(told: object) -> None:
    assert answers_in(told) == []


def test_where_the_life_cannot_be_read_it_is_short() -> None:
    broken = {"rr": {"key": key("a", 1), "address": list(HERE)}, "raw": "not base64!"}
    assert answers_in(result(broken)) == [Answer(b"github.com", HERE, 60)]


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["rr", "raw", "key", "type", "name", "address"]), inner, max_size=4
        ),
    ),
)


@given(_json, _json)
def test_any_json_will_do(question: object, answer: object) -> None:
    told = {"state": "success", "question": [question], "answer": [answer]}
    for name, packed, ttl in answers_in(told):
        assert 0 < len(name) < 254
        assert len(packed) in {4, 16}
        assert 0 <= ttl < 1 << 31


class Resolved:
    """A server at a path; `said` by the client it has."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(20)
        self.client: socket.socket | None = None

    def accept(self) -> object:
        """What the next client asks for."""
        self.client, _ = self._listener.accept()
        asked = b""
        while not asked.endswith(b"\0"):
            asked += self.client.recv(1000)
        return json.loads(asked[:-1])

    def send(self, content: bytes) -> None:
        assert self.client is not None
        self.client.sendall(content)

    def say(self, *messages: object) -> None:
        self.send(b"".join(json.dumps(message).encode() + b"\0" for message in messages))

    def hang_up(self) -> None:
        assert self.client is not None
        self.client.close()

    def close(self) -> None:
        if self.client:
            self.client.close()
        self._listener.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor"


@pytest.fixture
def resolved(path: Path) -> Iterator[Resolved]:
    server = Resolved(path)
    yield server
    server.close()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def drained(monitor: Monitor, done: Callable[[list[Answer]], bool]) -> list[Answer]:
    found: list[Answer] = []
    end = time.monotonic() + 20
    while not done(found) and time.monotonic() < end:
        found += monitor.drain()
    return found


def test_it_subscribes_and_passes_on_what_is_told(path: Path, resolved: Resolved) -> None:
    monitor = Monitor(lambda: connected(str(path)), Clock())
    assert monitor.drain() == []
    assert resolved.accept() == {
        "method": "io.systemd.Resolve.Monitor.SubscribeQueryResults",
        "parameters": {},
        "more": True,
    }
    told = {"parameters": result(address("github.com", HERE)), "continues": True}
    resolved.say(READY, told)
    content = json.dumps(told).encode() + b"\0"
    found = drained(monitor, lambda found: len(found) == 1)
    for byte in content:  # in however many pieces it comes
        resolved.send(bytes([byte]))
        found += monitor.drain()
    resolved.send(b"{nonsense\0[]\0")
    resolved.say(told)
    found += drained(monitor, lambda more: len(found) + len(more) == 3)
    assert found == [Answer(b"github.com", HERE, 23)] * 3
    assert monitor.refused == ""
    monitor.close()


def test_when_resolved_starts_again_it_subscribes_again(path: Path, resolved: Resolved) -> None:
    clock = Clock()
    monitor = Monitor(lambda: connected(str(path)), clock)
    monitor.drain()
    resolved.accept()
    resolved.hang_up()
    assert monitor.drain() == []
    clock.now += 6
    assert monitor.drain() == []
    assert resolved.accept()
    monitor.close()


def test_where_there_is_no_resolved_it_is_tried_now_and_then(path: Path) -> None:
    clock = Clock()
    monitor = Monitor(lambda: connected(str(path)), clock)
    assert monitor.drain() == []
    server = Resolved(path)
    try:
        assert monitor.drain() == []
        clock.now += 6
        assert monitor.drain() == []
        assert server.accept()
    finally:
        server.close()
        monitor.close()


def test_what_it_refuses_is_kept_for_a_person(path: Path, resolved: Resolved) -> None:
    monitor = Monitor(lambda: connected(str(path)), Clock())
    monitor.drain()
    resolved.accept()
    resolved.say({"error": "io.systemd.InteractiveAuthenticationRequired", "parameters": {}})
    drained(monitor, lambda _: bool(monitor.refused))
    assert monitor.refused == "io.systemd.InteractiveAuthenticationRequired"


def test_a_message_without_end_is_not_kept(path: Path, resolved: Resolved) -> None:
    monitor = Monitor(lambda: connected(str(path)), Clock())
    monitor.drain()
    resolved.accept()
    assert resolved.client is not None
    resolved.client.settimeout(0.05)
    sent = 0
    try:
        while sent < 8 << 20:
            sent += resolved.client.send(b"x" * 65_536)
            monitor.drain()
            assert len(monitor._rest) <= (1 << 20) + (1 << 16)
    except OSError:  # it has hung up
        pass
    assert sent < 8 << 20
