"""A root folder in which musl is the libc, as in Alpine's containers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from kit.machine import REPOSITORY
from kit.packages import Packages
from kit.stage import FOUND

_INTERPRETER: Final = "lib/ld-musl-x86_64.so.1"


def make_musl_root(root: Path, packages: Packages) -> None:
    """Musl, /etc/hosts, and the program `named` as /bin/named. Raises PackageError."""
    library, develop = packages.unpacked("musl"), packages.unpacked("musl-dev")
    lib = library / "lib" / "x86_64-linux-musl"
    parts = develop / "usr" / "lib" / "x86_64-linux-musl"
    for folder in ("bin", "lib", "etc"):
        (root / folder).mkdir(parents=True)
    shutil.copy(lib / "libc.so", root / _INTERPRETER)
    hosts = "".join(f"{address} {name}\n" for name, address in FOUND.items())
    (root / "etc" / "hosts").write_text(hosts)
    compiler = [
        *("gcc", "-O2", "-fno-stack-protector", "-no-pie", "-nostdinc", "-nostdlib"),
        *("-isystem", str(develop / "usr" / "include" / "x86_64-linux-musl")),
        *("-isystem", _own_headers(), "-o", str(root / "bin" / "named")),
        *map(str, (parts / "crt1.o", parts / "crti.o")),
        *(str(REPOSITORY / "bench" / "truth" / "named.c"), f"-L{lib}", "-lc"),
        *(f"-Wl,--dynamic-linker=/{_INTERPRETER}", str(parts / "crtn.o")),
    ]
    subprocess.run(compiler, check=True)


def _own_headers() -> str:
    """The folder of the compiler's own headers, such as stdint's."""
    found = subprocess.run(
        ["gcc", "-print-file-name=include"], stdout=subprocess.PIPE, text=True, check=True
    )
    return found.stdout.strip()
