"""Names that programs ask other libcs for than the system's: copies, mount namespaces, musl."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from probes.kernel.requirements import libc_path
from probes.record import Host, HostSource
from tests.native.live_capture import Told

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

OWN = Host("localhost", HostSource.GETADDRINFO)
SCANNED_S = 4.0  # after which a new process's libc is watched, on a slow machine too

ASK = """
import socket, sys
sys.stdin.read(1)
[found, *_] = socket.getaddrinfo("localhost", int(sys.argv[1]), socket.AF_INET, socket.SOCK_DGRAM)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(found[4])
sys.stdin.read()
"""


def hosts_of(told: Told, command: Sequence[str | Path], port: int, **env: str) -> list[Host | None]:
    """The hosts of what `command` connects to, once it is given a byte."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **env}) as asker:
        assert asker.stdin is not None
        time.sleep(SCANNED_S)
        asker.stdin.write(b"1")
        asker.stdin.flush()
        hosts = [row.host for row in told.of(asker.pid, port)]
        asker.stdin.close()
        assert asker.wait() == 0
    return hosts


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A libc of the system's kind in a file of its own."""
    return Path(shutil.copy(libc_path(), tmp_path / "libc.so.6"))


def test_a_libc_from_elsewhere(told: Told, copy: Path) -> None:
    command = [sys.executable, "-c", ASK, "20011"]
    assert hosts_of(told, command, 20011, LD_LIBRARY_PATH=str(copy.parent)) == [OWN]


def test_a_libc_of_another_mount_namespace(told: Told, copy: Path) -> None:
    script = 'mount --bind "$1" "$2" && exec "$3" -c "$4" 20012'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
    assert hosts_of(told, [*command, copy, libc_path(), sys.executable, ASK], 20012) == [OWN]


def test_a_libc_whose_file_is_gone(told: Told, copy: Path) -> None:
    script = f'import os; os.unlink("{copy}")' + ASK
    command = [sys.executable, "-c", script, "20013"]
    assert hosts_of(told, command, 20013, LD_LIBRARY_PATH=str(copy.parent)) == [OWN]


def test_musl(told: Told, tmp_path: Path) -> None:
    musl = unpacked_musl(tmp_path)
    program = tmp_path / "lookup"
    source = Path(__file__).with_name("lookup.c")
    options = ["-nostdlib", "-fno-stack-protector", "-no-pie", f"-Wl,--dynamic-linker={musl}"]
    subprocess.run(["gcc", *options, "-o", program, source, musl], check=True)
    assert hosts_of(told, [program, "localhost", "20014"], 20014) == [OWN]


def unpacked_musl(folder: Path) -> Path:
    """The library of Debian's package, downloaded and not installed."""
    if platform.machine() != "x86_64" or shutil.which("gcc") is None:
        pytest.skip("not run: it takes x86-64 and gcc")
    for command in (["apt-get", "download", "musl"], ["sh", "-c", "dpkg -x musl_*.deb ."]):
        try:
            subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"not run: Debian's package musl cannot be had ({error})")
    return folder / "lib" / "x86_64-linux-musl" / "libc.so"
