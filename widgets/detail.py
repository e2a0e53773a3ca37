"""Where a connection leads to, and what became of it, in words."""

from __future__ import annotations

from typing import Final

from probes.family import family_name
from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource
from probes.text import visible
from probes.timestamp import iso_text
from probes.transport import Transport
from widgets.facts import Fact, Section
from widgets.fit import duration
from widgets.tones import Tone
from widgets.values import Said, Value, asked, told

_SOURCES: Final = {
    HostSource.GETADDRINFO: "this process asked for it",
    HostSource.OTHER_PROCESS: "a guess: another process asked for it and got this address",
    HostSource.DNS: "a guess: a DNS answer gave it this address",
    HostSource.PROCESS_TREE: "a process above or below this one asked for it",
    HostSource.RESOLVED: "a guess: systemd-resolved answered so",
    HostSource.PTR: "nobody asked for it: the address's own name",
}
RESULTS: Final = {
    OutcomeKind.CONNECTED: ("connected", Tone.PLAIN),
    OutcomeKind.IN_PROGRESS: ("in progress", Tone.AWAITED),
    OutcomeKind.REFUSED: ("refused", Tone.FAILED),
    OutcomeKind.TIMED_OUT: ("timed out", Tone.FAILED),
    OutcomeKind.UNREACHABLE: ("unreachable", Tone.FAILED),
    OutcomeKind.DENIED: ("denied", Tone.FAILED),
    OutcomeKind.ABANDONED: ("given up by the program before an answer came", Tone.FAILED),
    OutcomeKind.FAILED: ("failed", Tone.FAILED),
}
"""What is said of each, and how."""


def destination(connection: Connection, prefix: str | None) -> Section:
    """Where it leads to, and when it was made.

    `prefix`: with which the autonomous system announces the address, "" where that is not known,
    None while that is looked for.
    """
    name = family_name(connection.family)
    family = asked("the address family", "family", name.removeprefix("AF_").lower())
    if connection.address is None:
        remark = Said("  which has no addresses", Tone.MUTED)
        facts = [Fact("Family", (Said(name, Tone.STRONG, family), remark))]
    else:
        end = _end(connection.address, connection.port, connection.transport)
        facts = [
            Fact("To", (*end, Said("  ", Tone.MUTED), Said(name, Tone.MUTED, family))),
            Fact("Host", _host(connection.host, connection.time_ns)),
            Fact("AS", _system(connection.system, prefix)),
        ]
    if connection.transport.text:
        facts.append(Fact("Protocol", _protocol(connection.transport)))
    if connection.outcome is not None:
        facts.append(Fact("Result", _result(connection, connection.outcome)))
    if connection.origin:
        origin = told("the local address", connection.origin)
        facts.append(Fact("From", (Said(origin.text, Tone.PLAIN, origin),)))
    made = iso_text(connection.time_ns)
    time = Value("the time", made, (("since", made[:19]),))
    when = (Said(made[:10], Tone.MUTED, time), Said(f" {made[11:26]}", Tone.PLAIN, time))
    facts.append(Fact("Made", when))
    return Section("Connection", tuple(facts))


def result(kind: OutcomeKind) -> Value:
    """What became of it."""
    return asked("the result", "result", kind.value)


def host(name: str) -> Value:
    """A hostname, without the mark of a guess."""
    return asked("the hostname", "host", name)


def address(text: str) -> Value:
    """An address by itself."""
    return asked("the address", "net", text)


def system_value(system: AutonomousSystem) -> Value:
    """An autonomous system, by its number."""
    return Value("the AS", f"AS{system.number}", (("as", str(system.number)),))


def endpoint(address: str, port: int | None, shown: str) -> Value:
    """An address with its port, `shown` together."""
    asks = (("net", address), *((("port", str(port)),) if port else ()))
    return Value("the destination", visible(shown), asks)


def _end(there: str, port: int | None, transport: Transport) -> tuple[Said, ...]:
    """The address and the port, each by itself."""
    value = address(there)
    pieces = [Said(value.text, Tone.STRONG, value)]
    if ":" in there:
        pieces = [Said("[", Tone.STRONG), *pieces, Said("]", Tone.STRONG)]
    if port:
        number = asked("the port", "port", str(port))
        return (*pieces, Said(":", Tone.STRONG), Said(number.text, Tone.STRONG, number))
    if transport.has_ports:
        return (*pieces, Said(f":{port}", Tone.STRONG))
    return (Said(value.text, Tone.STRONG, value),)


def _protocol(transport: Transport) -> tuple[Said, ...]:
    label, call = transport.label, transport.text.removeprefix(transport.label)
    pieces = []
    if label:
        pieces.append(Said(visible(label), Tone.PLAIN, asked("the protocol", "proto", label)))
    if call:
        value = asked("the call", "call", transport.call.value)
        pieces.append(Said(visible(call), Tone.PLAIN, value))
    return tuple(pieces)


def _result(connection: Connection, outcome: Outcome) -> tuple[Said, ...]:
    said, tone = RESULTS[outcome.kind]
    pieces = [Said(said, tone, result(outcome.kind))]
    if connection.latency_us is not None:
        pieces.append(Said(f" after {duration(connection.latency_us)}", Tone.PLAIN))
    if outcome.errno:
        error = asked("the error", "result", outcome.errno)
        pieces += [Said("  ", Tone.MUTED), Said(error.text, Tone.MUTED, error)]
    return tuple(pieces)


def _host(found: Host | None, made_ns: int) -> tuple[Said, ...]:
    if found is None:
        return (Said("no name was seen", Tone.MUTED),)
    tone = Tone.GUESS if found.is_guess else Tone.STRONG
    known = _SOURCES[found.source]
    if found.learned_ns is not None:
        known += f", {_age(made_ns - found.learned_ns)}"
    value = host(found.name) if found.name else None
    return (Said(visible(found.label), tone, value), Said(f"  {known}", Tone.MUTED))


def _age(age_ns: int) -> str:
    """When a name was learned, as seen from a connection that was made so much later."""
    seconds = abs(age_ns) // 1_000_000_000
    if not seconds:
        return "just then"
    ago = f"{seconds} s" if seconds < 100 else f"{seconds // 60} min"
    return f"{ago} {'before' if age_ns > 0 else 'afterwards'}"


def _system(system: AutonomousSystem | None, prefix: str | None) -> tuple[Said, ...]:
    if system is None:
        return (Said("none known", Tone.MUTED),)
    pieces = [Said(visible(system.label), Tone.PLAIN, system_value(system)), Said("  ", Tone.MUTED)]
    if prefix is None:
        return (*pieces, Said("…", Tone.MUTED))
    network = asked("the prefix", "net", prefix) if prefix else None
    return (*pieces, Said(visible(prefix), Tone.MUTED, network))
