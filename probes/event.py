"""What the programs in the kernel tell, as they tell it: the structures of bpf/event.h."""

from __future__ import annotations

import struct
from array import array
from typing import Final, NamedTuple

from probes.family import AF_INET, AF_INET6

# A test compares these and bpf/event.h.
EVENT: Final = struct.Struct("=QHHIII16sQ16sHHBBH")
EVENT_FIELDS: Final = (
    *("ts_ns", "kind", "flags", "tid", "tgid", "uid", "comm", "image"),
    *("address", "family", "protocol", "call", "socket_type", "port"),
)
# As long as an event, with the like in the same places.
OUTCOME: Final = struct.Struct("=QHHIIIQ16x16sH4xH")
OUTCOME_FIELDS: Final = (
    *("ts_ns", "kind", "flags", "tid", "tgid", "result", "latency_ns", "address", "family", "port"),
)
NAME_SIZE: Final = 256
KIND_CONNECT: Final = 1
KIND_NAME: Final = 2
KIND_PROCESS: Final = 3
KIND_OUTCOME: Final = 8
KIND_EXEC: Final = 9
FLAG_IN_LOOKUP: Final = 1
RESULT_BEGUN: Final = 0x10000
RESULT_ABANDONED: Final = 0x10001
RESULT_UNKNOWN: Final = 0x10002

WHO: Final = struct.Struct("=II16sQ")
"""What tells one process from another: tgid, uid, comm, image (see `probes.processes.image`)."""

WHERE: Final = struct.Struct("=16sHHBB")
"""What tells one endpoint from another: address, family, protocol, call, socket type.

The last three as in bpf/event.h: see `probes.transport.transport_of`.
"""


class Connects(NamedTuple):
    """A run of calls in columns of equal length, in their order.

    Of connect(), and of sends to an address.

    `times`: nanoseconds since boot (CLOCK_MONOTONIC). `who` and `where`: see `WHO` and `WHERE`.
    `ports`: host order, 0 where the family has none. `flags`: `FLAG_IN_LOOKUP` where it was
    getaddrinfo() that called, and had not returned yet.
    """

    times: array[int]
    tids: array[int]
    who: list[bytes]
    where: list[bytes]
    ports: array[int]
    flags: array[int]


class NameEvent(NamedTuple):
    """One address that getaddrinfo() returned for a name.

    `ts_ns`, `tid`, `who` as in `Connects`. `address`: 4 or 16 bytes in network order. `name`: the
    node as it was asked for, at most 255 bytes.
    """

    ts_ns: int
    tid: int
    who: bytes
    address: bytes
    name: bytes


class Ends(NamedTuple):
    """What became of connect() calls, in columns of equal length, in their order.

    `times`, `tids`: the connect's, which comes first. `results`: an errno, 0 or a `RESULT_*`.
    `latencies`: nanoseconds from the call to this. `locals`: the socket's own end, as a `WHERE`, of
    family 0 where it was not told; `ports`: its port.
    """

    times: array[int]
    tids: array[int]
    results: array[int]
    latencies: array[int]
    locals: list[bytes]
    ports: array[int]


def address_of(where: bytes) -> bytes:
    """The address in a `WHERE`: 4 or 16 bytes, or none for a family without addresses."""
    address, family = where[:16], family_of(where)
    size = 4 if family == AF_INET else 16 if family == AF_INET6 else 0
    return address[:size]


def family_of(where: bytes) -> int:
    """The address family in a `WHERE`."""
    return int(WHERE.unpack(where)[1])


def kind_of(where: bytes) -> tuple[int, int, int]:
    """The protocol, call and socket type in a `WHERE`."""
    _, _, protocol, call, socket_type = WHERE.unpack(where)
    return protocol, call, socket_type
