"""Connections read back from the lines of JSON that `probes.recordings.jsonl` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from probes.outcome import OUTCOMES, Outcome, code_of
from probes.record import Ancestor, AutonomousSystem, Connection, Host, Process
from probes.recordings.json_line import JsonLine, JsonLineError, json_object
from probes.transport import Call, Transport

_T = TypeVar("_T")


class _Shared(Generic[_T]):
    """Makes equal objects one object, so that a long recording costs memory once for each."""

    ENTRIES: Final = 65536

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_T, _T] = {}

    def __call__(self, made: _T) -> _T:
        if len(self._known) >= self.ENTRIES:
            self._known.clear()
        return self._known.setdefault(made, made)


class JsonReader:
    """Reads lines that `json_writer` wrote.

    Equal processes, hosts and systems come out as one object each, as in a live capture.
    """

    __slots__ = ("_hosts", "_parents", "_processes", "_systems", "_transports")

    def __init__(self) -> None:
        self._parents: _Shared[tuple[Ancestor, ...]] = _Shared()
        self._processes: _Shared[Process] = _Shared()
        self._hosts: _Shared[tuple[Host, int | None]] = _Shared()
        self._systems: _Shared[AutonomousSystem] = _Shared()
        self._transports: _Shared[Transport] = _Shared()

    def __call__(self, line: str) -> Connection:
        """Read a line; keys that are not known here (a newer program's) are passed over.

        Raises JsonLineError.
        """
        return self.connection(json_object(line))

    def connection(self, values: Mapping[str, object]) -> Connection:
        """Read what a line says, by its keys. Raises JsonLineError."""
        read = JsonLine(values)
        address, port = read.maybe(read.address, "address"), read.maybe(read.port, "port")
        if (address is None) != (port is None):
            raise JsonLineError("'address' and 'port' must both be given or both be null")
        local = read.later(read.address, "local_address")
        local_port = read.later(read.port, "local_port")
        if (local is None) != (local_port is None):
            raise JsonLineError("'local_address' and 'local_port' must both be given or both null")
        process = Process(
            pid=read.number("pid"),
            comm=read.text("comm"),
            executable=read.maybe(read.text, "process"),
            args=read.texts("args"),
            uid=read.number("uid"),
            user=read.text("user"),
            parent=read.later(read.number, "parent"),
            start_ns=read.later(read.time, "started"),
            cgroup=read.later(read.large, "cgroup"),
            netns=read.later(read.number, "netns"),
            mntns=read.later(read.number, "mntns"),
            container=read.later(read.text, "container"),
            unit=read.later(read.text, "unit"),
            container_name=read.later(read.text, "container_name"),
            parents=self._parents(read.later(read.ancestors, "parents") or ()),
        )
        host, system = _host(read), _system(read)
        return Connection(
            time_ns=read.time("time"),
            family=read.family("af"),
            tid=read.number("tid"),
            process=self._processes(process),
            address=address,
            port=port,
            host=host and self._hosts((host, host.learned_ns))[0],
            system=system and self._systems(system),
            local_address=local,
            local_port=local_port,
            outcome=_outcome(read),
            latency_us=read.later(read.milliseconds, "latency_ms") or None,
            transport=self._transports(_transport(read)),
        )


def connection_from_json(line: str) -> Connection:
    """Read one line; raises JsonLineError."""
    return JsonReader()(line)


def _host(read: JsonLine) -> Host | None:
    name, source = read.maybe(read.text, "host"), read.maybe(read.source, "host_source")
    if name is None and source is None:
        return None
    if name is None or source is None:
        raise JsonLineError("'host' and 'host_source' must both be given or both be null")
    return Host(name, source, read.later(read.time, "host_time"))


def _transport(read: JsonLine) -> Transport:
    return Transport(
        read.later(read.call, "call") or Call.CONNECT,
        read.later(read.socket_type, "socket_type"),
        read.later(read.text, "protocol"),
    )


def _system(read: JsonLine) -> AutonomousSystem | None:
    number, name = read.maybe(read.number, "asn"), read.maybe(read.text, "as_name")
    if number is None:
        if name is not None:
            raise JsonLineError("'as_name' must be null where 'asn' is")
        return None
    return AutonomousSystem(number, name or "")


def _outcome(read: JsonLine) -> Outcome | None:
    kind, errno = read.later(read.outcome, "outcome"), read.later(read.text, "errno")
    if kind is None:
        if errno is not None:
            raise JsonLineError("'errno' must be null where 'outcome' is")
        return None
    # As one of those that there are: see `probes.outcome`.
    return OUTCOMES[code_of(Outcome(kind, errno))]
