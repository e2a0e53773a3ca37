"""What can go wrong before or while events flow, as a line that a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from probes.kernel.capabilities import Capability

_SCARCE: Final = {
    errno.EMFILE: "Some 80 files are needed at once: raise the limit (ulimit -n 256).",
    errno.ENFILE: "The whole machine has too many files open: see the sysctl fs.file-max.",
    errno.ENOMEM: "Free some memory, or raise the limit on it (ulimit -v, memory.max).",
}
_DENIED: Final = (errno.EPERM, errno.EACCES)


class SourceError(Exception):
    """A source cannot give events. The text says what failed, why, and what to do about it."""


class ReplayError(SourceError):
    """A recording cannot be read; the message names the file and what to look at."""


@contextmanager
def explained(what: str, remedy: str, takes: Collection[Capability] = ()) -> Iterator[None]:
    """Make of what fails in here a `SourceError` that says what, why, and what to do about it.

    That is what the kernel refuses, and bytecode that holds together no more. A SourceError says so
    itself, and stays as it is. `takes`: the capabilities that the kernel may ask for; which of them
    are missing is said where it denies something.
    """
    try:
        yield
    except (OSError, LookupError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        number = getattr(error, "errno", None) or 0
        lacking = _lacking(takes) if number in _DENIED else ""
        raise SourceError(f"{what}: {reason}. {lacking or _SCARCE.get(number, remedy)}") from error


def is_scarcity(error: SourceError) -> bool:
    """Whether something of this process's ran out, which another try does not bring back."""
    return getattr(error.__cause__, "errno", None) in _SCARCE


def _lacking(takes: Collection[Capability]) -> str:
    """Which of these the calling thread does not hold, for a person; "" where it has them all."""
    from probes.kernel import capabilities  # only where something failed

    missing = capabilities.listed(set(takes) - capabilities.held())
    return f"That takes {missing} as well: see sock-tui doctor." if missing else ""
