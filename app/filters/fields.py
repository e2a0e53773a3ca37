"""What a filter can ask for: each field in one place, for parser, test, completion and help."""

from __future__ import annotations

import errno
from difflib import SequenceMatcher
from typing import Final

from app.filters import row_parts
from app.filters.ages import Times
from app.filters.field import Column, Field
from app.filters.networks import Addresses
from app.filters.numbers import Numbers, Systems
from app.filters.texts import Texts
from probes.outcome import OutcomeKind
from probes.transport import Call

__all__ = ["FIELDS", "Column", "Field", "field_named", "near"]

_LARGEST_PID: Final = 4 * 1024 * 1024
"""PID_MAX_LIMIT of include/linux/threads.h on 64-bit machines."""
_LARGEST_ID: Final = 2**64 - 1


_OUTCOMES: Final = (*OutcomeKind, *(name.lower() for name in errno.errorcode.values()))

FIELDS: Final = (
    Field(
        "proc",
        Column.PROCESS,
        Texts(row_parts.program),
        "curl",
        "part of the program's path or name",
        ("process", "exe", "comm", "cmd", "program"),
    ),
    Field(
        "pid",
        Column.PROCESS,
        Numbers("a process id", 1, _LARGEST_PID, lambda process: (process.pid,)),
        "1234",
        "this process",
    ),
    Field(
        "tree",
        Column.PROCESS,
        Numbers("a process id", 1, _LARGEST_PID, row_parts.tree),
        "1234",
        "this process and all that stem from it",
        ("parent", "ppid"),
    ),
    Field(
        "args",
        Column.PROCESS,
        Texts(lambda process: (" ".join(process.args),)),
        "--config",
        "part of the program's arguments",
        ("arg", "cmdline"),
    ),
    Field(
        "user",
        Column.PROCESS,
        Texts(lambda process: (process.user, str(process.uid)), whole=True, folds=False),
        "alice",
        "this user, by name or number",
        ("uid",),
    ),
    Field(
        "host",
        Column.HOST,
        Texts(row_parts.host),
        "*.github.com",
        "part of the hostname",
        ("hostname", "name", "domain"),
    ),
    Field(
        "net",
        Column.ENDPOINT,
        Addresses(lambda endpoint: endpoint.address),
        "10.0.0.0/8",
        "an address, a network, private or public",
        ("ip", "addr", "address", "dst", "dest"),
    ),
    Field(
        "port",
        Column.PORT,
        Numbers("a port", 1, 65535, lambda port: (port,)),
        "443",
        "this port; 80,443 and 8000-8999 too",
        ("dport",),
    ),
    Field(
        "as",
        Column.ENDPOINT,
        Systems(
            Numbers(
                "an AS number",
                0,
                0xFFFF_FFFF,
                lambda e: row_parts.given(e.system and e.system.number),
            ),
            Texts(lambda endpoint: row_parts.given(endpoint.system and endpoint.system.name)),
        ),
        "13335",
        "this autonomous system, or part of its holder's name",
        ("asn", "system"),
    ),
    Field(
        "result",
        Column.OUTCOME,
        Texts(row_parts.outcome, whole=True, choices=_OUTCOMES),
        "refused",
        "what became of it: connected, refused, timed-out, unreachable, an error's name",
        ("outcome",),
    ),
    Field(
        "family",
        Column.ENDPOINT,
        Texts(row_parts.family, whole=True),
        "inet6",
        "this address family, ipv4 and ipv6 too",
        ("af",),
    ),
    Field(
        "proto",
        Column.ENDPOINT,
        Texts(
            lambda e: row_parts.given(e.transport.protocol, e.transport.label or None), whole=True
        ),
        "udp",
        "this protocol: tcp, udp, icmp, raw, netlink",
        ("protocol",),
    ),
    Field(
        "call",
        Column.ENDPOINT,
        Texts(lambda e: (e.transport.call.value,), whole=True, choices=tuple(Call)),
        "send",
        "made by connect, send or fastopen",
    ),
    Field(
        "container",
        Column.PROCESS,
        Texts(lambda p: row_parts.given(p.container_name, p.container)),
        "web",
        "part of the container's name or id; container:* any",
    ),
    Field(
        "unit",
        Column.PROCESS,
        Texts(lambda process: row_parts.given(process.unit)),
        "ssh.service",
        "part of the systemd unit's name",
        ("service",),
    ),
    Field(
        "cgroup",
        Column.PROCESS,
        Numbers("a cgroup's id", 1, _LARGEST_ID, lambda process: row_parts.given(process.cgroup)),
        "5873",
        "this cgroup, by its id",
    ),
    Field("since", Column.TIME, Times(), "5m", "no older than that, as time goes; or since 14:30"),
)
_BY_NAME: Final = {name: field for field in FIELDS for name in (field.name, *field.aliases)}


def field_named(name: str) -> Field | None:
    """The field of that name or alias, in any capitals."""
    return _BY_NAME.get(name.lower())


def near(name: str) -> list[Field]:
    """The fields whose names come closest to one that nothing has; none where all are far."""
    if len(name) > 20:
        return []
    scores = {f: SequenceMatcher(None, name.lower(), f.name).ratio() for f in FIELDS}
    least = max(0.6, max(scores.values()) - 0.15)
    fitting = [field for field in FIELDS if scores[field] >= least]
    return sorted(fitting, key=scores.__getitem__, reverse=True)
