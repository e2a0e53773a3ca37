"""Programs attached to what happens in the kernel, by perf_event_open(2).

Each attachment is a descriptor: closed, or its process ended in whatever way, it is gone. Nothing
is written to tracefs, so nothing can be left behind there.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from probes.kernel import tracefs
from probes.kernel.system_call import system_call

# arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
_NUMBERS: Final = {"x86_64": 298, "aarch64": 241}

# include/uapi/linux/perf_event.h. The structure ends with config2 here (PERF_ATTR_SIZE_VER1).
_ATTRIBUTES: Final = struct.Struct("=IIQQQQQIIQQ")
_TRACEPOINT: Final = 2  # PERF_TYPE_TRACEPOINT
_CLOSE_ON_EXEC: Final = 8  # PERF_FLAG_FD_CLOEXEC
_SET_BPF: Final = 0x40042408  # PERF_EVENT_IOC_SET_BPF
_ENABLE: Final = 0x2400  # PERF_EVENT_IOC_ENABLE
_ALL_PROCESSES: Final = -1
# Kernels take one processor's event for a program that then runs on all of them.
_PROCESSOR: Final = 0

_DEVICES: Final = Path("/sys/bus/event_source/devices")


def attach_tracepoint(program: int, tracepoint: str) -> int:
    """Run `program` at `tracepoint` (such as `syscalls:sys_enter_connect`); a descriptor.

    Tracefs must be there: see `probes.kernel.tracefs`. Raises OSError.
    """
    folder = tracefs.MOUNT_POINT / "events" / tracepoint.replace(":", "/")
    number = int((folder / "id").read_text())
    return attach(program, _opened(_TRACEPOINT, number))


def has_kprobes() -> bool:
    """Whether this kernel has them."""
    return (_DEVICES / "kprobe").is_dir()


def attach_kprobe(program: int, function: str) -> int:
    """Run `program` where the kernel's `function` begins; a descriptor. Raises OSError."""
    name = ctypes.create_string_buffer(function.encode())
    return attach(program, _opened(_device("kprobe"), 0, ctypes.addressof(name)))


def attach_uprobe(program: int, library: str, offset: int, *, on_return: bool = False) -> int:
    """Run `program` where the function at `offset` of the file `library` begins, or returns.

    See `probes.hooks.elf.function_offsets`. Returns a descriptor. Raises OSError.
    """
    return attach(program, open_uprobe(library, offset, on_return=on_return))


def open_uprobe(library: str, offset: int, *, on_return: bool) -> int:
    """The event that `attach_uprobe` runs a program at; a descriptor. Raises OSError.

    It takes CAP_SYS_ADMIN from Linux 6.16 on: where it stands is not known to be an instruction.
    """
    path = ctypes.create_string_buffer(os.fsencode(library))
    config = 1 << _return_bit("uprobe") if on_return else 0
    try:
        return _opened(_device("uprobe"), config, ctypes.addressof(path), offset)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # Kernels take probes on one instruction together only if all name the same reference
        # counter (kernel/events/uprobes.c, ref_ctr_mismatch_warn). BCC's Python leaves it out when
        # it calls bpf_attach_uprobe(): it is whatever lay on the stack (iovisor/bcc issue 5236).
        what = "a probe of another program, perhaps a BCC tool, stands in the way"
        raise OSError(error.errno, f"{error.strerror} ({what})") from error


def _device(name: str) -> int:
    """The number of a perf event source that the kernel may be built without."""
    try:
        return int((_DEVICES / name / "type").read_text())
    except FileNotFoundError as error:
        raise OSError(error.errno, f"this kernel has no {name}s") from error


def _return_bit(name: str) -> int:
    return int((_DEVICES / name / "format" / "retprobe").read_text().removeprefix("config:"))


def attach(program: int, event: int) -> int:
    """Run `program` at an event, and return that; it is closed where OSError is raised."""
    try:
        fcntl.ioctl(event, _SET_BPF, program)
        fcntl.ioctl(event, _ENABLE, 0)
    except OSError:
        os.close(event)
        raise
    return event


def _opened(kind: int, config: int, config1: int = 0, config2: int = 0) -> int:
    attributes = _ATTRIBUTES.pack(
        kind, _ATTRIBUTES.size, config, 1, 0, 0, 0, 1, 0, config1, config2
    )
    return system_call(
        _NUMBERS,
        ctypes.c_char_p(attributes),
        ctypes.c_int(_ALL_PROCESSES),
        ctypes.c_int(_PROCESSOR),
        ctypes.c_int(-1),
        ctypes.c_ulong(_CLOSE_ON_EXEC),
    )
