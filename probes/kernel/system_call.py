"""System calls that neither Python nor the C library has a function for."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)


def system_call(numbers: Mapping[str, int], *arguments: object) -> int:
    """Make a system call and return its result.

    `numbers`: its number by machine, as os.uname() calls that. `arguments`: ctypes values. Raises
    OSError: it failed, or there is no number for this machine.
    """
    machine = os.uname().machine
    if machine not in numbers:
        raise OSError(0, f"the probes do not know {machine} machines")
    result: int = _libc.syscall(ctypes.c_long(numbers[machine]), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
