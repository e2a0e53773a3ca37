"""A command run under another kernel, on this machine's own files.

virtme-ng boots the kernel in QEMU with the machine's root file system, read-only, and layers of the
guest's own memory over it where something may want to write (/etc, /tmp, /usr, /var ...). Nothing
that a guest does reaches the disk; nothing is prepared or cleaned up on the machine, so several
guests can run at once. There is no network but the guest's own loopback.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kernel.debian import Kernel, UnavailableError

_TOOLS: Final = {
    "vng": "virtme-ng, from PyPI",
    "virtme-run": "virtme-ng, from PyPI",
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "modprobe": "kmod",
    "udevadm": "udev",
    "zstd": "zstd",
    "cpio": "cpio",
    "file": "file",
}
# Linux reads ahead nothing on 9p: a mapped library comes in page by page, each one a request to
# QEMU. BCC brings 150 MB of them, and its start takes a sixth of the time with this.
_READ_AHEAD: Final = "for kb in /sys/class/bdi/9p*/read_ahead_kb; do echo 512 >$kb; done"
# Written to standard error ahead of whatever the command writes.
_UP: Final = "sock-tui: the guest is up"
_PRELUDE: Final = f'{_READ_AHEAD}; echo "{_UP}" >&2; exec "$@"'
# Software emulation loses a guest now and then while it boots: it ends at once and says nothing.
# What is tested has not begun then. A command that was started is never started again.
_BOOTS: Final = 3
# virtme-ng's first process covers these with empty folders before the command starts.
_COVERED: Final = ("/dev", "/run", "/var/cache", "/var/log", "/var/tmp")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a guest's command left: its exit status, and all that it wrote."""

    status: int
    stdout: str
    stderr: str


class GuestTimeoutError(Exception):
    """The guest did not end in time; the message carries the last lines that it wrote."""


def run_in_guest(
    kernel: Kernel,
    command: Sequence[str],
    folder: Path,
    timeout_s: float,
    root: Path = Path("/"),
) -> Finished:
    """Boot `kernel`, run `command` in `folder` as root, and wait for it to end.

    `root`: the folder that the guest takes for its root file system, with `folder` in it. One that
    is not this machine's own must have the kernel's modules in its lib/modules, and kmod.

    The guest is emulated in software: allow 30 s for the boot alone, and ten to twenty times what
    the command takes on the machine itself. Raises `UnavailableError`, `GuestTimeoutError`.
    """
    path = _path_with_tools()
    is_own = root == Path("/")
    for needed in (folder, kernel.vmlinuz) if is_own else (folder,):
        inside = Path("/", needed.resolve().relative_to(root.resolve()))
        if any(inside.is_relative_to(covered) for covered in _COVERED):
            raise UnavailableError(f"{needed} cannot be seen by a guest; move it out of {_COVERED}")
    vng = [
        *("vng", "--run", str(kernel.vmlinuz)),
        *(() if is_own else ("--root", str(root), "--cwd", str(folder))),
        *("--disable-kvm", "--force-9p"),  # /dev/kvm may be there and hang; virtiofsd is not
        *("--memory", "2G", "--cpus", "2"),
        *("--user", "root"),  # in the guest, whoever starts it
        *("--", "sh", "-c", _PRELUDE, "sh", *command),
    ]
    for boot in range(1, _BOOTS + 1):
        finished = _booted(vng, {**os.environ, "PATH": path}, folder, timeout_s, kernel)
        before, up, after = finished.stderr.partition(f"{_UP}\n")
        if up:
            return Finished(finished.status, finished.stdout, before + after)
        last = "\n".join((finished.stdout + finished.stderr).splitlines()[-20:])
        warnings.warn(f"{kernel.version}: boot {boot} of {_BOOTS} failed: {last}", stacklevel=2)
    raise UnavailableError(f"{_BOOTS} boots ended before the command was started")


def _booted(
    vng: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    timeout_s: float,
    kernel: Kernel,
) -> Finished:
    # virtme-ng reads its user's settings and leaves files behind: it gets a home of its own.
    with tempfile.TemporaryDirectory(prefix="sock-tui-guest-") as home:
        # Pipes and not files: QEMU opens each stream anew, and would truncate and overwrite.
        process = subprocess.Popen(
            vng,
            cwd=folder,
            env={**environment, "HOME": home, "TMPDIR": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,  # so that QEMU and its helpers can be ended together
        )
        try:
            stdout, stderr = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            stdout, stderr = process.communicate()
            last = "\n".join((stdout + stderr).splitlines()[-20:])
            raise GuestTimeoutError(
                f"{kernel.version} did not end within {timeout_s:.0f} s; its last words:\n{last}"
            ) from None
        finally:
            _end(process)
    return Finished(process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[str]) -> None:
    """End whatever is left of the session; the group outlives its first process."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _path_with_tools() -> str:
    """PATH with the interpreter's own folder, where virtme-ng was installed beside it, and sbin."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    )
    missing = [package for tool, package in _TOOLS.items() if not shutil.which(tool, path=path)]
    if missing:
        raise UnavailableError(f"not installed: {', '.join(dict.fromkeys(missing))}")
    return path
