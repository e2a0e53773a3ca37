"""Files of whoever called sudo, touched with no more rights than they have."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

# setgroups(2) of this thread alone: libc's own changes all threads. No other call takes its place.
_SETGROUPS: Final = {"x86_64": 116, "aarch64": 159}

_libc: Final = ctypes.CDLL(None, use_errno=True)


@contextmanager
def rights_of(owner: tuple[int, int] | None) -> Iterator[None]:
    """In this block the thread opens and makes files as that user and group; None as itself.

    So a symbolic link leads nowhere that the user could not go. setfsuid(2) also takes root's
    capabilities over files. Raises OSError where the kernel refuses, or for want of a system call's
    number on a machine that is not known.
    """
    if owner is None or owner[0] == os.geteuid():
        yield
        return
    number = _SETGROUPS.get(platform.machine())
    if number is None:
        raise OSError(f"files of another user are not touched on {platform.machine()}")
    uid, gid = owner
    groups, own_uid, own_gid = os.getgroups(), os.geteuid(), os.getegid()
    _set_groups(number, [gid])
    try:
        _set_owner(uid, gid)
        yield
    finally:
        # Back to root first, who alone may set the others.
        _set_owner(own_uid, own_gid)
        _set_groups(number, groups)


def _set_owner(uid: int, gid: int) -> None:
    """The thread's user and group for files; raises OSError where one was not taken."""
    for set_id, wanted in ((_libc.setfsgid, gid), (_libc.setfsuid, uid)):
        set_id(ctypes.c_uint(wanted))
        # It tells no failure but by what it finds the next time; -1 changes nothing.
        if set_id(ctypes.c_uint(0xFFFF_FFFF)) & 0xFFFF_FFFF != wanted:
            raise PermissionError(f"the rights of user {uid} could not be taken")


def _set_groups(number: int, groups: Sequence[int]) -> None:
    array = (ctypes.c_uint * len(groups))(*groups)
    if _libc.syscall(ctypes.c_long(number), ctypes.c_size_t(len(groups)), array) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
