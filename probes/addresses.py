"""IP addresses: as bytes, as text, and what can be said of them by themselves."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from typing import Final

_V4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2


def unmapped(address: bytes) -> bytes:
    """An IPv4-mapped IPv6 address as the IPv4 address that it stands for; others as they are."""
    return address[12:] if address.startswith(_V4_MAPPED) and len(address) == 16 else address


@lru_cache(maxsize=65_536)
def address_text(address: bytes) -> str:
    """4 or 16 bytes as text; an IPv4-mapped IPv6 address as the IPv4 address it stands for."""
    address = unmapped(address)
    if len(address) == 4:
        return socket.inet_ntop(socket.AF_INET, address)
    return socket.inet_ntop(socket.AF_INET6, address)


@lru_cache(65_536)
def is_local(address: str) -> bool:
    """Whether it may be another machine in another network namespace: 127.0.0.1, 10.0.0.1."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not found.is_global and not found.is_multicast


def are_one_place(address: str, netns: int | None, other: int | None) -> bool:
    """Whether an address is one machine in both namespaces, as far as they are known."""
    return netns is None or other is None or netns == other or not is_local(address)


@lru_cache(4096)
def is_numeric(name: str) -> bool:
    """Whether `name` is an IP address written out, with or without a zone (`fe80::1%eth0`).

    So are the short and hexadecimal forms of inet_aton(3), which getaddrinfo() reads: `127.1`.
    """
    try:
        # inet_aton() stops at white space and takes what stands before it.
        if not any(map(str.isspace, name)):
            socket.inet_aton(name)
            return True
    except (OSError, ValueError):
        pass
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
