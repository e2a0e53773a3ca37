"""System calls on sockets in forms that Python's own module does not have."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Final

MSG_FASTOPEN: Final = 0x2000_0000  # include/linux/socket.h
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class Message(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Messages(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("message", Message), ("length", ctypes.c_uint))


def packed(address: str, port: int, family: int = socket.AF_INET) -> bytes:
    """A struct sockaddr_in that says it is of that family."""
    return struct.pack("=H", family) + struct.pack(">H4s8x", port, socket.inet_aton(address))


def message(name: bytes, data: bytes = b"x") -> Message:
    """A message for that address, which keeps what it leads to alive."""
    room = ctypes.create_string_buffer(name, len(name))
    made = Message(
        name=ctypes.addressof(room),
        name_length=len(name),
        vectors=ctypes.pointer(Vector(data, len(data))),
        vector_count=1,
    )
    made.alive = room
    return made


def send_to(
    sock: socket.socket, name: bytes, data: bytes = b"x", *, length: int | None = None
) -> int:
    """sendto() with that address, or with the first `length` bytes of it; what it returns."""
    size = len(name) if length is None else length
    return int(_libc.sendto(sock.fileno(), data, len(data), 0, name, size))


def send_many(sock: socket.socket, names: Sequence[bytes]) -> int:
    """One sendmmsg() with a message for each address; what it returns."""
    made = [message(name) for name in names]
    batch = (Messages * len(made))(*(Messages(message=each) for each in made))
    return int(_libc.sendmmsg(sock.fileno(), batch, len(made), 0))
