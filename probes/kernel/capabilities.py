"""The parts that root's rights come in, as the calling thread holds them: capabilities(7).

The kernel keeps these, and user and group ids, for each thread by itself. The C library's own
functions change the ids of all threads together, which is not wanted here: one thread attaches
probes while another has given up root. So each thread makes the system calls as they are.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Final

from probes.kernel.system_call import system_call


class Capability(IntEnum):
    """Those that sock-tui has a use for: include/uapi/linux/capability.h."""

    CAP_DAC_READ_SEARCH = 2
    CAP_KILL = 5
    CAP_SETGID = 6
    CAP_SETUID = 7
    CAP_NET_ADMIN = 12
    CAP_NET_RAW = 13
    CAP_SYS_PTRACE = 19
    CAP_SYS_ADMIN = 21
    CAP_PERFMON = 38
    CAP_BPF = 39
    CAP_CHECKPOINT_RESTORE = 40


_LAST: Final = Path("/proc/sys/kernel/cap_last_cap")

# arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
_CAPGET: Final = {"x86_64": 125, "aarch64": 90}
_CAPSET: Final = {"x86_64": 126, "aarch64": 91}
_SETGROUPS: Final = {"x86_64": 116, "aarch64": 159}
_SETRESUID: Final = {"x86_64": 117, "aarch64": 147}
_SETRESGID: Final = {"x86_64": 119, "aarch64": 149}

_VERSION: Final = 0x2008_0522  # _LINUX_CAPABILITY_VERSION_3
_HEADER: Final = struct.Struct("=Ii")
_SETS: Final = struct.Struct("=6I")  # effective, permitted, inheritable; then their upper halves

# include/uapi/linux/prctl.h
_PR_SET_KEEPCAPS: Final = 8
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAP_SETPCAP: Final = 8

_libc: Final = ctypes.CDLL(None, use_errno=True)


def held() -> frozenset[int]:
    """The capabilities that the calling thread may use, by number. Raises OSError."""
    return _members(_sets()[0])


def permitted() -> frozenset[int]:
    """Those that it may come to use. Raises OSError."""
    return _members(_sets()[1])


def keep(wanted: Collection[int]) -> None:
    """Hold these of the permitted ones from now on and no other, none to be inherited.

    Raises OSError.
    """
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    remaining = _mask(permitted() & frozenset(wanted))
    _set(remaining, remaining, 0)


def become(uid: int, gid: int, groups: Sequence[int]) -> None:
    """Make the calling thread, and no other, that user's, for good. Raises OSError.

    What it holds stays permitted, and is not in force until `keep` was called.
    """
    _prctl(_PR_SET_KEEPCAPS, 1)
    array = (ctypes.c_uint32 * len(groups))(*groups)
    system_call(_SETGROUPS, ctypes.c_size_t(len(groups)), array)
    system_call(_SETRESGID, *[ctypes.c_uint32(gid)] * 3)
    system_call(_SETRESUID, *[ctypes.c_uint32(uid)] * 3)


def gain_nothing_more() -> None:
    """Have the calling thread, and all that it makes or executes, gain no right any more.

    Not by programs of mode set-user-ID either, such as sudo: prctl(2). Raises OSError.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def bound_nothing() -> None:
    """Have no capability that an executed program could gain from its file, or by being root's.

    Needs CAP_SETPCAP, without which nothing changes. Raises OSError.
    """
    if _CAP_SETPCAP not in held():
        return
    for number in range(_last() + 1):
        if _libc.prctl(_PR_CAPBSET_READ, *_numbers(number)) == 1:
            _prctl(_PR_CAPBSET_DROP, number)


@contextmanager
def passed_on(wanted: Collection[int]) -> Iterator[None]:
    """In this block, programs that the calling thread executes hold those of these that it has.

    Root's programs do anyway. Where the kernel does not allow it, they hold what they hold.
    """
    if os.geteuid() == 0:
        yield
        return
    effective, allowed, inheritable = _sets()
    more = permitted() & frozenset(wanted)
    with suppress(OSError):
        _set(effective, allowed, inheritable | _mask(more))
        for number in more:
            _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number)
    try:
        yield
    finally:
        _set(effective, allowed, 0)  # which takes them out of the ambient set as well


def names(numbers: Collection[int]) -> list[str]:
    """What the manual calls them, in the order of their numbers."""
    known = {one.value: one.name for one in Capability}
    return [known.get(number, str(number)) for number in sorted(numbers)]


def listed(numbers: Collection[int]) -> str:
    """Their names in a sentence."""
    return " and ".join(names(numbers))


def _last() -> int:
    return int(_LAST.read_text())


def _sets() -> tuple[int, int, int]:
    """The effective, the permitted and the inheritable set, a bit for each number."""
    room = ctypes.create_string_buffer(_SETS.size)
    system_call(_CAPGET, ctypes.create_string_buffer(_HEADER.pack(_VERSION, 0)), room)
    low = _SETS.unpack(room.raw)
    effective, allowed, inheritable = (low[at] | low[at + 3] << 32 for at in range(3))
    return effective, allowed, inheritable


def _set(*sets: int) -> None:
    words = [part & 0xFFFF_FFFF for part in sets] + [part >> 32 for part in sets]
    header = ctypes.create_string_buffer(_HEADER.pack(_VERSION, 0))
    system_call(_CAPSET, header, ctypes.create_string_buffer(_SETS.pack(*words), _SETS.size))


def _mask(numbers: Collection[int]) -> int:
    return sum(1 << number for number in numbers)


def _members(mask: int) -> frozenset[int]:
    return frozenset(number for number in range(mask.bit_length()) if mask >> number & 1)


def _prctl(*arguments: int) -> None:
    first, *rest = arguments
    if _libc.prctl(ctypes.c_int(first), *_numbers(*rest)) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _numbers(*given: int) -> list[ctypes.c_ulong]:
    """All four that prctl(2) looks at, or insists on being 0."""
    return [ctypes.c_ulong(number) for number in (*given, 0, 0, 0, 0)[:4]]
