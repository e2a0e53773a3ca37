"""The standard streams, which may be closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from typing import Final, TextIO

from probes.text import visible

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
        # With PYTHONUNBUFFERED, what a write() that a signal cut short leaves over would be lost.
        if isinstance(sys.stdout.buffer, io.RawIOBase):
            # Both: it is the latter that is asked for the terminal's size.
            sys.stdout = sys.__stdout__ = _buffered(sys.stdout)  # type: ignore[misc]


def _buffered(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    encoding, errors = stream.encoding, stream.errors
    raw = stream.detach()
    assert isinstance(raw, io.RawIOBase)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=raw.isatty())


def say(message: str) -> None:
    """Print on standard error. Where nobody reads that any more, there is nobody to tell."""
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        mute(sys.stderr)


def fail(message: object, status: int = 1) -> int:
    """Say why the command ends early; returns `status`."""
    lines = "\n".join(visible(line) for line in str(message).splitlines())
    say(f"sock-tui: {lines}")
    return status


def mute(stream: TextIO) -> None:
    """Lead `stream` to /dev/null: what Python still holds of it must not fail a second time."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
