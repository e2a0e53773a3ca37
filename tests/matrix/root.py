"""A release in a folder, set up: what root.sh makes."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kernel.debian import Kernel, UnavailableError

CHECKOUT: Final = Path("opt/sock-tui")
"""Where the checkout lies in a root."""

_SCRIPT: Final = Path(__file__).with_suffix(".sh")
_PATIENCE_S: Final = 1800  # debootstrap and the set-up, over a slow line


@dataclass(frozen=True, slots=True)
class Root:
    """`folder`: on this machine. `clang`: its version, in BCC. `setup_s`: the set-up took."""

    folder: Path
    python: str
    bcc: str
    clang: str | None
    setup_s: int


def made(release: str, kernel: Kernel, *, again: bool) -> Root:
    """Make the root of `release` for `kernel`. `again`: in the one that an earlier run left.

    What the set-up says goes to standard error.

    Raises:
        UnavailableError: it cannot be made here.
        SetupError: the set-up failed in it.
    """
    if not shutil.which("debootstrap"):
        raise UnavailableError("debootstrap is not installed: apt-get install debootstrap")
    command = [str(_SCRIPT), release, str(kernel.modules), *(["again"] if again else [])]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(f"the set-up of {release} ended with status {done.returncode}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Root(**{**found, "folder": Path(found["folder"])})


class SetupError(Exception):
    """`make setup` failed in a bare root; it said why on standard error."""
