"""What the machine must have, and what is said where it has not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from probes.errors import SourceError
from probes.kernel.requirements import (
    check_kernel,
    check_privilege,
    import_bcc,
    libc_path,
    return_probe_hazard,
)
from tests.command import NOBODY, PATIENCE_S, command, environment

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: needs root to become another")


class Release:
    def __init__(self, release: str) -> None:
        self.release = release


@pytest.mark.parametrize("release", ["5.8.0", "5.10.0-30-amd64", "6.1", "6.18.35-rc1+", "10.0"])
def test_a_kernel_with_ring_buffers_will_do(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: Release(release))
    check_kernel()


@pytest.mark.parametrize("release", ["5.7.19-amd64", "4.19.0", "3.10.0-1160.el7"])
def test_an_older_kernel_is_named(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: Release(release))
    with pytest.raises(SourceError, match=rf"Kernel {release} is too old.*5\.8.*newer"):
        check_kernel()


def without(capabilities: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as root that has lost `capabilities`."""
    return subprocess.run(
        ["setpriv", f"--bounding-set={capabilities}", "--inh-caps=-all", *command(*arguments)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )


@needs_root
def test_root_in_a_container_is_told_what_it_lacks() -> None:
    done = without("-sys_admin,-bpf", "--plain", "--duration", "0.1")
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert "CAP_SYS_ADMIN" in line
    assert "--privileged" in line


EXPORT = Path(f"/tmp/sock-tui-test-{os.getpid()}.csv")  # where anyone may write


@pytest.mark.parametrize("arguments", [["--plain"], ["--json", "-a"], ["--export", str(EXPORT)]])
def test_whoever_is_not_root_is_told_so(arguments: list[str]) -> None:
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        user=NOBODY if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        cwd="/",
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sock-tui: Loading the probes into the kernel takes root. Run: sudo sock-tui\n"
    )
    assert not EXPORT.exists()


def test_root_may() -> None:
    if os.geteuid() == 0:
        check_privilege()
    else:
        with pytest.raises(SourceError):
            check_privilege()


def test_the_libc_of_this_process_is_found() -> None:
    path = Path(libc_path())
    assert path.is_absolute()
    assert b"getaddrinfo\0" in path.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("raise ImportError('no module named bcc.x\\x1b')", "BCC cannot be loaded"),
        ("raise OSError('libbcc.so.0: cannot open shared object file')", "libbcc.so.0"),
        ("", "another project of the same name"),
    ],
)
def test_a_bcc_that_is_none_is_told_with_what_to_install(
    content: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bcc.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bcc", raising=False)
    with pytest.raises(SourceError, match="python3-bpfcc") as told:
        import_bcc()
    assert said in str(told.value)
    sys.modules.pop("bcc", None)


@pytest.mark.parametrize(
    ("release", "dangerous"),
    [
        ("6.10.14-generic", False),
        ("6.11.0", True),
        ("6.11.11-arch1", True),
        ("6.12", True),
        ("6.12.9-amd64", True),
        ("6.12.41+deb13-amd64", False),
        ("6.13.1", True),
        ("6.13.12", False),
        ("6.14.0", False),
        ("7.2.13+deb14-amd64", False),
        ("5.10.0-35-amd64", False),
    ],
)
def test_return_probes_are_not_used_where_they_could_kill(release: str, dangerous: bool) -> None:
    assert bool(return_probe_hazard(release, "x86_64")) == dangerous
    assert not return_probe_hazard(release, "aarch64")
