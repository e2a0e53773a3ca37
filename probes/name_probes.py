"""The probes on a libc's lookups: getaddrinfo(), and gethostbyname() with its relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from probes import bpf_calls, perf_events
from probes.elf import function_offsets

# Of a libc's function: the program at its beginning, and the one at its return ("" for none).
_WITH_RETURNS: Final = {
    "getaddrinfo": ("on_getaddrinfo", "on_getaddrinfo_return"),
    "gethostbyname": ("on_gethostbyname", "on_gethostbyname_return"),
    "gethostbyname2": ("on_gethostbyname", "on_gethostbyname_return"),
    "gethostbyname_r": ("on_gethostbyname_r", "on_gethostbyname_return"),
    "gethostbyname2_r": ("on_gethostbyname2_r", "on_gethostbyname_return"),
}
_WITHOUT_RETURNS: Final = {
    "getaddrinfo": ("on_getaddrinfo_alone", ""),
    "freeaddrinfo": ("on_freeaddrinfo", ""),
}
_REQUIRED: Final = "getaddrinfo"


class NameProbes:
    """Loads the programs once, and attaches them to one libc after the other."""

    def __init__(self, load: Callable[[int, str], int], *, returns: bool) -> None:
        """`load(kind, function)` gives a program's descriptor, which it keeps track of.

        `returns`: whether probes may be put on libc's returns.

        Raises:
            OSError: the kernel refused a program.
        """
        self._functions = _WITH_RETURNS if returns else _WITHOUT_RETURNS
        names = {name for pair in self._functions.values() for name in pair if name}
        self._programs = {name: load(bpf_calls.KPROBE_PROGRAM, name) for name in sorted(names)}

    def attach(self, libc: str, keep: Callable[[int], object]) -> None:
        """Watch the lookups of the libc at this path; `keep` is given each attachment's descriptor.

        Raises:
            OSError: the kernel refused, or the file cannot be read.
            ValueError: it is no libc.
        """
        offsets = function_offsets(libc, self._functions)
        if _REQUIRED not in offsets:
            raise ValueError(f"it exports no function {_REQUIRED}")
        # musl may have several names for one place.
        places = {offset: self._functions[name] for name, offset in offsets.items()}
        for offset, (begins, returns) in places.items():
            # The return first: what begins is then seen to end.
            if returns:
                program = self._programs[returns]
                keep(perf_events.attach_uprobe(program, libc, offset, on_return=True))
            keep(perf_events.attach_uprobe(self._programs[begins], libc, offset))
