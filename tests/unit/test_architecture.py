"""What may be imported without what, tried in a process where it cannot be."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import probes
from tests.command import NOBODY, PATIENCE_S, environment

SCRIPT = """
import importlib, sys

class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"bcc", "textual", "rich", "pyasn"}:
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, Barred())
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"app", "probes", "widgets"}))
"""


def imported(*modules: str) -> str:
    """Import `modules`, as nobody, where there is no bcc, textual, rich or pyasn."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *modules],
        capture_output=True,
        text=True,
        user=NOBODY if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        cwd="/",
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_probes_need_no_bcc_no_screen_and_no_root() -> None:
    found = [module.name for module in pkgutil.walk_packages(probes.__path__, "probes.")]
    # kernel.py too: what compiles is a process of its own.
    assert {"probes.hooks.kernel", "probes.live", "probes.asn.table"} <= set(found)
    assert imported(*found) == "probes"


@pytest.mark.parametrize(
    "module", ["app.cli", "app.output.headless", "app.commands.run", "app.commands.live"]
)
def test_the_command_without_a_screen_needs_none(module: str) -> None:
    assert imported(module) == "app probes"


def test_bcc_is_asked_for_in_one_place() -> None:
    users = [
        path.name
        for folder in ("app", "probes", "widgets")
        for path in Path(probes.__file__).parents[1].glob(f"{folder}/**/*.py")
        if "import_bcc" in path.read_text() or "import bcc" in path.read_text()
    ]
    assert sorted(users) == ["compiler.py", "requirements.py"]
