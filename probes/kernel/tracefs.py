"""Tracefs, for this thread alone where the machine has not mounted it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

MOUNT_POINT: Final = Path("/sys/kernel/tracing")

_CLONE_NEWNS: Final = 0x00020000  # include/uapi/linux/sched.h
_MS_REC: Final = 0x4000  # include/uapi/linux/mount.h
_MS_PRIVATE: Final = 1 << 18


def provide() -> None:
    """Mount tracefs where it is missing, in a mount namespace of the calling thread's own.

    Nothing changes for the rest of the system, nor for this process's other threads, and the
    mount ends with the thread.

    Raises:
        OSError: the kernel refused (no privilege, or no tracefs in this kernel).
    """
    if (MOUNT_POINT / "events").is_dir():
        return
    libc = ctypes.CDLL(None, use_errno=True)

    def check(result: int, what: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{what}: {os.strerror(number)}")

    check(libc.unshare(_CLONE_NEWNS), "unshare(CLONE_NEWNS)")
    # Without this, a shared mount would carry ours out to everyone.
    check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount --make-rprivate /")
    target = os.fsencode(MOUNT_POINT)
    check(libc.mount(b"tracefs", target, b"tracefs", 0, None), f"mount tracefs on {MOUNT_POINT}")
