"""The probes on a libc's lookups: getaddrinfo(), and gethostbyname() with its relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from probes.errors import explained
from probes.hooks.elf import function_offsets
from probes.kernel import bpf_calls, perf_events
from probes.kernel.capabilities import Capability
from probes.kernel.loader import Loader

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
_TAKES: Final = (Capability.CAP_SYS_ADMIN,)  # from Linux 6.16 on, and before 5.8

FUNCTIONS: Final = tuple(_WITH_RETURNS | _WITHOUT_RETURNS)
"""All that are ever watched."""

PROGRAMS: Final = tuple(
    {
        name
        for pairs in (_WITH_RETURNS, _WITHOUT_RETURNS)
        for pair in pairs.values()
        for name in pair
    }
    - {""}
)
"""The programs of uprobes."""

OpenUprobe = Callable[[str, str, bool], int]
"""Of a libc's path, a function of it by name, and whether at its return: see `open_uprobe`."""


def attach(loader: Loader, libc: str, *, returns: bool) -> NameProbes:
    """Watch the lookups of the libc at this path; what is given can watch further ones.

    `returns`: whether probes may be put on libc's returns.

    Raises:
        SourceError: it cannot be watched.
    """
    with explained(
        f"getaddrinfo() in {libc} cannot be watched",
        "The kernel must have uprobes (CONFIG_UPROBE_EVENTS); "
        "start with --no-names to go without hostnames.",
        _TAKES,
    ):
        probes = NameProbes(loader, returns=returns)
        probes.attach(libc)
        return probes


class NameProbes:
    """Loads the programs once, and attaches them to one libc after the other."""

    def __init__(self, loader: Loader, *, returns: bool) -> None:
        """`returns`: see `attach` above.

        Raises:
            OSError: the kernel refused a program.
        """
        self._functions = _WITH_RETURNS if returns else _WITHOUT_RETURNS
        names = {name for pair in self._functions.values() for name in pair if name}
        self._loader = loader
        self._programs = {
            name: loader.load(bpf_calls.KPROBE_PROGRAM, name) for name in sorted(names)
        }

    def attach(self, libc: str, open_at: OpenUprobe | None = None) -> None:
        """Watch the lookups of the libc at this path. `open_at`: None, as this process may.

        Raises:
            OSError: the kernel refused, or the file cannot be read.
            ValueError: it is no libc.
        """
        offsets = function_offsets(libc, self._functions)
        if _REQUIRED not in offsets:
            raise ValueError(f"it exports no function {_REQUIRED}")

        def put(program: str, name: str, *, on_return: bool) -> None:
            if open_at:
                event = open_at(libc, name, on_return)
            else:
                event = perf_events.open_uprobe(libc, offsets[name], on_return=on_return)
            self._loader.keep(perf_events.attach(self._programs[program], event))

        # musl may have several names for one place.
        for name in {offset: name for name, offset in offsets.items()}.values():
            begins, returns = self._functions[name]
            # The return first: what begins is then seen to end.
            if returns:
                put(returns, name, on_return=True)
            put(begins, name, on_return=False)


def open_uprobe(libc: str, name: str, on_return: bool) -> int:
    """The event where a libc's function begins, or returns; a descriptor.

    Raises:
        OSError: the kernel refused, or the file cannot be read.
        ValueError: it has no such function.
    """
    offset = function_offsets(libc, [name]).get(name)
    if offset is None:
        raise ValueError(f"it exports no function {name}")
    return perf_events.open_uprobe(libc, offset, on_return=on_return)
