"""What the shells complete, asked of the shells themselves as far as they are here."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app import cli
from app.commands.grammar import commands
from app.settings.config import column_keys

Offered = Callable[..., list[str]]
_ASK = """
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sock_tui
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completions", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def offered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Offered:
    """What bash offers for the last of some words."""
    made = script("bash", capsys)
    (tmp_path / "a file.db").touch()
    (tmp_path / "allow.toml").touch()

    def ask(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", made + _ASK, "-", "sock-tui", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1] if done.stdout.strip() else []

    return ask


def test_bash_completes_commands_and_flags(offered: Offered) -> None:
    assert offered("") == [command.name for command in commands() if command.name]
    assert offered("o") == ["open"]
    assert offered("--no-a") == ["--no-asn"]
    assert offered("--json", "--dur") == ["--duration"]
    assert offered("open", "--sp") == ["--speed"]
    assert offered("doctor", "--") == ["--help", "--json", "--hook", "--config", "--no-config"]
    assert offered("run", "--l") == ["--learn"]


def test_every_flag_is_completed_from_its_beginning(offered: Offered) -> None:
    for command in commands():
        words = [command.name] if command.name else []
        every = [name for flag in command.flags for name in flag.names]
        assert offered(*words, "-") == every


def test_bash_completes_values(offered: Offered) -> None:
    assert offered("--hook", "k") == ["kprobe"]
    assert sorted(offered("--export", "a")) == ["a file.db", "allow.toml"]
    assert getpass.getuser() in offered("-u", getpass.getuser()[:2])
    assert str(os.getpid()) in offered("--pid", str(os.getpid()))
    assert offered("--theme", "textual-l") == ["textual-light"]
    assert offered("--columns", "time,des") == ["time,destination"]
    assert offered("--columns", "") == list(column_keys())
    assert offered("--duration", "") == []


def test_bash_completes_what_commands_are_about(offered: Offered) -> None:
    assert offered("open", "al") == ["allow.toml"]
    assert offered("diff", "--json", "a file.db", "al") == ["allow.toml"]
    assert offered("asn", "") == ["update"]
    assert offered("completions", "f") == ["fish"]


def test_behind_run_bash_completes_the_command_and_its_own(offered: Offered) -> None:
    assert "bash" in offered("run", "bas")
    assert "bash" in offered("run", "--check", "allow.toml", "--", "bas")
    assert offered("run", "--check", "allow.toml", "cat", "al") == ["allow.toml"]
    assert offered("run", "--", "cat", "--no-a") == []
    assert offered("run", "--check", "al") == ["allow.toml"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_itself_can_read_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = script(shell, capsys)
    for command in commands():
        assert command.name in made
        for name in (name for flag in command.flags for name in flag.names):
            assert name.lstrip("-") in made
    if shutil.which(shell) is None:
        pytest.skip(f"not run: no {shell} here")
    done = subprocess.run([shell, "-n"], input=made, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_shell_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["completions", "tcsh"])
    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err
