"""What the wheel and the sdist hold: all that the program needs, and all that makes it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("app", "probes", "widgets")
# What commands leave behind in a checkout; .gitignore has them too.
LEFT_BEHIND: Final = shutil.ignore_patterns(
    ".git",
    ".venv",
    "__pycache__",
    "*.egg-info",
    "build",
    "dist",
    ".*_cache",
    ".hypothesis",
    ".fuzz",
)

needs_setuptools = pytest.mark.skipif(
    int(version("setuptools").split(".")[0]) < 77, reason="not run: setuptools 77 builds it"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it is, without what commands left in it: building writes into it."""
    place = tmp_path_factory.mktemp("release") / "tree"
    shutil.copytree(ROOT, place, ignore=LEFT_BEHIND, symlinks=True)
    return place


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def built(tree: Path, kind: str) -> Path:
    """Made in a process of its own by the backend that pyproject.toml names; nothing is fetched."""
    code = f"import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
    out = tree.parent / kind
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tree: Path) -> Iterator[ZipFile]:
    source = tree.with_name("source")
    shutil.copytree(tree, source)
    with ZipFile(built(source, "wheel")) as opened:
        yield opened


@needs_setuptools
def test_the_wheel_has_every_file_of_the_packages_and_none_beside(
    wheel: ZipFile, tree: Path
) -> None:
    ours = {f"{package}/{name}" for package in PACKAGES for name in files(tree / package)}
    assert {"probes/bpf/base.c", "app/filters/filter.lark", "app/screens/sock_tui.tcss"} <= ours
    packed = {name for name in wheel.namelist() if not name.startswith("sock_tui-")}
    assert packed == ours


@needs_setuptools
def test_the_wheel_has_licences_attribution_promises_and_the_manual(
    wheel: ZipFile, tree: Path
) -> None:
    beside = {
        name.split("/", 1)[1]: name for name in wheel.namelist() if name.startswith("sock_tui-")
    }
    for packed, source in {
        "licenses/LICENSE": "LICENSE",
        "licenses/NOTICE": "NOTICE",
        "licenses/probes/bpf/LICENSE": "probes/bpf/LICENSE",
        "data/share/doc/sock-tui/SECURITY.md": "SECURITY.md",
        "data/share/doc/sock-tui/config.toml": "manual/config.toml",
        "data/share/man/man1/sock-tui.1": "manual/sock-tui.1",
    }.items():
        assert wheel.read(beside[packed]) == (tree / source).read_bytes()
    metadata = wheel.read(beside["METADATA"]).decode()
    assert "\nLicense-Expression: Apache-2.0 AND GPL-2.0-only AND CC-BY-4.0\n" in metadata
    assert "sock-tui = app.cli:main" in wheel.read(beside["entry_points.txt"]).decode()


def kept(tree: Path) -> set[str]:
    """What git keeps of the checkout; where there is no git, as in an sdist, all of it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return files(tree) & set(listed.stdout.split("\0")) if not listed.returncode else files(tree)


@needs_setuptools
def test_the_sdist_has_every_file_of_the_checkout(tree: Path) -> None:
    source = tree.with_name("whole")
    shutil.copytree(tree, source)
    with tarfile.open(built(source, "sdist")) as opened:
        packed = {name.split("/", 1)[1] for name in opened.getnames() if "/" in name}
    assert {"tests/unit/test_release.py", "setup.sh", ".ci/debian/control"} <= packed
    assert kept(tree) - packed == set()


def test_what_cannot_be_made_is_refused_before_anything_is() -> None:
    done = subprocess.run(
        [ROOT / ".ci" / "dist.sh", "bookworm", "sid"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sock-tui: there is no .deb for sid")
