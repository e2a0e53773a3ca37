"""Who root becomes, what is kept, and which system calls are refused after that."""

from __future__ import annotations

import os
import pwd
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.output.rights import becoming, check_folder, name_of, needed_to_load
from app.output.target import ExportError
from probes.errors import SourceError
from probes.kernel import seccomp
from probes.kernel.capabilities import Capability, names
from probes.rights import privileges
from probes.rights.privileges import Identity, capture
from tests.command import NOBODY, PATIENCE_S, environment

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: takes root's rights to give up")
AS_NOBODY = Identity(NOBODY, NOBODY, (NOBODY,))
ALL = frozenset(range(41))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that anybody may look for something in."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_root_becomes_who_called_sudo_with_all_groups() -> None:
    entry = next(one for one in pwd.getpwall() if 0 < one.pw_uid < NOBODY)
    sudo = {"SUDO_UID": str(entry.pw_uid), "SUDO_GID": str(entry.pw_gid)}
    found = becoming(sudo, 0)
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    assert found == Identity(entry.pw_uid, entry.pw_gid, groups)
    assert becoming(sudo, entry.pw_uid) is None  # is not root, and stays who it is


@pytest.mark.parametrize("environ", [{}, {"SUDO_UID": "0", "SUDO_GID": "0"}])
def test_root_by_itself_becomes_nobody(environ: dict[str, str]) -> None:
    found = becoming(environ, 0)
    assert found is not None
    assert name_of(found.uid) == "nobody"
    assert found.groups == ()


def test_a_caller_who_is_none_is_told() -> None:
    with pytest.raises(SourceError, match=r"SUDO_UID.*--keep-root"):
        becoming({"SUDO_UID": "me", "SUDO_GID": "1"}, 0)


def test_what_is_kept_is_what_this_kernel_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    least = ["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE", "CAP_CHECKPOINT_RESTORE"]
    monkeypatch.setattr(privileges, "kernel_version", lambda: (5, 19))
    assert names(capture(ALL)) == least
    monkeypatch.setattr(privileges, "kernel_version", lambda: (5, 18))
    assert names(capture(ALL)) == [*least[:2], "CAP_BPF", least[2]]
    # Linux 5.8, and whoever was given CAP_SYS_ADMIN for all that it once stood for.
    old = ALL - {Capability.CAP_CHECKPOINT_RESTORE}
    assert Capability.CAP_SYS_ADMIN in capture(old)
    assert capture(()) == frozenset()


@is_root
def test_a_folder_that_the_user_may_not_write_in_is_told_ahead(shared: Path) -> None:
    check_folder(shared / "x.csv", None)
    with pytest.raises(ExportError, match=r"nobody, who .*--keep-root"):
        check_folder(shared / "x.csv", AS_NOBODY)
    os.chown(shared, NOBODY, NOBODY)
    check_folder(shared / "x.csv", AS_NOBODY)
    assert os.geteuid() == 0


@is_root
def test_modules_that_only_root_may_read_can_still_be_loaded(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(shared))
    assert Capability.CAP_DAC_READ_SEARCH not in needed_to_load(AS_NOBODY) or not readable()
    shared.chmod(0o700)
    assert needed_to_load(AS_NOBODY) == {Capability.CAP_DAC_READ_SEARCH}
    assert needed_to_load(None) == frozenset()


def readable() -> bool:
    """Whether everybody may read this tree."""
    return all(folder.stat().st_mode & 0o5 == 0o5 for folder in Path(__file__).parents)


def run(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter returns: a machine for the part of classic BPF that it is written in."""
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    audit = seccomp._MACHINES[machine] if arch is None else arch
    data = struct.pack("=IIQ6Q", number, audit, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    at, word = 0, 0
    while True:
        operation, yes, no, operand = code[at]
        at += 1
        if operation == 0x20:
            [word] = struct.unpack_from("=I", data, operand)
        elif operation == 0x15:
            at += yes if word == operand else no
        elif operation == 0x35:
            at += yes if word >= operand else no
        else:
            assert operation == 0x06
            return operand


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_leads_back_to_root_is_refused(machine: str) -> None:
    which = tuple(seccomp._MACHINES).index(machine)
    for numbers in seccomp._REFUSED.values():
        assert run(machine, numbers[which]) == seccomp._REFUSE
    allowed = {"x86_64": (0, 1, 2, 59, 298), "aarch64": (63, 64, 56, 221, 241)}
    for number in allowed[machine]:  # read, write, open(at), execve, perf_event_open
        assert run(machine, number) == seccomp._ALLOW
    bpf = seccomp._BPF[machine]
    verdicts = [run(machine, bpf, command) == seccomp._ALLOW for command in range(40)]
    assert [command for command, good in enumerate(verdicts) if good] == [4, 15]
    # Calls by another set of numbers, such as those of 32-bit programs.
    assert run(machine, 0, arch=0x4000_0003) == seccomp._REFUSE
    if machine == "x86_64":
        assert run(machine, 0x4000_0000) == seccomp._REFUSE


GIVEN_UP = """
import os, sys, threading
from probes.rights.privileges import Identity, Privileges
held = Privileges(Identity(65534, 65534, ()))
begun, ended = threading.Event(), threading.Event()
def other():
    begun.set(); ended.wait(); held.attached()
    try:
        os.chroot("/")
    except PermissionError:
        print("refused", os.getuid())
thread = threading.Thread(target=other); thread.start(); begun.wait()
held.give_up()
print(os.getuid(), os.getgroups(), os.access("/root", os.R_OK))
ended.set(); thread.join()
for name in ("setuid", "setgid"):
    try:
        getattr(os, name)(0)
    except PermissionError:
        print("never again")
"""


@is_root
def test_each_thread_gives_up_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GIVEN_UP],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{NOBODY} [] False",
        f"refused {NOBODY}",
        *["never again"] * 2,
    ]
