"""The standard streams, which may be closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from typing import Final, TextIO

_STREAMS: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def prepare() -> None:
    """Make all three usable, whatever this process was given.

    A closed one (`>&-`) becomes /dev/null, before a file of ours can take its number. What the
    terminal's encoding cannot show is written as an escape: other processes choose the text.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, mode))  # noqa: SIM115 - as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """Print on standard error. Where nobody reads that any more, there is nobody to tell."""
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        mute(sys.stderr)


def mute(stream: TextIO) -> None:
    """Lead `stream` to /dev/null: what Python still holds of it must not fail a second time."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
