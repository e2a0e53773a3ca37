"""What the kernel tests stand on: a kernel fetched once, a guest that harms nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.kernel.conftest import REPOSITORY, missing
from tests.kernel.debian import MIRROR_VARIABLE, Kernel, UnavailableError, newest_kernel
from tests.kernel.guest import GuestTimeoutError, run_in_guest

NO_MIRROR = "http://127.0.0.1:9/debian"


def test_a_missing_kernel_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no mirror"):
        missing("no mirror")


def test_a_missing_kernel_is_said_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not run: no mirror"):
        missing("no mirror")


@pytest.mark.guest
@pytest.mark.timeout(1200)
def test_a_kernel_is_fetched_once(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, NO_MIRROR)
    assert newest_kernel(kernel.release) == kernel


@pytest.mark.guest
def test_a_mirror_out_of_reach_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, NO_MIRROR)
    with pytest.raises(UnavailableError, match="apt-get update"):
        newest_kernel("bookworm", tmp_path)
    assert not list(tmp_path.glob("bookworm/new-*"))


@pytest.mark.guest
@pytest.mark.timeout(1200)
def test_a_guest_changes_nothing_here(kernel: Kernel, tmp_path: Path) -> None:
    places = [REPOSITORY / "from-guest", tmp_path / "from-guest", Path("/etc/from-guest")]
    script = 'uname -r; for place; do touch "$place"; done; echo to-stderr >&2; exit 7'
    command = ["sh", "-c", script, "sh", *map(str, places)]
    finished = run_in_guest(kernel, command, REPOSITORY, timeout_s=600)
    assert finished.status == 7
    assert finished.stdout == f"{kernel.version}\n"
    assert finished.stderr.endswith("to-stderr\n")
    assert not [place for place in places if place.exists()]


@pytest.mark.guest
@pytest.mark.timeout(1200)
def test_a_guest_that_hangs_is_ended(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUEST_OF", str(tmp_path))  # inherited by QEMU and all between
    with pytest.raises(GuestTimeoutError, match="did not end within 5 s"):
        run_in_guest(kernel, ["sleep", "infinity"], REPOSITORY, timeout_s=5)
    assert not _processes_with(f"GUEST_OF={tmp_path}")


def _processes_with(setting: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if setting.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
        except OSError:  # it ended meanwhile, or is another user's and so not ours
            continue
    return found


@pytest.mark.guest
@pytest.mark.timeout(1200)
def test_a_guest_that_never_comes_up_is_tried_again_and_then_said(
    kernel: Kernel, tmp_path: Path
) -> None:
    broken = tmp_path / kernel.vmlinuz.name
    broken.write_bytes(b"no kernel")
    with (
        pytest.warns(UserWarning, match="boot 3 of 3 failed"),
        pytest.raises(UnavailableError, match="3 boots ended before the command was started"),
    ):
        run_in_guest(replace(kernel, vmlinuz=broken), ["true"], REPOSITORY, timeout_s=60)
