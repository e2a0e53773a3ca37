"""Addresses' own names: looked up once, by threads of their own, and never waited for."""

from __future__ import annotations

import threading
import time

import pytest

from probes.naming.reverse import QUEUE_MAX, Found, Reverse, name_of, pointer

HERE, THERE = "192.0.2.1", "2001:db8::1"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Resolver:
    """Answers when it is let; counts."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        self.asked: list[str] = []
        self.may = threading.Event()

    def __call__(self, address: str) -> str | None:
        self.asked.append(address)
        assert self.may.wait(20)
        return self.names.get(address)


def drained(reverse: Reverse, count: int) -> list[Found]:
    found: list[Found] = []
    end = time.monotonic() + 20
    while len(found) < count and time.monotonic() < end:
        found += reverse.drain()
        time.sleep(0.001)
    return found


def test_a_name_is_found_without_waiting_and_asked_for_once() -> None:
    resolver = Resolver({HERE: "host-1.example"})
    reverse = Reverse(resolver, Clock())
    assert reverse.ask([HERE, THERE]) == [HERE, THERE]
    assert reverse.drain() == []
    assert reverse.ask([HERE, THERE]) == []
    resolver.may.set()
    found = drained(reverse, 2)
    assert sorted(found) == [Found(HERE, "host-1.example"), Found(THERE, None)]
    assert reverse.ask([HERE, THERE]) == []
    assert sorted(resolver.asked) == [HERE, THERE]
    reverse.close()


def test_who_has_no_name_is_asked_about_again_sooner() -> None:
    resolver, clock = Resolver({HERE: "host-1.example"}), Clock()
    resolver.may.set()
    reverse = Reverse(resolver, clock)
    reverse.ask([HERE, THERE])
    drained(reverse, 2)
    clock.now += 700
    assert reverse.ask([HERE, THERE]) == [THERE]
    clock.now += 3000
    assert reverse.ask([HERE]) == [HERE]
    reverse.close()


def test_a_resolver_that_does_not_answer_fills_no_memory_and_keeps_nobody() -> None:
    resolver = Resolver({})
    reverse = Reverse(resolver, Clock())
    addresses = [f"10.0.{number >> 8}.{number & 255}" for number in range(5000)]
    asked = reverse.ask(addresses)
    assert QUEUE_MAX <= len(asked) <= QUEUE_MAX + 4
    resolver.may.set()
    assert len(drained(reverse, len(asked))) == len(asked)
    # Those that found no room are asked about when they are seen again.
    assert reverse.ask(addresses)[:3] == addresses[len(asked) :][:3]
    reverse.close()


def test_the_systems_resolver_is_asked() -> None:
    assert name_of("127.0.0.1")
    assert name_of("not an address") is None


@pytest.mark.parametrize(
    ("address", "name"),
    [(HERE, "1.2.0.192.in-addr.arpa"), ("::1", "1." + "0." * 31 + "ip6.arpa")],
)
def test_dns_keeps_it_under_a_name_of_its_own(address: str, name: str) -> None:
    assert pointer(address) == name
