"""DNS answers as they come in: UDP from port 53, seen by packet sockets (packet(7)).

In the network namespace that this process is in, its loopback included, and whatever passes through
it to others. A packet comes here before it comes to the program that waits for it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import Final

from probes.dns import PORT, Answer, answers

_ETH_P_IP: Final = 0x0800
_ETH_P_IPV6: Final = 0x86DD
_SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_STATISTICS: Final = struct.Struct("=II")  # packets, and how many of them were dropped
_BUFFER: Final = 1 << 20  # bytes, for what comes while the reader rests
_AT_ONCE: Final = 256  # packets of a turn, some 10 ms at most
_LARGEST: Final = 1 << 16

_ADDRESS: Final = struct.Struct("=HHi12x")  # struct sockaddr_ll
_INSTRUCTION: Final = struct.Struct("=HBBI")

_libc: Final = ctypes.CDLL(None, use_errno=True)


def _filter(*instructions: tuple[int, int, int, int]) -> bytes:
    """Documentation/networking/filter.rst: code, jumps where it is so and where not, operand."""
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in instructions)


_DROP, _TAKE = (0x06, 0, 0, 0), (0x06, 0, 0, _LARGEST)
_FILTERS: Final = {
    _ETH_P_IP: _filter(
        (0x30, 0, 0, 9),  # ldb [9]: the protocol
        (0x15, 0, 6, socket.IPPROTO_UDP),
        (0x28, 0, 0, 6),  # ldh [6]: the fragment's place
        (0x45, 4, 0, 0x1FFF),
        (0xB1, 0, 0, 0),  # ldxb 4 * ([0] & 15): where UDP begins
        (0x48, 0, 0, 0),  # ldh [x]: the port it is from
        (0x15, 0, 1, PORT),
        _TAKE,
        _DROP,
    ),
    # Without extension headers, which nobody's resolver sends.
    _ETH_P_IPV6: _filter(
        (0x30, 0, 0, 6),  # ldb [6]: the next header
        (0x15, 0, 3, socket.IPPROTO_UDP),
        (0x28, 0, 0, 40),  # ldh [40]: the port it is from
        (0x15, 0, 1, PORT),
        _TAKE,
        _DROP,
    ),
}


class Answers:
    """The sockets, one for each version of IP. For one thread."""

    def __init__(self) -> None:
        """Raises OSError: such sockets are not to be had here."""
        self._room = bytearray(_LARGEST)
        self._dropped = 0
        self._sockets: list[socket.socket] = []
        try:
            for protocol, instructions in _FILTERS.items():
                self._sockets.append(_opened(protocol, instructions))
        except OSError:
            self.close()
            raise

    def drain(self) -> list[Answer]:
        """The answers that have come since, or the first of them; does not wait."""
        found: list[Answer] = []
        for one in self._sockets:
            for _ in range(_AT_ONCE):
                try:
                    size = one.recv_into(self._room)
                except OSError:  # nothing there; or an interface went down, which ends nothing
                    break
                found += answers(payload(bytes(self._room[:size])))
        return found

    def dropped(self) -> int:
        """How many packets found no room since the start."""
        for one in self._sockets:
            # It starts again from 0 each time that it is asked for.
            told = one.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
            self._dropped += _STATISTICS.unpack(told)[1]
        return self._dropped

    def close(self) -> None:
        """Let go of the sockets. Safe to call twice."""
        while self._sockets:
            self._sockets.pop().close()


def payload(packet: bytes) -> bytes:
    """What a UDP datagram carries, from its IP header on; empty where it is none."""
    if not packet:
        return b""
    start = 40 if packet[0] >> 4 == 6 else 4 * (packet[0] & 15)
    length = int.from_bytes(packet[start + 4 : start + 6])  # its own header of 8 bytes included
    return packet[start + 8 : start + max(8, length)]


def _bind(one: socket.socket, protocol: int) -> None:
    """To every interface, which Python's own bind() cannot."""
    address = _ADDRESS.pack(socket.AF_PACKET, socket.htons(protocol), 0)
    if _libc.bind(one.fileno(), address, len(address)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _opened(protocol: int, instructions: bytes) -> socket.socket:
    one = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    try:
        program = ctypes.create_string_buffer(instructions, len(instructions))
        length = len(instructions) // _INSTRUCTION.size
        # struct sock_fprog
        attributes = struct.pack("@HP", length, ctypes.addressof(program))
        one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attributes)
        one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        # Bound only now: nothing comes that was not filtered.
        _bind(one, protocol)
    except OSError:
        one.close()
        raise
    return one
