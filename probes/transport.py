"""How a call carries what it sends: which call it was, and on what kind of socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from probes.family import AF_INET, AF_INET6, family_name


class Call(StrEnum):
    """What a program called; in the order of CALL_* in bpf/event.h."""

    CONNECT = "connect"
    SEND = "send"  # sendto(), sendmsg(), sendmmsg() with an address
    FASTOPEN = "fastopen"  # the same with MSG_FASTOPEN, which connects


class SocketType(StrEnum):
    """The second argument of socket(2)."""

    STREAM = "stream"
    DGRAM = "dgram"
    RAW = "raw"
    RDM = "rdm"
    SEQPACKET = "seqpacket"
    DCCP = "dccp"
    PACKET = "packet"


@dataclass(frozen=True, slots=True)
class Transport:
    """A call, and its socket. `socket_type` and `protocol` are None where that is not known.

    `protocol`: `tcp`, `udp`, `icmp`, `icmp6`, `sctp` and so on; `ip-89` for one without a short
    name; for a family other than AF_INET and AF_INET6 the family's own name, such as `packet`.
    """

    call: Call = Call.CONNECT
    socket_type: SocketType | None = None
    protocol: str | None = None

    @property
    def label(self) -> str:
        """The protocol for a person; `raw` for what is written by hand, but for ICMP.

        Empty where it is not known.
        """
        protocol = self.protocol or ""
        is_raw = self.socket_type is SocketType.RAW
        return "raw" if is_raw and _MADE_BY_HAND.fullmatch(protocol) else protocol

    @property
    def text(self) -> str:
        """The same with the call, unless that is connect(): `udp send`, `tcp fast`."""
        return f"{self.label} {_WORDS[self.call]}".strip()

    @property
    def has_ports(self) -> bool:
        """False where a port would mean nothing: what stands in its place is 0 then."""
        return self.socket_type is not SocketType.RAW and self.protocol not in ("icmp", "icmp6")


_WORDS: Final = {Call.CONNECT: "", Call.SEND: "send", Call.FASTOPEN: "fast"}

UNTOLD: Final = Transport()
"""Where nothing is known but that it was a call."""

# By SOCK_* of include/linux/net.h; the same on every machine that is supported.
_TYPES: Final = {
    1: SocketType.STREAM,
    2: SocketType.DGRAM,
    3: SocketType.RAW,
    4: SocketType.RDM,
    5: SocketType.SEQPACKET,
    6: SocketType.DCCP,
    10: SocketType.PACKET,
}
# include/uapi/linux/in.h
_PROTOCOLS: Final = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmp6",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
    255: "raw",
    262: "mptcp",
}
# What each kind of socket can carry over AF_INET and AF_INET6; a raw one carries anything. Families
# that borrow their addresses (AF_SMC, AF_RDS) number their protocols in their own way.
_CARRIED: Final = {
    SocketType.STREAM: ("tcp", "mptcp", "sctp"),
    SocketType.DGRAM: ("udp", "udplite", "icmp", "icmp6", "l2tp"),
    SocketType.SEQPACKET: ("sctp",),
    SocketType.DCCP: ("dccp",),
}
_MADE_BY_HAND: Final = re.compile("|".join({*_PROTOCOLS.values(), r"ip-\d+"} - {"icmp", "icmp6"}))


@lru_cache(maxsize=4096)
def transport_of(family: int, protocol: int, call: int, socket_type: int) -> Transport:
    """What the kernel's numbers stand for, as an event has them; one object for equal ones."""
    calls = list(Call)
    called = calls[call] if call < len(calls) else Call.CONNECT
    kind = _TYPES.get(socket_type)
    return Transport(called, kind, _protocol(family, protocol, kind))


def _protocol(family: int, protocol: int, kind: SocketType | None) -> str | None:
    if family not in (AF_INET, AF_INET6):
        return family_name(family).removeprefix("AF_").lower()
    name = _PROTOCOLS.get(protocol, f"ip-{protocol}")
    if kind is SocketType.RAW or (kind and name in _CARRIED.get(kind, ())):
        return name
    return None
