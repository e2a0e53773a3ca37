"""Connections for tests: one that can be varied, and any that hostile processes could make."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

from probes.outcome import OUTCOMES, Outcome, OutcomeKind
from probes.record import Ancestor, AutonomousSystem, Connection, Host, HostSource, Process
from probes.transport import Call, SocketType, Transport

CURL = Process(
    pid=8549,
    comm="curl",
    executable="/usr/bin/curl",
    args=("curl", "-s", "https://github.com/"),
    uid=1000,
    user="alice",
    parent=8001,
    start_ns=1_700_000_000_003_000_000,
    cgroup=5873,
    netns=4_026_531_840,
    mntns=4_026_531_841,
    container="3f4a0b1c2d3e",
    unit="session-3.scope",
    container_name="web",
    parents=(
        Ancestor(8001, "", "/usr/bin/bash", ()),
        Ancestor(1, "", "/usr/lib/systemd/systemd", ()),
    ),
)
GITHUB = Connection(
    time_ns=1_700_000_000_123_456_000,  # 2023-11-14 22:13:20.123456 UTC
    family=2,
    tid=8551,
    process=CURL,
    address="140.82.118.3",
    port=443,
    host=Host("github.com", HostSource.GETADDRINFO, 1_700_000_000_100_000_000),
    system=AutonomousSystem(36459, "GITHUB"),
    local_address="192.168.7.20",
    local_port=51_234,
    outcome=Outcome(OutcomeKind.CONNECTED),
    latency_us=12_345,
    transport=Transport(Call.CONNECT, SocketType.STREAM, "tcp"),
)
UNTOLD: dict[str, object] = {
    **dict.fromkeys(("parent", "start_ns", "cgroup", "netns", "mntns", "container", "unit")),
    **{"container_name": None, "parents": ()},
}
"""What is not known of a process that the kernel did not tell."""

UNSAID = dict.fromkeys(("local_address", "local_port", "outcome", "latency_us"), None)
"""What is not known of a connection of which nobody said what became of it."""

NETLINK = replace(
    GITHUB,
    family=16,
    address=None,
    port=None,
    host=None,
    system=None,
    transport=Transport(Call.CONNECT, SocketType.RAW, "netlink"),
    **UNSAID,  # type: ignore[arg-type]
)


def made_by(**changes: object) -> Connection:
    """The connection to GitHub, made by curl with some attributes changed."""
    return replace(GITHUB, process=replace(CURL, **changes))  # type: ignore[arg-type]


# What os.fsdecode gives for any bytes: every code point but the surrogates, and escaped bytes.
_odd = st.sampled_from("\n\r\t\x00\x1b\x7f\x85\u200b\u202e\ufeff\u2028\udc80\udcff,;\"'=+-@\\ ")
texts = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), _odd), max_size=20)
formulas = st.builds(lambda first, rest: first + rest, st.sampled_from("=+-@\t\r\uff1d"), texts)
names = st.one_of(texts, formulas)
numbers = st.integers(0, 0xFFFF_FFFF)
# Whole microseconds, 1970 to April 2262.
times = st.integers(0, (2**63 - 1) // 1000).map(lambda us: us * 1000)
# As they are read back: of what has a path, the rest is not written.
ancestors = st.one_of(
    st.builds(lambda pid, path: Ancestor(pid, "", f"/{path}", ()), numbers, names),
    st.builds(lambda pid, comm: Ancestor(pid, comm, None, ()), numbers, names.filter("?".__ne__)),
)
processes = st.builds(
    Process,
    pid=numbers,
    comm=names,
    executable=st.one_of(st.none(), names),
    args=st.lists(names, max_size=3).map(tuple),
    uid=numbers,
    user=names,
    parent=st.one_of(st.none(), numbers),
    start_ns=st.one_of(st.none(), times),
    cgroup=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    netns=st.one_of(st.none(), numbers),
    mntns=st.one_of(st.none(), numbers),
    container=st.one_of(st.none(), names),
    unit=st.one_of(st.none(), names),
    container_name=st.one_of(st.none(), names),
    parents=st.lists(ancestors, max_size=3).map(tuple),
)
addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n))),
)


def _connection(with_address: bool, with_local: bool, connection: Connection) -> Connection:
    if not with_address:
        connection = replace(connection, address=None, port=None)
    return connection if with_local else replace(connection, local_address=None, local_port=None)


connections = st.builds(
    _connection,
    st.booleans(),
    st.booleans(),
    st.builds(
        Connection,
        time_ns=times,
        family=st.integers(0, 99),
        tid=numbers,
        process=processes,
        address=addresses,
        port=st.integers(0, 65535),
        host=st.one_of(
            st.none(),
            st.builds(Host, names, st.sampled_from(HostSource), st.one_of(st.none(), times)),
        ),
        system=st.one_of(st.none(), st.builds(AutonomousSystem, numbers, names)),
        local_address=addresses,
        local_port=st.integers(0, 65535),
        outcome=st.sampled_from(sorted(set(OUTCOMES), key=repr)),
        latency_us=st.one_of(st.none(), st.integers(1, 0xFFFF_FFFF)),
        transport=st.builds(
            Transport,
            st.sampled_from(Call),
            st.one_of(st.none(), st.sampled_from(SocketType)),
            st.one_of(st.none(), names),
        ),
    ),
)
