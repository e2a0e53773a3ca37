"""Scenarios about what was done and what became of it: outcomes, sends, and what is neither."""

from __future__ import annotations

import errno
from typing import Final

from kit.stage import EMPTY, PROHIBITED, SILENT, UNREACHABLE, Stage
from kit.truth import Address, Value

OUTCOME: Final = "outcomes"
SENDS: Final = "sends"
URING: Final = "io_uring"
NOTHING: Final = "what is no connection"

_CANNOT: Final = 77
# What each is called in sock-tui's fields `call` and `protocol`.
_KINDS: Final = {
    "sendto": ("send", "udp"),
    "sendmsg": ("send", "udp"),
    "sendmmsg": ("send", "udp"),
    "ping": ("send", "icmp"),
    "raw-icmp": ("send", "icmp"),
    "raw-ip": ("send", "ip-253"),
    "packet": ("send", "packet"),
    "sctp": ("send", "sctp"),
    "fast-open": ("fastopen", "tcp"),
    "uring-connect": ("connect", "tcp"),
    "uring-sendmsg": ("send", "udp"),
}
_WITHOUT_PORT: Final = ("ping", "raw-icmp", "raw-ip")


def outcomes(stage: Stage) -> None:
    """Connected, refused, unreachable, denied and timed out; each call's time is taken.

    What the kernel refuses by its own routes is never tried, and so takes no time.
    """
    program = stage.program("call")
    port = stage.there()[1]
    kinds = (
        ("connected", "connected", 0, "127.83.0", stage.port, 10),
        ("refused", "refused", errno.ECONNREFUSED, "127.83.1", port, 10),
        ("no route", "unreachable", errno.EHOSTUNREACH, UNREACHABLE, port, 10),
        ("prohibited", "denied", errno.EACCES, PROHIBITED, port, 10),
        ("nobody answers", "unreachable", errno.EHOSTUNREACH, EMPTY, port, 3),
        ("timed out", "timed out", errno.ETIMEDOUT, SILENT, port, 3),
    )
    started = []
    for kind, outcome, error, network, to, count in kinds:
        for number in range(1, count + 1):
            there = (f"{network}.{number}", to)
            args = [program, *map(str, there)]
            started.append((stage.start(args), there, args, kind, outcome, error))
    for process, there, args, kind, outcome, error in started:
        said, complaint = process.communicate()
        got, took_ns = map(int, said.split())
        # On a slow machine the call runs out of tries before the neighbour's address does.
        gave_up = kind == "nobody answers" and got == errno.ETIMEDOUT
        if got != error and not gave_up:
            raise OSError(f"{args} ended with error {got} and not {error}: {complaint}")
        facts: dict[str, Value] = {"outcome": "timed out" if gave_up else outcome}
        if kind not in ("no route", "prohibited"):
            facts["latency"] = took_ns / 1e6
        stage.act(OUTCOME, process.pid, there, args, kind, **facts)


def sends(stage: Stage) -> None:
    """Each way to send to an address, three times."""
    program = stage.program("sends")
    for kind, call in _KINDS.items():
        scenario = URING if kind.startswith("uring") else SENDS
        for _ in range(3):
            address, port = stage.there()
            args = [program, kind, address, str(port)]
            process = stage.start(args)
            _, said = process.communicate()
            if process.returncode == _CANNOT:
                stage.done.impossible.append(f"{kind}: {said.strip()}")
                break
            if process.returncode != 0:
                raise OSError(f"{args} failed: {said}")
            there: Address = (address, 0 if kind in _WITHOUT_PORT else port)
            if kind == "packet":
                there = (None, 0)
            stage.act(scenario, process.pid, there, args, kind, call=call)


def nothing(stage: Stage) -> None:
    """Calls of connect() that lead nowhere."""
    program = stage.program("hidden")
    for _ in range(5):
        with stage.start([program, stage.there()[0]]) as process:
            stage.done.silent.append((NOTHING, process.pid))


SCENARIOS: Final = (outcomes, sends, nothing)
