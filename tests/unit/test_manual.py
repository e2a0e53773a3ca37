"""The manual page is what the flags, keys and settings say, and roff."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.commands.grammar import commands
from app.screens.keys import KEYS
from app.settings.config import KEYS as SETTINGS
from app.settings.config import read_config
from manual.generate import EXAMPLE, PAGE, example, page


def shown() -> str:
    """The page as a person reads it, without the breaks of its lines."""
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", str(PAGE)],
        capture_output=True,
        text=True,
        env={
            "MANWIDTH": "500",
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "MAN_KEEP_STDERR": "1",
        },
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return " ".join(done.stdout.split())


def test_what_is_kept_is_that_of_the_program() -> None:
    assert PAGE.read_text() == page(), "make manual writes it anew"
    assert EXAMPLE.read_text() == example(), "make manual writes it anew"


def test_the_example_sets_nothing_until_its_lines_are_let_in(tmp_path: Path) -> None:
    assert not read_config(EXAMPLE, None, must_exist=True).values
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r"^#(?! )", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert list(read_config(path, None, must_exist=True).values) == [key.name for key in SETTINGS]


@pytest.mark.skipif(shutil.which("man") is None, reason="not run: no man here")
def test_all_that_can_be_said_is_in_it_and_roff_has_nothing_to_complain_of() -> None:
    text = shown()
    for command in commands():
        assert f"sock-tui {command.name}".strip() in text
        for flag in command.flags:
            assert ", ".join(flag.names) in text
            assert " ".join(flag.about.split()) in text
    for key in KEYS:
        assert key.tooltip in text
    for setting in SETTINGS:
        assert f"{setting.name} = {setting.example}" in text


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="not run: no mandoc here")
def test_mandoc_finds_no_fault_in_it() -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
