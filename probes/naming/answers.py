"""DNS answers as they come in: UDP from port 53, seen by packet sockets (packet(7)).

In the network namespace that this thread is in, its loopback included, and whatever passes through
it to others. A packet comes here before it comes to the program that waits for it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from probes.clocks import epoch_offset
from probes.naming.dns import PORT, Response, response

_ETH_P_IP: Final = 0x0800
_ETH_P_IPV6: Final = 0x86DD
_SO_ATTACH_FILTER: Final = 26
_SO_RCVBUFFORCE: Final = 33
_SO_LOCK_FILTER: Final = 44
_SO_TIMESTAMPNS: Final = 35  # and what it brings with each packet: socket(7)
_TIMESPEC: Final = struct.Struct("@ll")
_ANCILLARY: Final = socket.CMSG_SPACE(_TIMESPEC.size)
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_STATISTICS: Final = struct.Struct("=II")  # packets, and how many of them were dropped
_BUFFER: Final = 1 << 20  # bytes, for what comes while the reader rests
_AT_ONCE: Final = 4096  # packets of a turn and socket: more than the buffer holds
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


class Heard(NamedTuple):
    """An answer. `ts_ns`: when it came, in nanoseconds since boot (CLOCK_MONOTONIC).

    `server`: where it came from, 4 or 16 bytes in network order. `netns`: the inode of the network
    namespace that it was heard in.
    """

    ts_ns: int
    server: bytes
    netns: int
    response: Response


class Answers:
    """The sockets, one for each version of IP."""

    def __init__(self, netns: int = 0, sockets: Sequence[socket.socket] | None = None) -> None:
        """`netns`: the inode of the namespace that this thread is in.

        `sockets`: such ones that were opened already, in any namespace.

        Raises OSError: such sockets are not to be had here.
        """
        self._netns = netns
        self._room = bytearray(_LARGEST)
        self._dropped = 0
        self._sockets: list[socket.socket] = list(sockets or ())
        if sockets is not None:
            return
        try:
            for protocol, instructions in _FILTERS.items():
                self._sockets.append(_opened(protocol, instructions))
        except OSError:
            self.close()
            raise

    @property
    def sockets(self) -> Sequence[socket.socket]:
        """Those that are open."""
        return self._sockets

    @property
    def descriptors(self) -> list[int]:
        """The sockets' descriptors, readable when there is something to drain."""
        return [one.fileno() for one in self._sockets]

    def drain(self) -> list[Heard]:
        """The answers that have come since; does not wait.

        All that came before this call, since whoever was told connects at once: a connection that
        was read is not to miss its answer.
        """
        found: list[Heard] = []
        offset = epoch_offset()
        for one in self._sockets:
            for _ in range(_AT_ONCE):
                try:
                    size, ancillary, _, _ = one.recvmsg_into([self._room], _ANCILLARY)
                except OSError:  # nothing there; or an interface went down, which ends nothing
                    break
                packet = bytes(self._room[:size])
                if told := response(payload(packet)):
                    came_ns = _came(ancillary) - offset
                    found.append(Heard(came_ns, source(packet), self._netns, told))
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


def source(packet: bytes) -> bytes:
    """The address that an IP packet, of 20 bytes at least, comes from."""
    return packet[8:24] if packet[0] >> 4 == 6 else packet[12:16]


def _came(ancillary: list[tuple[int, int, bytes]]) -> int:
    """When a packet came, in nanoseconds since the epoch: the kernel says it with each.

    Where nobody on the machine wanted such times before, it begins a little later than asked to,
    and what came until then has the time that it is read.
    """
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return time.time_ns()


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
        try:
            one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:  # without CAP_NET_ADMIN: as much as anybody may have
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        # Whoever is handed the socket hears nothing else either.
        one.setsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER, 1)
        # Bound only now: nothing comes that was not filtered.
        _bind(one, protocol)
    except OSError:
        one.close()
        raise
    return one
