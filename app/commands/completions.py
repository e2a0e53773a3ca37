"""`sock-tui completions`: what a shell needs to complete all that may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from app.commands.options import Parser

_EPILOG: Final = """\
make install puts all three where the shells look. Without it:
  bash  sock-tui completions bash > ~/.local/share/bash-completion/completions/sock-tui
  zsh   sock-tui completions zsh > DIR/_sock-tui, where DIR is one of $fpath
  fish  sock-tui completions fish > ~/.config/fish/completions/sock-tui.fish
"""
SHELLS: Final = ("bash", "zsh", "fish")


def run(arguments: Sequence[str]) -> int:
    """Print the script for a shell; returns the exit status."""
    shell = parse(arguments).shell
    from app.commands.grammar import commands
    from app.commands.shells import bash, fish, zsh

    print({"bash": bash, "zsh": zsh, "fish": fish}[shell](commands()), end="")
    return 0


def parser() -> Parser:
    """What may be given."""
    made = Parser("sock-tui completions", "Print what a shell needs to complete this.", _EPILOG)
    made.add_argument("shell", choices=SHELLS, help="the shell")
    return made


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What the `arguments` behind `completions` ask for; ends the process where they are wrong."""
    return parser().parse_args(arguments)
