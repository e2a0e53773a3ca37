"""System calls that a capture has no use for once it runs, refused for good: seccomp(2).

They are those by which CAP_SYS_PTRACE and CAP_BPF would reach furthest, and what is root's alone to
call. The kernel remembers which calls always pass, so that the others cost nothing more.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Collection
from typing import Final

from probes.kernel import bpf_calls
from probes.kernel.system_call import system_call

# arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
_NUMBERS: Final = {"x86_64": 317, "aarch64": 277}
_BPF: Final = {"x86_64": 321, "aarch64": 280}
# include/uapi/linux/audit.h: what a program's other calls (of 32 bits) are not.
_MACHINES: Final = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_X32: Final = 0x4000_0000  # arch/x86: a third set of calls, under the same machine

SETNS: Final = "setns"
_REFUSED: Final = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    SETNS: (308, 268),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "sethostname": (170, 161),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
}
"""By name: their numbers on x86-64 and on aarch64."""

# open_by_handle_at(2) is how a cgroup's name is found (`probes.processes.cgroup`): with these flags
# it gives a place in a file system, and nothing of what is in there.
_BY_HANDLE: Final = (304, 265)
_BY_HANDLE_FLAGS: Final = os.O_PATH | os.O_CLOEXEC

# include/uapi/linux/bpf_common.h, filter.h
_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20  # a word of struct seccomp_data, by its offset
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT, _THIRD_ARGUMENT_AT = 0, 4, 16, 32

# include/uapi/linux/seccomp.h
_SET_FILTER: Final = 1
_ALL_THREADS: Final = 1  # SECCOMP_FILTER_FLAG_TSYNC
_ALLOW: Final = 0x7FFF_0000
_REFUSE: Final = 0x0005_0000 | errno.EPERM


def refuse(*, besides: Collection[str] = ()) -> None:
    """Refuse the calls above to every thread of this process, and to what it executes.

    Of bpf(2), what asks for the keys of maps and about programs is left, and so is
    open_by_handle_at(2) where it opens nothing. `besides`: names of calls that are not refused.

    Raises OSError: the kernel has no such filters, or a thread has one of its own.
    """
    machine = os.uname().machine
    if machine not in _MACHINES:
        raise OSError(0, f"the calls of {machine} machines are not known")
    code = program(machine, besides)
    room = ctypes.create_string_buffer(code, len(code))
    length = len(code) // _INSTRUCTION.size
    attributes = struct.pack("@HP", length, ctypes.addressof(room))  # struct sock_fprog
    stuck = system_call(
        _NUMBERS, ctypes.c_uint(_SET_FILTER), ctypes.c_uint(_ALL_THREADS), attributes
    )
    if stuck:
        raise OSError(errno.EBUSY, f"thread {stuck} has a filter of its own")


def program(machine: str, besides: Collection[str] = ()) -> bytes:
    """The filter, in instructions of classic BPF, for a machine as os.uname() calls it."""
    which = tuple(_MACHINES).index(machine)
    numbers = [both[which] for name, both in _REFUSED.items() if name not in besides]
    allowed = bpf_calls.LASTING
    refusal = (_RETURN, 0, 0, _REFUSE)
    lines = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        refusal,
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), refusal]
    for number in numbers:
        lines += [(_EQUAL, 0, 1, number), refusal]
    lines += [
        (_EQUAL, 0, 4, _BY_HANDLE[which]),
        (_LOAD, 0, 0, _THIRD_ARGUMENT_AT),
        (_EQUAL, 0, 1, _BY_HANDLE_FLAGS),
        (_RETURN, 0, 0, _ALLOW),
        refusal,
    ]
    lines += [(_EQUAL, 1, 0, _BPF[machine]), (_RETURN, 0, 0, _ALLOW)]
    lines += [(_LOAD, 0, 0, _FIRST_ARGUMENT_AT)]
    for command in allowed:
        lines += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, _ALLOW)]
    lines += [refusal]
    return b"".join(_INSTRUCTION.pack(*line) for line in lines)
