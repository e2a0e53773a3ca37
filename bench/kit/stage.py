"""Where the scenarios of bench/attribution are performed: their world, programs and addresses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kit.compiled import compiled
from kit.nameserver import serving
from kit.truth import Act, Performance, Subject, Value

ROUNDS: Final = 50  # of two threads that resolve at once
REBORN: Final = 40  # processes of one PID that each asked for a name
HERE_AND_THERE: Final = 20  # programs with a resolver of their own, in each network namespace

# What getaddrinfo() finds, by /etc/hosts; two names of one address are the case that is hard.
FOUND: Final[Mapping[str, str]] = {
    **{f"left{n}.bench.test": f"127.82.0.{n}" for n in range(1, ROUNDS + 1)},
    **{f"right{n}.bench.test": f"127.82.0.{n}" for n in range(1, ROUNDS + 1)},
    **{f"dead{n}.bench.test": f"127.82.1.{n}" for n in range(1, REBORN + 1)},
    **{f"libc{n}.bench.test": f"127.82.2.{n}" for n in range(1, 11)},
    **{f"sandbox{n}.bench.test": f"127.82.3.{n}" for n in range(1, 11)},
}
# What only the name server knows.
SERVED: Final[Mapping[str, str]] = {
    # Two names of one address, asked for in turn: the last one that was asked for counts.
    **{f"own{n}.dns.test": f"127.82.4.{(n + 1) // 2}" for n in range(1, HERE_AND_THERE + 1)},
    **{f"inner{n}.dns.test": f"127.82.5.{n}" for n in range(1, HERE_AND_THERE + 1)},
    **{f"box{n}.dns.test": f"127.82.6.{n}" for n in range(1, 11)},
}
# Networks without a way to them, with one that loses everything without a word, and one in which
# nobody answers.
UNREACHABLE, PROHIBITED, SILENT, EMPTY = "10.77.1", "10.77.2", "10.77.3", "10.77.4"
_NETWORKS: Final = (
    f"route add unreachable {UNREACHABLE}.0/24",
    f"route add prohibit {PROHIBITED}.0/24",
    # On loopback, with a destination that is not this machine: nobody takes it.
    f"route add {SILENT}.0/24 dev lo",
    "link add near type veth peer name far",
    f"address add {EMPTY}.254/24 dev near",
    "link set near up",
    "link set far up",
)
_SETTINGS: Final = {
    "ping_group_range": "0 2147483647",  # whoever likes may ping
    "tcp_syn_retries": "1",  # an attempt times out after 3 s
    "neigh/near/mcast_solicit": "1",  # and is given up after 1 s where nobody answers
}


# The programs of truth/, and how each is compiled.
PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "call": ("-static",),
    "ask": ("-static",),
    "hidden": ("-static",),
    "reborn": ("-static",),
    "sends": ("-static",),
    "named": (),
    "sandbox": (),
    "threads": ("-pthread",),
}


def make_programs(folder: Path) -> None:
    """Compile all of them into `folder`."""
    for name, flags in PROGRAMS.items():
        compiled(f"truth/{name}.c", folder, *flags)


@dataclass(slots=True)
class Stage:
    """Where scenarios get what they need, and say what they did.

    `programs`: what `make_programs` made. `folder`: for whatever else. `port`: a TCP server listens
    there on every address. `quick`: a tenth of what may be done in any number. `settle_s`: seconds
    within which a tool watches a libc that is new to it.
    """

    programs: Path
    folder: Path
    port: int
    quick: bool
    settle_s: float
    done: Performance = field(default_factory=Performance)
    _used: int = 0

    def times(self, wanted: int) -> int:
        """How often, where it is to be `wanted` times."""
        return max(1, wanted // 10) if self.quick else wanted

    def program(self, name: str) -> Path:
        """One of `PROGRAMS`."""
        return self.programs / name

    def copy(self, program: Path, *parts: str) -> Path:
        """The same program elsewhere below the folder."""
        target = self.folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, target)
        return target

    def there(self) -> tuple[str, int]:
        """An address and a port that nothing else uses and nobody listens at."""
        self._used += 1
        return f"127.81.{self._used >> 8}.{self._used & 255}", 4000 + self._used

    def start(self, command: Sequence[str | Path]) -> subprocess.Popen[str]:
        """A process with a pipe to it and one from it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def act(
        self,
        scenario: str,
        pid: int,
        there: tuple[str | None, int],
        args: Sequence[str | Path],
        kind: str = "",
        **others: Value,
    ) -> None:
        """One more that must be seen, of a process that was executed with `args`.

        `kind`: see `Act`. `others`: by the name of their `Subject`.
        """
        path = str(args[0])
        facts: dict[Subject, Value] = {
            Subject.NAME: os.path.basename(path),
            Subject.PATH: path,
            Subject.ARGUMENTS: tuple(map(str, args)),
        }
        facts |= {Subject[name.upper()]: value for name, value in others.items()}
        self.done.acts.append(Act(scenario, pid, there, facts, kind))


@contextmanager
def set_up(programs: Path, folder: Path, *, quick: bool, settle_s: float) -> Iterator[Stage]:
    """To be called in network and mount namespaces of its own, before any thread is started."""
    from tests.world import furnished  # no package that is installed

    with furnished({name: [address] for name, address in FOUND.items()}) as port:
        for network in _NETWORKS:
            subprocess.run(["ip", *network.split()], check=True)
        for name, value in _SETTINGS.items():
            Path("/proc/sys/net/ipv4", name).write_text(value)
        with serving(SERVED):
            yield Stage(programs, folder, port, quick, settle_s)
