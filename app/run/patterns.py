"""What may stand in a rule for a text or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

Network = IPv4Network | IPv6Network

RESOLVERS: Final = "resolvers"
"""Stands for the machine's own name servers, which are others on the next machine."""

_RESOLV_CONF: Final = (
    Path("/etc/resolv.conf"),
    Path("/run/systemd/resolve/resolv.conf"),  # behind systemd-resolved's own address
)


@dataclass(frozen=True, slots=True)
class Pattern:
    r"""A text in which `*` stands for any run of characters, and `\*` for a star."""

    text: str

    def matches(self, text: str) -> bool:
        """Whether all of `text` is as this says."""
        return _compiled(self.text).fullmatch(text) is not None

    @classmethod
    def exactly(cls, text: str) -> Pattern:
        """What matches `text` alone."""
        return cls(text.replace("*", r"\*"))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\\\*|\*)", pattern)
    return re.compile("".join(map(_part, parts)), re.DOTALL)


def _part(part: str) -> str:
    if part == "*":
        return ".*"
    return r"\*" if part == r"\*" else re.escape(part)


@lru_cache(maxsize=4096)
def network(text: str) -> Network:
    """`192.0.2.0/24`, or one address. Raises ValueError."""
    return ip_network(text)


def is_in(address: str, net: Network) -> bool:
    """Whether an address lies in a network, which may be of the other family."""
    return ip_address(address) in net


def resolvers(files: tuple[Path, ...] = _RESOLV_CONF) -> frozenset[str]:
    """The addresses of the machine's name servers: resolv.conf(5)."""
    found = set()
    for file in files:
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        words = [line.split() for line in lines]
        found |= {entry[1].lower() for entry in words if entry[:1] == ["nameserver"] and entry[1:]}
    return frozenset(found)
