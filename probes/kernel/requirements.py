"""What the machine must have before the probes can be tried, and what to do where it has not."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Final

from probes.errors import SourceError
from probes.kernel import capabilities
from probes.kernel.capabilities import Capability

_OLDEST_KERNEL: Final = (5, 8)  # BPF_MAP_TYPE_RINGBUF came with it

# CAP_SYS_ADMIN stands for both on every kernel.
_LOADING: Final = {Capability.CAP_BPF, Capability.CAP_PERFMON}

# By minor release, the first patch level; 6.11 ended without the fix.
_RETURN_PROBES_SAFE: Final = {(6, 11): 1 << 16, (6, 12): 20, (6, 13): 8}

_LIBC: Final = re.compile(r"/(?:libc\.so\.6|libc-[\d.]+\.so|ld-musl-\w+\.so\.1)$")


def kernel_version() -> tuple[int, ...]:
    """The running kernel's, two numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def check_kernel() -> None:
    """Raises SourceError on a kernel that is too old."""
    release = os.uname().release
    if kernel_version() < _OLDEST_KERNEL:
        raise SourceError(
            f"Kernel {release} is too old: the probes write to a BPF ring buffer, which came with "
            f"Linux 5.8. Use a newer kernel."
        )


def return_probe_hazard(release: str | None = None, machine: str | None = None) -> str:
    """Why a return probe on libc could harm other processes here; empty where it could not.

    On x86-64 from Linux 6.11 on, a return probe makes the probed process call uretprobe(), and
    seccomp filters that do not know that call kill it (systemd issue 34615). Linux 6.14 lets it
    pass, and so do later releases of 6.12 and 6.13: the first numbers that are safe for certain
    stand below. `release`, `machine`: as os.uname() has them, None for this machine.
    """
    release = release or os.uname().release
    if (machine or os.uname().machine) != "x86_64":
        return ""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    if match is None:
        return ""
    major, minor, patch = (int(part or 0) for part in match.groups())
    safe_from = _RETURN_PROBES_SAFE.get((major, minor))
    if safe_from is None or patch >= safe_from:
        return ""
    return (
        f"on kernel {release} a probe on libc's returns could kill sandboxed programs, so names "
        "are read later, and some are missed"
    )


def check_privilege() -> None:
    """Raises SourceError where the calling thread may not load BPF programs."""
    held = capabilities.held()
    missing = _LOADING - held
    if Capability.CAP_SYS_ADMIN in held or not missing:
        return
    if os.geteuid() != 0:
        if held:
            raise SourceError(
                f"Loading the probes into the kernel takes {capabilities.listed(missing)} as well. "
                "Run: sudo sock-tui, or see: sock-tui doctor"
            )
        raise SourceError("Loading the probes into the kernel takes root. Run: sudo sock-tui")
    raise SourceError(
        "This root may not load BPF programs: it lacks CAP_SYS_ADMIN, as in a container. "
        "Run sock-tui on the host, or start the container with --privileged --pid=host."
    )


def import_bcc() -> ModuleType:
    """The distribution's BCC.

    Raises:
        SourceError: it is not installed, or another project of that name is in its place.
    """
    install = (
        "Install it from the distribution: python3-bpfcc (Debian, Ubuntu), python3-bcc (Fedora, "
        "openSUSE), python-bcc (Arch)."
    )
    try:
        module = importlib.import_module("bcc")
    except (ImportError, OSError) as error:  # OSError: libbcc.so.0 is missing
        raise SourceError(f"BCC cannot be loaded: {error}. {install}") from error
    if not hasattr(module, "BPF"):
        raise SourceError(
            f"The module bcc in {module.__file__} is another project of the same name. "
            f"Uninstall it (pip uninstall bcc). {install}"
        )
    return module


def libc_path() -> str:
    """The path of the libc that this process runs on, which is the system's.

    Raises:
        SourceError: this Python is linked in some way that shows none.
    """
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        path = line.partition("/")[2]
        if path and _LIBC.search(f"/{path}"):
            return f"/{path}"
    raise SourceError(
        "No libc was found among this Python's libraries, so its getaddrinfo() cannot be "
        "watched. Start with --no-names to go without hostnames."
    )
