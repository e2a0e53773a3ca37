"""The terminal, looked at through a real one, and what is asked on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.screens.terminal import refusal
from tests.command import PATIENCE_S, command, environment, write_recording
from tests.connections import GITHUB


class Terminal:
    """A terminal of a size, and what was written to it."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.outside, self.inside = pty.openpty()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, size)
        self.text = ""

    def read_until(self, text: str) -> str:
        """Everything that was written, once `text` is in it."""
        while text not in self.text:
            ready, _, _ = select.select([self.outside], [], [], PATIENCE_S)
            assert ready, f"waited for {text!r}; there is {self.text!r}"
            self.text += os.read(self.outside, 4096).decode()
        return self.text

    def type(self, keys: str) -> None:
        os.write(self.outside, keys.encode())

    def close(self) -> None:
        os.close(self.outside)
        os.close(self.inside)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def refused(monkeypatch: pytest.MonkeyPatch, terminal: Terminal, term: str | None) -> str | None:
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    with os.fdopen(os.dup(terminal.inside)) as tty:
        monkeypatch.setattr(sys, "stdin", tty)
        monkeypatch.setattr(sys, "stdout", tty)
        try:
            return refusal()
        finally:
            monkeypatch.undo()


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (40, 10), (0, 0)])
def test_a_usual_terminal_is_fine(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(*size)
    assert refused(monkeypatch, terminal, "xterm-256color") is None
    terminal.close()


@pytest.mark.parametrize(("columns", "lines"), [(39, 24), (80, 9)])
def test_a_small_terminal_is_told_how_large_it_must_be(
    columns: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(columns, lines)
    said = refused(monkeypatch, terminal, "xterm")
    assert said is not None
    assert f"{columns} columns and {lines} lines" in said
    assert "needs 40 and 10" in said
    assert "--plain" in said
    terminal.close()


@pytest.mark.parametrize(("term", "said"), [(None, "TERM is not set"), ("dumb", "'dumb'")])
def test_a_terminal_that_cannot_draw_is_named(
    term: str | None, said: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = refused(monkeypatch, terminal, term)
    assert why is not None
    assert said in why
    assert "--plain" in why


def test_keys_must_come_from_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "x.jsonl", [GITHUB])
    done = subprocess.run(
        command("open", recording),
        stdin=subprocess.DEVNULL,
        stdout=terminal.inside,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(TERM="xterm"),
        timeout=PATIENCE_S,
        check=False,
    )
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("sock-tui: standard input is not a terminal")


@pytest.mark.parametrize(
    ("answer", "status"),
    [("n\n", 2), ("\n", 2), ("\x04", 2), ("\x03", 130), ("y\n", 0)],
    ids=["no", "enter", "end of file", "control-c", "yes"],
)
def test_a_file_is_replaced_when_a_person_says_so(
    answer: str, status: int, terminal: Terminal, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "x.jsonl", [GITHUB])
    target = tmp_path / "x.csv"
    target.write_text("mine")
    # With a terminal of its own, so that control-c becomes a signal; and one that is not ignored,
    # as it is where the tests run behind a shell's `&`.
    process = subprocess.Popen(
        [
            "env",
            "--default-signal=INT",
            "setsid",
            "--ctty",
            *command("open", recording, "--export", target),
        ],
        stdin=terminal.inside,
        stdout=terminal.inside,
        stderr=terminal.inside,
        env=environment(),
    )
    terminal.read_until("Replace it? [y/N]")
    terminal.type(answer)
    assert process.wait(PATIENCE_S) == status
    os.write(terminal.inside, b"(the end)")
    assert "Traceback" not in terminal.read_until("(the end)")
    assert (target.read_text() == "mine") == (status != 0)
