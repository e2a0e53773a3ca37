"""What the kernel's numbers of a socket say, and what they do not."""

from __future__ import annotations

import socket

import pytest

from probes.transport import Call, SocketType, Transport, transport_of

STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5


@pytest.mark.parametrize(
    ("kind", "protocol", "name"),
    [
        (STREAM, 6, "tcp"),
        (STREAM, 262, "mptcp"),
        (DGRAM, 17, "udp"),
        (DGRAM, 1, "icmp"),
        (DGRAM, 58, "icmp6"),
        (SEQPACKET, 132, "sctp"),
        (RAW, 1, "icmp"),
        (RAW, 89, "ip-89"),
        (RAW, 255, "raw"),
    ],
)
def test_a_protocol_has_a_name(kind: int, protocol: int, name: str) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        assert transport_of(family, protocol, 0, kind).protocol == name


@pytest.mark.parametrize(
    ("kind", "protocol"),
    # Not told; AF_SMC and AF_RDS, which take AF_INET's addresses; what TCP is not.
    [(0, 0), (STREAM, 0), (STREAM, 1), (SEQPACKET, 0), (DGRAM, 6), (99, 17)],
)
def test_what_no_socket_of_that_type_carries_is_not_guessed(kind: int, protocol: int) -> None:
    assert transport_of(socket.AF_INET, protocol, 0, kind).protocol is None


def test_other_families_number_protocols_in_their_own_ways() -> None:
    netlink = transport_of(socket.AF_NETLINK, 6, 0, RAW)
    assert netlink == Transport(Call.CONNECT, SocketType.RAW, "netlink")
    assert netlink.label == "netlink"
    assert transport_of(socket.AF_PACKET, 0x0806, 1, RAW).label == "packet"
    assert transport_of(99, 0, 0, 0).label == "99"


def test_calls_are_told_apart() -> None:
    calls = [transport_of(socket.AF_INET, 6, call, STREAM).call for call in range(3)]
    assert calls == [Call.CONNECT, Call.SEND, Call.FASTOPEN]
    assert transport_of(2, 6, 1, 1) is transport_of(2, 6, 1, 1)


@pytest.mark.parametrize(
    ("transport", "label", "has_ports"),
    [
        (Transport(), "", True),
        (Transport(Call.SEND, SocketType.DGRAM, "udp"), "udp", True),
        (Transport(Call.SEND, SocketType.DGRAM, "icmp"), "icmp", False),
        (Transport(Call.SEND, SocketType.RAW, "icmp6"), "icmp6", False),
        (Transport(Call.SEND, SocketType.RAW, "tcp"), "raw", False),
        (Transport(Call.SEND, SocketType.RAW, "ip-89"), "raw", False),
        (Transport(Call.CONNECT, SocketType.STREAM, None), "", True),
    ],
)
def test_what_a_person_is_shown(transport: Transport, label: str, has_ports: bool) -> None:
    assert (transport.label, transport.has_ports) == (label, has_ports)
