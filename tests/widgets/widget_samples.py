"""Connections for the widgets' tests, made when they are asked for."""

from probes.outcome import Outcome, OutcomeKind
from probes.record import AutonomousSystem, Connection, Host, HostSource, Process

NOON_NS = 1_763_900_000_000_000_000

HOSTILE = (
    "\x1b[31mred\x1b]0;owned\x07 \u202etxt.exe [red]x[/red] [@click=app.quit]q[/]\n\r\x9b2J\u200b"
)


def connection(number: int = 0, **changes: object) -> Connection:
    """A connection whose port is `number`, so that a row can be told from its neighbours."""
    fields: dict[str, object] = {
        "time_ns": NOON_NS + number * 1_000_000_000,
        "family": 2,
        "tid": 7,
        "process": process(),
        "address": "192.0.2.1",
        "port": number,
        "host": Host("api.github.com", HostSource.GETADDRINFO),
        "system": AutonomousSystem(36459, "GITHUB"),
        "local_address": "192.168.7.20",
        "local_port": 51_234,
        "outcome": Outcome(OutcomeKind.CONNECTED),
        "latency_us": 12_345,
    }
    return Connection(**(fields | changes))  # type: ignore[arg-type]


def process(
    executable: str | None = "/usr/bin/curl",
    comm: str = "curl",
    pid: int = 4242,
    user: str = "alice",
) -> Process:
    return Process(pid, comm, executable, (comm,), 1000, user)


class Numbered:
    """Rows `first` to `last`, none of which exists before it is asked for; `asked` counts."""

    def __init__(self, last: int, first: int = 0) -> None:
        self.first, self.last, self.asked = first, last, 0

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, index: int, /) -> Connection:
        if not 0 <= index < len(self):
            raise IndexError(index)
        self.asked += 1
        return connection(self.first + index)
