"""Capabilities in place of root: given by setpriv or a file, or only some of root's own."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from probes.kernel.capabilities import Capability
from tests.command import NOBODY, REPOSITORY, command
from tests.native.started import connect, started, threads_of
from tests.native.test_native_privileges import CAPTURING, held

pytestmark = [pytest.mark.native, pytest.mark.timeout(180)]

PORT = 20_061
NEEDED = (
    *(Capability.CAP_BPF, Capability.CAP_PERFMON, Capability.CAP_NET_RAW),
    *(Capability.CAP_SYS_PTRACE, Capability.CAP_DAC_READ_SEARCH, Capability.CAP_SYS_ADMIN),
    Capability.CAP_CHECKPOINT_RESTORE,
)
CHANGING = (Capability.CAP_SETGID, Capability.CAP_SETUID)
AS_NOBODY = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
QUIET = {"PYTHONDONTWRITEBYTECODE": "1"}
# include/uapi/linux/capability.h, struct vfs_cap_data: revision 2, in force at once
_FILE_CAPABILITIES = struct.Struct("<5I")
_REVISION = 0x0200_0001


def listed(wanted: Collection[Capability]) -> str:
    return ",".join(f"+{one.name.removeprefix('CAP_').lower()}" for one in wanted)


def given(wanted: Collection[Capability]) -> list[str]:
    """Starts a command as nobody who holds these, as systemd does it."""
    names = listed(wanted)
    return ["setpriv", *AS_NOBODY, f"--inh-caps={names}", f"--ambient-caps={names}", "--"]


def bounded(wanted: Collection[Capability]) -> list[str]:
    """Starts a command as a root who has these alone, as a container's is."""
    return ["setpriv", f"--bounding-set=-all,{listed(wanted)}", "--"]


def captures(before: list[str], *flags: str, **changes: str) -> None:
    """Started so, it sees this process, and holds no more than it needs."""
    with started("--json", "--wait", "0", *flags, before=before, **QUIET, **changes) as it:
        connect(PORT)
        row = it.row(lambda row: row["pid"] == os.getpid() and row["port"] == PORT)
        assert row["process"] == os.path.realpath(sys.executable)
        assert sorted(filter(None, map(held, threads_of(it.pid)))) == [CAPTURING, CAPTURING]
        assert {one["Uid"] for one in threads_of(it.pid)} == {"\t".join([str(NOBODY)] * 4)}
        assert {one["CapAmb"] for one in threads_of(it.pid)} == {f"{0:016x}"}
        assert it.end() == 0
        assert len(it.said) == 2, it.said


def refused(before: list[str], *flags: str, **changes: str) -> str:
    """Started so, it ends at once with this line."""
    with started("--json", *flags, before=before, **QUIET, **changes) as it:
        assert it.wait() == 1
    [line] = it.said
    assert line.startswith("sock-tui: ")
    return line


def test_all_that_are_needed() -> None:
    captures(given(NEEDED))


def test_a_root_that_has_no_more_than_these() -> None:
    captures(bounded([*NEEDED, *CHANGING]))


def test_a_root_that_may_become_nobody_else() -> None:
    said = refused(bounded(NEEDED))
    assert "lacks CAP_SETGID and CAP_SETUID. Start with --keep-root" in said
    with started("--json", "--keep-root", before=bounded(NEEDED), **QUIET) as it:
        assert it.end() == 0


@pytest.mark.parametrize(
    ("wanted", "lacks"),
    [
        ((Capability.CAP_NET_RAW,), "takes CAP_PERFMON and CAP_BPF as well"),
        ((Capability.CAP_PERFMON,), "takes CAP_BPF as well"),
        ((Capability.CAP_BPF, Capability.CAP_NET_RAW), "takes CAP_PERFMON as well"),
    ],
)
def test_too_few_to_load_the_probes(wanted: tuple[Capability, ...], lacks: str) -> None:
    assert lacks in refused(given(wanted))


def test_one_too_few_to_attach_them() -> None:
    """What is missing is named, and the kernel is not blamed for it."""
    wanted = [one for one in NEEDED if one is not Capability.CAP_DAC_READ_SEARCH]
    said = refused(given(wanted), "--hook", "tracepoint", "--no-names")
    assert "That takes CAP_DAC_READ_SEARCH as well" in said
    assert "CONFIG_" not in said


def test_without_packet_sockets_it_says_what_is_missed() -> None:
    wanted = [one for one in NEEDED if one is not Capability.CAP_NET_RAW]
    with started("--json", before=given(wanted), **QUIET) as it:
        assert "fewer hostnames: DNS answers cannot be heard" in it.last
        assert it.end() == 0


def test_doctor_says_which_are_missing_and_what_for() -> None:
    wanted = [Capability.CAP_SYS_ADMIN, Capability.CAP_DAC_READ_SEARCH]
    with started("doctor", "--json", before=given(wanted), **QUIET) as it:
        it.wait()
    [finding] = [one for one in map(json.loads, it.lines) if one["what"] == "privileges"]
    assert finding["found"] == "CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH"
    assert (
        "CAP_NET_RAW (DNS answers), CAP_SYS_PTRACE (other users' processes)." in (finding["remedy"])
    )


@pytest.fixture
def interpreter() -> Iterator[Path]:
    """This Python in a file of its own, which may be given capabilities."""
    for folder in (tempfile.gettempdir(), "/var/tmp", REPOSITORY):
        if not os.statvfs(folder).f_flag & os.ST_NOSUID:
            break
    else:
        pytest.skip("not run: every file system here is mounted so that files give no rights")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        Path(name).chmod(0o755)
        yield Path(shutil.copy(os.path.realpath(sys.executable), Path(name) / "python3"))


@pytest.mark.parametrize("wanted", [NEEDED, (Capability.CAP_BPF,)])
def test_capabilities_of_a_file(wanted: tuple[Capability, ...], interpreter: Path) -> None:
    """As `setcap cap_bpf,...=ep` gives them to a copy of Python, which nobody then runs."""
    mask = sum(1 << one for one in wanted)
    value = _FILE_CAPABILITIES.pack(_REVISION, mask & 0xFFFF_FFFF, 0, mask >> 32, 0)
    os.setxattr(interpreter, "security.capability", value)
    paths = os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])
    # The copy stands in for the interpreter that follows.
    script = 'python=$1; shift 2; exec "$python" "$@"'
    before = ["setpriv", *AS_NOBODY, "--", "sh", "-c", script, "sh", str(interpreter)]
    assert command()[0] == sys.executable
    changes = {"PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}", "PYTHONPATH": paths}
    if wanted == NEEDED:
        captures(before, **changes)
    else:
        assert "takes CAP_PERFMON as well" in refused(before, **changes)
