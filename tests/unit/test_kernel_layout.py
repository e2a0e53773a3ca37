"""What the programs are told of this kernel's structures, and what where it says nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from probes.kernel import btf, layout

BPF = Path(layout.__file__).parents[1] / "bpf"


@pytest.mark.parametrize("content", [None, b"", b"no type information"])
def test_where_the_kernel_says_nothing_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "vmlinux").write_bytes(content)
    monkeypatch.setattr(btf, "KERNEL", tmp_path / "vmlinux")
    assert layout.of_kernel() == (layout.UNKNOWN, [])


@pytest.mark.skipif(not btf.KERNEL.exists(), reason="not run: this kernel carries no BTF")
def test_this_kernel_says_all_that_the_programs_ask_for() -> None:
    constants, flags = layout.of_kernel()
    assert len(constants) == len(layout.UNKNOWN)
    assert all(constants)
    text = "".join(path.read_text() for path in BPF.iterdir() if path.is_file())
    asked = re.findall(r"\bOFFSET\((\w+), (\w+)\)", text)
    given = [flag.partition("=")[0] for flag in flags if flag.startswith(("-DHAS", "-DOFFSET"))]
    wanted = {f"-DOFFSET_{structure}__{field}" for structure, field in asked}
    assert set(given) == {"-DHAS_OFFSETS", "-DHAS_SOCKETS", *wanted - {"-DOFFSET_structure__field"}}


def test_who_called_can_be_known_without_the_image() -> None:
    assert layout.without_images((1, 2, 3, 4, 5, 6, 7, 8)) == (1, 2, 3, 4, 5, 0, 0, 0)


@pytest.mark.skipif(not btf.KERNEL.exists(), reason="not run: this kernel carries no BTF")
def test_a_kernel_without_a_sockets_fields_tells_no_outcomes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "_SOCKET_OFFSETS", (("sock", ("no_such_field",)),))
    constants, flags = layout.of_kernel()
    assert all(constants)
    assert "-DHAS_OFFSETS" in flags
    assert "-DHAS_SOCKETS" not in flags


@pytest.mark.skipif(not btf.KERNEL.exists(), reason="not run: this kernel carries no BTF")
def test_a_kernel_without_one_of_the_structures_tells_no_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "_OFFSETS", (("task_struct", ("no_such_field",)),))
    constants, flags = layout.of_kernel()
    assert flags == []
    assert all(constants[:5])
    assert constants[5:] == (0, 0, 0)
