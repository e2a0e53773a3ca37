"""The scenarios of bench/attribution under one of Debian's kernels, in a virtual machine."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kit.command import give_up
from kit.machine import REPOSITORY
from kit.packages import PackageError, Packages

# What Debian calls the release with the kernel of that version, and the peer that works there.
GUESTS: Final = {"6.1": ("bookworm", "bcc"), "7.2": ("sid", "bpftrace")}

_WHOLE_S: Final = 3000.0
_FOLDERS: Final = ("include", "arch/x86/include")  # of the headers, those that BCC reads


def told_by_guest(version: str, packages: Packages, command: Sequence[str]) -> tuple[str, str]:
    """Boot and run `command` as root; the kernel's version, and what it wrote to standard output.

    The guest has no network: whatever is missing is fetched before. Ends the measurement where
    that fails.
    """
    sys.path.append(str(REPOSITORY))  # tests/ is no package that is installed
    from tests.kernel.debian import UnavailableError, newest_kernel
    from tests.kernel.guest import GuestTimeoutError, run_in_guest

    release, peer = GUESTS[version]
    try:
        kernel = newest_kernel(release)
        if peer == "bcc":
            headers = bcc_headers(kernel.version, packages)
            command = ["env", f"BCC_KERNEL_SOURCE={headers}", *command]
        finished = run_in_guest(kernel, command, REPOSITORY, _WHOLE_S)
    except (UnavailableError, GuestTimeoutError, PackageError) as error:
        give_up(str(error))
    print(finished.stderr, file=sys.stderr)
    if finished.status != 0:
        give_up(f"on {kernel.version} it failed, as it said above")
    return kernel.version, finished.stdout


def bcc_headers(version: str, packages: Packages) -> Path:
    """The kernel's headers in one folder, as BCC wants them. Raises PackageError.

    Debian has them in two packages whose files refer to each other by absolute paths.
    """
    whole = packages.cache / f"headers-{version}"
    if not whole.exists():
        common = version.rpartition("-")[0] + "-common"
        with tempfile.TemporaryDirectory(dir=packages.cache, prefix="new-") as work:
            for part in (common, version):
                name = f"linux-headers-{part}"
                headers = packages.unpacked(name) / "usr" / "src" / name
                for folder in _FOLDERS:
                    shutil.copytree(
                        headers / folder, Path(work, "whole", folder), dirs_exist_ok=True
                    )
            Path(work, "whole").rename(whole)
    return whole
