"""What engines call their containers, read from files laid out as theirs are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from probes.processes.containers import Containers

ID = "3f4a0b1c2d3e" + "45" * 26
OTHER = "ab" * 32
TASKS = "run/containerd/io.containerd.runtime.v2.task"
STORAGE = "overlay-containers/containers.json"
CRI = "io.kubernetes.cri"


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def name(root: Path, cgroup: str = "") -> str | None:
    return Containers(root, lambda uid: str(root / f"home/{uid}")).name(ID, cgroup)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        (f"var/lib/docker/containers/{ID}/config.v2.json", {"ID": ID, "Name": "/web"}, "web"),
        (
            f"var/lib/docker/containers/{ID}/config.v2.json",
            {"Name": "/k8s_nginx_web-0_default_77-88_0"},
            "web-0/nginx",
        ),
        (
            f"var/lib/containers/storage/{STORAGE}",
            [{"id": OTHER, "names": ["db"]}, {"id": ID, "names": ["web", "web.local"]}],
            "web",
        ),
        (
            "var/lib/containers/storage/overlay-containers/volatile-containers.json",
            [{"id": ID, "names": ["brief"]}],
            "brief",
        ),
        (
            f"{TASKS}/k8s.io/{ID}/config.json",
            {
                "annotations": {
                    f"{CRI}.container-name": "nginx",
                    f"{CRI}.sandbox-name": "web-0",
                    f"{CRI}.container-type": "container",
                }
            },
            "web-0/nginx",
        ),
        (
            f"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json",
            {"annotations": {f"{CRI}.sandbox-name": "p", f"{CRI}.container-type": "sandbox"}},
            "p/sandbox",
        ),
        (f"{TASKS}/default/{ID}/config.json", {"annotations": {"nerdctl/name": "web"}}, "web"),
    ],
)
def test_each_engine_says_its_name(
    tmp_path: Path, file: str, content: object, expected: str
) -> None:
    assert name(tmp_path) is None
    write(tmp_path / file, content)
    assert name(tmp_path) == expected


def test_an_engine_without_root_keeps_it_at_home(tmp_path: Path) -> None:
    home = tmp_path / "home/1000/.local/share"
    write(home / "containers/storage" / STORAGE, [{"id": ID, "names": ["mine"]}])
    cgroup = f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"
    assert name(tmp_path, cgroup) == "mine"
    assert name(tmp_path, f"machine.slice/libpod-{ID}.scope") is None
    assert name(tmp_path, cgroup.replace("1000", "1001")) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        "[]",
        '{"Name": 7}',
        '{"Name": ""}',
        '{"Name": ["x"]}',
        json.dumps({"Name": "x" * 257}),
        '{"Name": "/web"}' + " " * (4 << 20),
        "\udcff",
    ],
)
def test_what_makes_no_sense_is_no_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert name(tmp_path) is None


@pytest.mark.parametrize(
    "content", [{"annotations": []}, {"annotations": {"nerdctl/name": 7}}, [], 3]
)
def test_nor_is_what_is_no_bundle(tmp_path: Path, content: object) -> None:
    write(tmp_path / TASKS / "default" / ID / "config.json", content)
    write(tmp_path / "var/lib/containers/storage" / STORAGE, [7, {"id": ID, "names": [7]}])
    assert name(tmp_path) is None


def test_neither_a_link_nor_a_pipe_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"Name": "/web"})
    file = tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json"
    file.parent.mkdir(parents=True)
    file.symlink_to(tmp_path / "elsewhere")
    assert name(tmp_path) is None
    file.unlink()
    os.mkfifo(file)
    assert name(tmp_path) is None
