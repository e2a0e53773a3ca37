"""The bpf(2) system call, as far as it is needed to run the programs: include/uapi/linux/bpf.h.

Made here, and not by libbcc, since that brings a compiler of 65 MB along.
"""

from __future__ import annotations

import ctypes
import resource
import struct
from functools import lru_cache
from typing import Final

from probes.bytecode import MapShape
from probes.system_call import system_call

KPROBE_PROGRAM: Final = 2  # BPF_PROG_TYPE_KPROBE, uprobes too
TRACEPOINT_PROGRAM: Final = 5  # BPF_PROG_TYPE_TRACEPOINT

_MAP_CREATE: Final = 0
_MAP_LOOKUP_ELEM: Final = 1
_MAP_UPDATE_ELEM: Final = 2
_PROG_LOAD: Final = 5

# arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
_NUMBERS: Final = {"x86_64": 321, "aarch64": 280}
_LICENSE: Final = b"GPL"
_LOG_SIZE: Final = 1 << 16
_NAME_MAX: Final = 15

_MAP: Final = struct.Struct("=5I8x16s")
_ELEMENT: Final = struct.Struct("=I4xQQQ")
_PROGRAM: Final = struct.Struct("=IIQQIIQII16s")


def create_map(shape: MapShape) -> int:
    """A new map's descriptor. Raises OSError."""
    attributes = _MAP.pack(
        shape.type,
        shape.key_size,
        shape.value_size,
        shape.max_entries,
        shape.flags,
        shape.name.encode()[:_NAME_MAX],
    )
    try:
        return _bpf(_MAP_CREATE, attributes)
    except PermissionError:
        # Before Linux 5.11 maps count as locked memory, of which a process may have little.
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
        return _bpf(_MAP_CREATE, attributes)


def update(map_descriptor: int, key: bytes, value: bytes) -> None:
    """Set what a map holds under `key`. Raises OSError."""
    _bpf(_MAP_UPDATE_ELEM, _ELEMENT.pack(map_descriptor, _address(key), _address(value), 0))


def lookup_per_cpu(map_descriptor: int, key: bytes) -> list[int]:
    """What a per-CPU map of 64-bit numbers holds under `key`, for each processor. Raises OSError.

    The kernel writes one number for each processor that could ever be there.
    """
    room = ctypes.create_string_buffer(8 * _possible_processors())
    _bpf(
        _MAP_LOOKUP_ELEM,
        _ELEMENT.pack(map_descriptor, _address(key), ctypes.addressof(room), 0),
    )
    return [value for (value,) in struct.iter_unpack("=Q", room.raw)]


def load_program(kind: int, name: str, code: bytes) -> int:
    """A loaded program's descriptor. `kind`: *_PROGRAM.

    Raises:
        OSError: the kernel refused it; the text ends in what its verifier said last.
    """
    license_text = ctypes.create_string_buffer(_LICENSE)

    def load(log: ctypes.Array[ctypes.c_char] | None) -> int:
        where = (1, len(log), ctypes.addressof(log)) if log is not None else (0, 0, 0)
        return _bpf(
            _PROG_LOAD,
            _PROGRAM.pack(
                kind,
                len(code) // 8,
                _address(code),
                ctypes.addressof(license_text),
                *where,
                0,
                0,
                name.encode()[:_NAME_MAX],
            ),
        )

    try:
        return load(None)
    except OSError as error:
        # The log is asked for afterwards only: writing it takes longer than the check itself.
        log = ctypes.create_string_buffer(_LOG_SIZE)
        try:
            return load(log)
        except OSError:
            told = log.value.decode("utf-8", "replace").strip().splitlines()
            lines = [line for line in told if not line.startswith("processed ")]
            said = f" ({lines[-1]})" if lines else ""
            raise OSError(error.errno, f"{error.strerror}{said}") from error


def _bpf(command: int, attributes: bytes) -> int:
    return system_call(
        _NUMBERS,
        ctypes.c_int(command),
        ctypes.c_char_p(attributes),
        ctypes.c_uint(len(attributes)),
    )


def _address(data: bytes) -> int:
    """Where `data` lies, which must outlive the call."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


@lru_cache(maxsize=1)
def _possible_processors() -> int:
    with open("/sys/devices/system/cpu/possible") as file:
        return int(file.read().strip().rpartition(",")[2].rpartition("-")[2]) + 1
