"""Cgroups: what their folders are called after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.processes.cgroup import NOBODY, Cgroups, Owner, owner_of

ID = "3f4a0b1c2d3e" + "45" * 26
SHORT = ID[:12]


@pytest.mark.parametrize(
    ("path", "container", "unit"),
    [
        ("", None, None),
        ("system.slice/nginx.service", None, "nginx.service"),
        ("init.scope", None, "init.scope"),
        ("user.slice/user-1000.slice", None, None),
        (
            "user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-7.scope",
            None,
            "app-firefox-7.scope",
        ),
        (f"system.slice/docker-{ID}.scope", SHORT, f"docker-{ID}.scope"),
        (f"system.slice/docker-{ID}.scope/init.scope", SHORT, "init.scope"),
        (f"docker/{ID}", SHORT, None),
        (f"machine.slice/libpod-{ID}.scope/container", SHORT, f"libpod-{ID}.scope"),
        (f"machine.slice/libpod-conmon-{ID}.scope", None, f"libpod-conmon-{ID}.scope"),
        (
            f"kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope",
            SHORT,
            f"cri-containerd-{ID}.scope",
        ),
        (f"kubepods/burstable/pod7f-1/{ID}", SHORT, None),
        (f"docker/{ID}/docker/{'ab' * 32}", "abababababab", None),
        ("lxc.payload.web/system.slice/ssh.service", "web", "ssh.service"),
        ("lxc/web", "web", None),
        ("lxc.monitor.web", None, None),
        ("machine.slice/machine-my\\x2dbox.scope/payload", "my-box", "machine-my\\x2dbox.scope"),
        ("machine.slice/systemd-nspawn@box.service", "box", "systemd-nspawn@box.service"),
        (f"system.slice/{ID[:-1]}", None, None),
    ],
)
def test_an_owner_is_told_by_the_folders_names(
    path: str, container: str | None, unit: str | None
) -> None:
    assert owner_of(path)[:2] == (container, unit)


@pytest.mark.parametrize(
    ("path", "asked", "name"),
    [
        (f"system.slice/docker-{ID}.scope/init.scope", [ID], "web"),
        (f"docker/{ID}/docker/{'ab' * 32}", ["ab" * 32], "web"),
        ("lxc.payload.box/system.slice/ssh.service", [], "box"),
        (f"docker/{ID}/lxc/box", [], "box"),
        ("system.slice/nginx.service", [], None),
    ],
)
def test_the_innermost_container_is_asked_for_by_its_whole_id(
    path: str, asked: list[str], name: str | None
) -> None:
    seen = []

    def named(identity: str, where: str) -> str:
        assert where == path
        seen.append(identity)
        return "web"

    assert owner_of(path, named).container_name == name
    assert seen == asked


@pytest.mark.parametrize(
    "mounts", [None, "", "22 1 0:21 / /proc rw - proc proc rw\n", " - cgroup2 \n"]
)
def test_without_a_unified_hierarchy_it_is_nobodys(tmp_path: Path, mounts: str | None) -> None:
    if mounts is not None:
        (tmp_path / "mountinfo").write_text(mounts)
    assert Cgroups(tmp_path / "mountinfo").owner(1) == NOBODY


def test_what_is_no_hierarchy_of_cgroups_owns_nothing(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(f"30 1 0:26 / {tmp_path} rw shared:4 - cgroup2 none rw\n")
    assert Cgroups(tmp_path / "mountinfo").owner(os.stat(tmp_path).st_ino) == NOBODY
    (tmp_path / "mountinfo").write_text("30 1 0:26 / /missing rw - cgroup2 none rw\n")
    assert Cgroups(tmp_path / "mountinfo").owner(1) == NOBODY


@pytest.fixture
def unit() -> Iterator[Path]:
    """A cgroup of this test's own."""
    if os.geteuid() != 0:
        pytest.skip("not run: to make a cgroup takes root (make test asks sudo)")
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    points = [fields[4] for fields in mounts if fields[fields.index("-") + 1] == "cgroup2"]
    if not points or not os.access(points[0], os.W_OK):
        pytest.skip("not run: there is no unified hierarchy to make a cgroup in")
    folder = Path(points[0], f"sock-tui-test-{os.getpid()}.service")
    folder.mkdir()
    yield folder
    if folder.exists():
        folder.rmdir()


@pytest.mark.native
def test_a_cgroup_is_found_by_its_number_while_it_is_there(unit: Path) -> None:
    number = unit.stat().st_ino
    assert Cgroups().owner(number) == Owner(None, unit.name)
    cgroups = Cgroups()
    unit.rmdir()
    assert cgroups.owner(number) == NOBODY
