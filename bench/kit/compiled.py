"""The C programs beside this folder, compiled when they are needed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kit.command import give_up
from kit.machine import REPOSITORY


def compiled(source: str, folder: Path, *more: str) -> Path:
    """The program made from `source` (a path below bench/), in `folder`; made once.

    `more`: flags of its own.

    It finds the headers of the probes' programs. Ends the measurement without a C compiler.
    """
    path = REPOSITORY / "bench" / source
    program = folder / path.stem
    if not program.exists():
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            give_up("there is no C compiler for what makes the load. Install gcc")
        flags = ["-O2", f"-I{REPOSITORY / 'probes' / 'bpf'}"]
        subprocess.run([compiler, *flags, "-o", str(program), str(path), *more], check=True)
    return program
