"""The compiled programs, kept: given back whole, or not at all."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from probes.kernel import compiler
from probes.kernel.bytecode import Bytecode, MapShape
from probes.kernel.program_cache import NAME, ProgramCache
from tests.command import NOBODY

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: needs root to become another")

INPUTS = {"kernel": "6.1 #1 x86_64", "bcc": "0.26", "sock_tui.c": "int main\n"}
BYTECODE = Bytecode((MapShape("lost", 6, 4, 8, 1, 0),), {"on_connect": bytes(range(16))})
OTHER = Bytecode((), {"on_connect": bytes(8)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sock-tui"


@pytest.fixture
def cache(folder: Path) -> ProgramCache:
    """A cache that holds `BYTECODE` for `INPUTS`."""
    made = ProgramCache(folder)
    made.write(INPUTS, BYTECODE)
    assert made.read(INPUTS) == BYTECODE
    return made


def test_an_empty_one_gives_nothing(folder: Path) -> None:
    assert ProgramCache(folder).read(INPUTS) is None
    assert not folder.exists()


def test_what_is_kept_is_for_its_owner_alone(cache: ProgramCache, folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert os.listdir(folder) == [NAME]


def test_a_new_one_takes_the_place_of_the_old(cache: ProgramCache, folder: Path) -> None:
    cache.write({**INPUTS, "bcc": "0.27"}, OTHER)
    assert cache.read({**INPUTS, "bcc": "0.27"}) == OTHER
    assert cache.read(INPUTS) is None
    assert os.listdir(folder) == [NAME]


@pytest.mark.parametrize(
    "inputs",
    [
        {**INPUTS, "kernel": "6.1 #2 x86_64"},
        {**INPUTS, "sock_tui.c": "int main \n"},
        {**INPUTS, "event.h": ""},
        {"kernel": INPUTS["kernel"]},
        {},
    ],
)
def test_other_inputs_find_nothing(cache: ProgramCache, inputs: dict[str, str]) -> None:
    assert cache.read(inputs) is None


def test_every_changed_byte_is_noticed_and_the_file_is_written_anew(
    cache: ProgramCache, folder: Path
) -> None:
    file = folder / NAME
    whole = file.read_bytes()
    for position in range(len(whole)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert cache.read(INPUTS) is None
    cache.write(INPUTS, BYTECODE)
    assert cache.read(INPUTS) == BYTECODE


def test_a_file_that_is_cut_off_is_noticed(cache: ProgramCache, folder: Path) -> None:
    file = folder / NAME
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert cache.read(INPUTS) is None


@pytest.mark.parametrize(
    "content", [[], {}, {"inputs": INPUTS}, {"inputs": INPUTS, "bytecode": {"maps": 3}}]
)
def test_a_file_of_another_form_is_noticed(folder: Path, content: object) -> None:
    class Another(Bytecode):
        def to_json(self) -> dict[str, object]:
            return {"maps": [[1, 2]], "programs": content}

    cache = ProgramCache(folder)
    cache.write(INPUTS, Another((), {}))
    assert json.loads((folder / NAME).read_bytes().partition(b"\n")[2])["inputs"] == INPUTS
    assert cache.read(INPUTS) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_touch_is_not_read(
    cache: ProgramCache, folder: Path, mode: int
) -> None:
    (folder / NAME).chmod(mode)
    assert cache.read(INPUTS) is None
    cache.write(INPUTS, BYTECODE)
    assert cache.read(INPUTS) == BYTECODE


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o1777])
def test_a_folder_that_others_may_write_to_is_left_alone(
    cache: ProgramCache, folder: Path, mode: int
) -> None:
    folder.chmod(mode)
    assert cache.read(INPUTS) is None
    cache.write(INPUTS, OTHER)
    folder.chmod(0o700)
    assert cache.read(INPUTS) == BYTECODE


@needs_root
def test_what_belongs_to_another_is_not_read(cache: ProgramCache, folder: Path) -> None:
    os.chown(folder / NAME, NOBODY, -1)
    assert cache.read(INPUTS) is None
    os.chown(folder / NAME, 0, -1)
    os.chown(folder, NOBODY, -1)
    assert cache.read(INPUTS) is None
    cache.write(INPUTS, OTHER)
    os.chown(folder, 0, -1)
    assert cache.read(INPUTS) == BYTECODE


def test_links_are_not_followed(cache: ProgramCache, folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert ProgramCache(link).read(INPUTS) is None

    elsewhere = tmp_path / "elsewhere"
    (folder / NAME).rename(elsewhere)
    (folder / NAME).symlink_to(elsewhere)
    assert cache.read(INPUTS) is None
    kept = elsewhere.read_bytes()
    cache.write(INPUTS, OTHER)
    assert elsewhere.read_bytes() == kept
    assert cache.read(INPUTS) == OTHER


def test_a_pipe_in_its_place_blocks_nobody(cache: ProgramCache, folder: Path) -> None:
    (folder / NAME).unlink()
    os.mkfifo(folder / NAME, 0o600)
    assert cache.read(INPUTS) is None
    cache.write(INPUTS, BYTECODE)
    assert cache.read(INPUTS) == BYTECODE


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "sock-tui", tmp_path / "missing" / "sock-tui", Path("/proc/none")):
        cache = ProgramCache(folder)
        cache.write(INPUTS, BYTECODE)
        assert cache.read(INPUTS) is None


@needs_root
def test_on_a_full_disk_the_old_one_stays(cache: ProgramCache, folder: Path) -> None:
    pid = os.fork()
    if pid == 0:
        # As a disk without room would have it, but for this child alone.
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
        cache.write(INPUTS, OTHER)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.listdir(folder) == [NAME]
    assert cache.read(INPUTS) == BYTECODE


def test_the_key_holds_all_that_decides_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiler.inputs()
    assert compiler.inputs() == before
    assert {"kernel", "flags", "bcc", "kernel/compiler.py", "bpf/base.c", "bpf/event.h"} <= set(
        before
    )
    assert "bpf/abi/include/linux/types.h" in before

    class Other:
        release, version, machine = "6.1", "#1", "x86_64"

    monkeypatch.setattr(os, "uname", lambda: Other)
    assert compiler.inputs() == {**before, "kernel": "6.1 #1 x86_64"}
