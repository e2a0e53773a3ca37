"""io_uring by its system calls, as far as a socket's calls need it: io_uring(7)."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
from types import TracebackType
from typing import Final, Self

from tests.calls import message

# include/uapi/asm-generic/unistd.h, the same on x86-64.
_SETUP, _ENTER = 425, 426
# include/uapi/linux/io_uring.h
_OP_SENDMSG, _OP_CONNECT = 9, 16
_ENTRIES: Final = 4
_GETEVENTS: Final = 1
_PARAMS: Final = struct.Struct("=7I12x10I10I")
_ENTRY: Final = struct.Struct("=BBHiQQII32x")  # struct io_uring_sqe
_RINGS_AT, _ENTRIES_AT = 0, 0x1000_0000  # IORING_OFF_*
_PAGES: Final = 4096
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Ring:
    """One ring; each call is made and waited for."""

    def __init__(self) -> None:
        """Raises OSError where the kernel has none."""
        params = ctypes.create_string_buffer(120)
        self._fd = _called(_SETUP, _ENTRIES, params)
        facts = struct.unpack_from("=30I", params.raw)
        # struct io_sqring_offsets and io_cqring_offsets behind ten words.
        self._tail, self._mask, self._array = facts[11], facts[12], facts[16]
        self._completed, self._completions = facts[20], facts[25]
        self._rings = mmap.mmap(self._fd, _PAGES, offset=_RINGS_AT)
        self._queue = mmap.mmap(self._fd, _PAGES, offset=_ENTRIES_AT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._rings.close()
        self._queue.close()
        os.close(self._fd)

    def connect(self, sock: socket.socket, name: bytes) -> int:
        """IORING_OP_CONNECT; what it returns, an error below 0."""
        room = ctypes.create_string_buffer(name, len(name))
        return self._done(_OP_CONNECT, sock.fileno(), len(name), ctypes.addressof(room), 0)

    def send(self, sock: socket.socket, name: bytes) -> int:
        """IORING_OP_SENDMSG of one byte; what it returns, an error below 0."""
        made = message(name)
        return self._done(_OP_SENDMSG, sock.fileno(), 0, ctypes.addressof(made), 1)

    def _done(self, code: int, fd: int, offset: int, address: int, length: int) -> int:
        tail = self._word(self._tail)
        index = tail & self._word(self._mask)
        entry = _ENTRY.pack(code, 0, 0, fd, offset, address, length, 0)
        self._queue[index * _ENTRY.size : (index + 1) * _ENTRY.size] = entry
        struct.pack_into("=I", self._rings, self._array + 4 * index, index)
        struct.pack_into("=I", self._rings, self._tail, tail + 1)
        seen = self._word(self._completed)
        _called(_ENTER, self._fd, 1, 1, _GETEVENTS, None, 0)
        mask = 2 * _ENTRIES - 1
        (result,) = struct.unpack_from(
            "=i", self._rings, self._completions + 16 * (seen & mask) + 8
        )
        struct.pack_into("=I", self._rings, self._completed, seen + 1)
        return int(result)

    def _word(self, at: int) -> int:
        (value,) = struct.unpack_from("=I", self._rings, at)
        return int(value)


def _called(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
