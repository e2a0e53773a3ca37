"""The bpf(2) system call, as far as it is needed to run the programs: include/uapi/linux/bpf.h.

Made here, and not by libbcc, since that brings a compiler of 65 MB along.
"""

from __future__ import annotations

import ctypes
import resource
import struct
from typing import Final

from probes.kernel.bytecode import MapShape
from probes.kernel.system_call import system_call

KPROBE_PROGRAM: Final = 2  # BPF_PROG_TYPE_KPROBE, uprobes too
TRACEPOINT_PROGRAM: Final = 5  # BPF_PROG_TYPE_TRACEPOINT
RAW_TRACEPOINT_PROGRAM: Final = 17  # BPF_PROG_TYPE_RAW_TRACEPOINT
TRACING_PROGRAM: Final = 26  # BPF_PROG_TYPE_TRACING, here always for a function's return

_MAP_CREATE: Final = 0
_MAP_UPDATE_ELEM: Final = 2
_MAP_GET_NEXT_KEY: Final = 4
_PROG_LOAD: Final = 5
_OBJ_GET_INFO_BY_FD: Final = 15
_RAW_TRACEPOINT_OPEN: Final = 17
_ENABLE_STATS: Final = 32

LASTING: Final = (_MAP_GET_NEXT_KEY, _OBJ_GET_INFO_BY_FD)
"""The commands that a capture goes on to use once all is attached.

None that looks into a map or changes it: meanwhile the kernel leaves out all programs on that
processor, and from Linux 6.12 on it can be taken away in the midst of that.
"""

# arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
_NUMBERS: Final = {"x86_64": 321, "aarch64": 280}
_LICENSE: Final = b"GPL"
_LOG_SIZE: Final = 1 << 16
_NAME_MAX: Final = 15

_MAP: Final = struct.Struct("=5I8x16s")
_ELEMENT: Final = struct.Struct("=I4xQQQ")
_PROGRAM: Final = struct.Struct("=IIQQIIQII16s4xI36xI")
_AT_RETURN: Final = 25  # BPF_TRACE_FEXIT
_RAW_TRACEPOINT: Final = struct.Struct("=QI4x")
_INFO: Final = struct.Struct("=IIQ")
# Of struct bpf_prog_info, up to there.
_RUNS: Final = struct.Struct("=200xQ")
_RECURSION_MISSES: Final = struct.Struct("=208xQ")
_RUN_TIME: Final = struct.pack("=I", 0)  # BPF_STATS_RUN_TIME


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


def keys(map_descriptor: int, size: int) -> list[bytes]:
    """The keys of `size` bytes that a map holds, at about this moment. Raises OSError.

    Where a key is removed meanwhile the kernel begins anew, so one that comes again ends it.
    """
    found: dict[bytes, None] = {}
    last, room = b"", ctypes.create_string_buffer(size)
    while True:
        after = _address(last) if last else 0
        try:
            _bpf(
                _MAP_GET_NEXT_KEY,
                _ELEMENT.pack(map_descriptor, after, ctypes.addressof(room), 0),
            )
        except FileNotFoundError:
            return list(found)
        if (last := room.raw) in found:
            return list(found)
        found[last] = None


def load_program(kind: int, name: str, code: bytes, function: int = 0) -> int:
    """A loaded program's descriptor. `kind`: *_PROGRAM; `function`: see `probes.kernel.btf`.

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
                _AT_RETURN if kind == TRACING_PROGRAM else 0,
                function,
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


def attach_raw_tracepoint(program: int, name: str) -> int:
    """Run `program` at a tracepoint, with its arguments as they are; a descriptor.

    No record is made of them, which spares 150 ns each time, and no tracefs is needed. Raises
    OSError: there is none of that name (include/trace/events), or the kernel refused.
    """
    text = name.encode() + b"\0"
    return _bpf(_RAW_TRACEPOINT_OPEN, _RAW_TRACEPOINT.pack(_address(text), program))


def attach_traced(program: int) -> int:
    """Run a `TRACING_PROGRAM` at its function's return; a descriptor. Raises OSError."""
    return _bpf(_RAW_TRACEPOINT_OPEN, _RAW_TRACEPOINT.pack(0, program))


def times_skipped(program: int) -> int:
    """How often the kernel did not run a program, since another run of it was under way.

    0 before Linux 5.12, which does not count it. Raises OSError.
    """
    return _told_of(program, _RECURSION_MISSES)


def count_runs() -> int:
    """Have the kernel count how often programs run, until this descriptor is closed.

    Raises OSError: not before Linux 5.8.
    """
    return _bpf(_ENABLE_STATS, _RUN_TIME)


def times_run(program: int) -> int:
    """How often a program was run while that was counted. Raises OSError."""
    return _told_of(program, _RUNS)


def _told_of(program: int, field: struct.Struct) -> int:
    room = ctypes.create_string_buffer(field.size)
    _bpf(_OBJ_GET_INFO_BY_FD, _INFO.pack(program, len(room), ctypes.addressof(room)))
    return int(field.unpack(room.raw)[0])


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
