"""What can be asked for of a process, an endpoint, a host and an outcome, as texts and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from app.filters.field import Column
from probes.connections import Endpoint
from probes.family import AF_INET, AF_INET6, family_name
from probes.outcome import OUTCOMES
from probes.record import Host, Process

_IP: Final = {AF_INET: ("ipv4",), AF_INET6: ("ipv6",)}


def given(*values: Any) -> Iterable[Any]:
    """Those that are not None."""
    return [value for value in values if value is not None]


def program(process: Process) -> Iterable[str]:
    """The executable's name and path, and the thread's name; the latter where there is no path."""
    path = process.executable
    return (process.comm,) if path is None else (path.rpartition("/")[2], path, process.comm)


def tree(process: Process) -> Iterable[int]:
    """The pids of a process and all that it stems from, as far as they are known."""
    parents = [ancestor.pid for ancestor in process.parents]
    return given(process.pid, process.parent, *parents)


def family(endpoint: Endpoint) -> Iterable[str]:
    """`inet6`, `AF_INET6`, `ipv6`."""
    name = family_name(endpoint.family)
    return name.removeprefix("AF_").lower(), name, *_IP.get(endpoint.family, ())


def outcome(code: int) -> Iterable[str]:
    """Its kind, and the error's name; nothing where it is not known."""
    found = OUTCOMES[code]
    return () if found is None else given(found.kind.value, found.errno)


def host(found: Host | None) -> Iterable[str]:
    """The name, with and without the mark of a guess."""
    if found is None:
        return ()
    return (found.name, found.label) if found.is_guess else (found.name,)


ANYTHING: Final[tuple[tuple[Column, Callable[[Any], Iterable[str]]], ...]] = (
    (Column.PROCESS, lambda process: (process.label, process.comm, process.user)),
    (Column.OUTCOME, outcome),
    (Column.HOST, lambda found: () if found is None else (found.label,)),
    (
        Column.ENDPOINT,
        lambda e: (
            *(family_name(e.family), e.transport.text),
            *given(e.system and e.system.label),
        ),
    ),
)
"""Where a bare word is looked for, besides the destination: whatever a row shows."""
