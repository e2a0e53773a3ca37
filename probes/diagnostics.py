"""What C libraries print to standard error, kept away from the screen and at hand for a message."""

from __future__ import annotations

import io
import os
import sys
from typing import Protocol


class Diagnostics(Protocol):
    """Text that libbcc, libbpf and clang printed."""

    def read(self) -> str:
        """What was printed since the last call."""


class Discarded:
    """For whoever leaves standard error as it is: there is nothing to read back."""

    def read(self) -> str:
        """Nothing."""
        return ""


class CapturedStderr:
    """File descriptor 2 led into a file in memory; Python's own `sys.stderr` still reaches out.

    libbcc, libbpf and clang write straight to descriptor 2, which may be the terminal that a
    screen is drawn on.
    """

    def __init__(self) -> None:
        """Takes effect at once, for the whole process and its life."""
        outside = os.dup(2)
        # In memory: no disk need have room or be writable for it. Open as long as the process.
        self._file = os.memfd_create("stderr")
        os.dup2(self._file, 2)
        self._position = 0
        sys.stderr = io.TextIOWrapper(
            os.fdopen(outside, "wb"), errors="backslashreplace", line_buffering=True
        )

    def read(self) -> str:
        """What was printed to descriptor 2 since the last call."""
        raw = os.pread(self._file, 1 << 20, self._position)
        self._position += len(raw)
        return raw.decode("utf-8", "replace")
