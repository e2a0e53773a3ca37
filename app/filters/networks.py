"""Addresses as a filter asks for them: `10.0.0.0/8`, `2001:db8::1`, `private`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from app.filters.errors import QueryError, shortened
from app.filters.words import Word

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# Imported late, since most filters need none of it and it takes longer than the rest.
_KINDS: Final[dict[str, str]] = {
    "private": "is_private",
    "public": "is_global",
    "loopback": "is_loopback",
    "multicast": "is_multicast",
}


@dataclass(frozen=True, slots=True)
class Networks:
    """Addresses in any of these, each `ADDRESS/BITS` or the name of a kind of addresses."""

    names: tuple[str, ...]

    def typed(self, *, bare: bool) -> str:  # noqa: ARG002 - everywhere the same
        """As it would be typed."""
        return ",".join(self.names)

    def test(self) -> Callable[[str], bool]:
        """The test that it stands for, of an address's text."""
        kinds = [_KINDS[name] for name in self.names if name in _KINDS]
        within = [_bounds(_network(name)) for name in self.names if name not in _KINDS]

        def holds(address: str) -> bool:
            number, version = _number(address)
            if any(version == of and low <= number <= high for of, low, high in within):
                return True
            return any(getattr(_address(address), kind) for kind in kinds)

        return holds


def _number(address: str) -> tuple[int, int]:
    """An address as a number, and its version."""
    if ":" in address:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, address)), 6
    return int.from_bytes(socket.inet_pton(socket.AF_INET, address)), 4


def _bounds(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), int(network.broadcast_address)


@lru_cache(maxsize=64)
def _network(text: str) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network

    return ip_network(text, strict=False)


def _address(text: str) -> IPv4Address | IPv6Address:
    from ipaddress import ip_address

    return ip_address(text)


def _shortest(network: IPv4Network | IPv6Network) -> str:
    alone = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if alone else str(network)


@dataclass(frozen=True, slots=True, eq=False)
class Addresses:
    """Fields that hold addresses. `get`: that of a part of a row; None where it has none."""

    get: Callable[[Any], str | None]

    def read(self, word: Word) -> Networks:
        """The value that was typed; raises QueryError."""
        if word.regex is None and len(word.pieces) == 1:
            return Networks(tuple(dict.fromkeys(self._name(w, word) for w in word.text.split(","))))
        raise self._refusal(word, word.text)

    def _name(self, text: str, word: Word) -> str:
        if (kind := text.lower()) in _KINDS:
            return kind
        try:
            # Brackets as around an address with a port.
            return _shortest(_network(text.removeprefix("[").removesuffix("]")))
        except ValueError:
            raise self._refusal(word, text) from None

    def _refusal(self, word: Word, text: str) -> QueryError:
        known = ", ".join(_KINDS)
        said = f"an address or network is such as 10.0.0.0/8, 2001:db8::1 or one of {known}"
        return QueryError(f"{said}, not '{shortened(text)}'", word.start, word.end)

    def test(self, value: Any) -> Callable[[Any], bool]:
        """Whether a part of a row is one that is asked for."""
        holds, get = value.test(), self.get
        return lambda part: (address := get(part)) is not None and holds(address)

    def offered(self, part: Any) -> Iterable[str]:
        """What may be asked for to find such a part."""
        address = self.get(part)
        return () if address is None else (address,)
