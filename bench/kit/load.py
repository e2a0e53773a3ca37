"""The load for what a single call costs: one process, its calls timed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.command import give_up
from kit.compiled import compiled

NAME: Final = "name.bench.test"
ADDRESS: Final = "127.77.0.1"  # not the one that the connects go to, so that rows keep no name

# Where /etc/hosts alone knows the name, no resolver of the machine's own takes part.
_WITH_HOSTS: Final = 'mount --bind "$1" /etc/hosts; mount --bind "$2" /etc/nsswitch.conf; '


@dataclass(frozen=True, slots=True)
class Loads:
    """Load generators, each held on `core`. Numbers come back as they print them, sorted."""

    folder: Path
    core: int

    def full(self, batches: int, calls: int) -> list[float]:
        """connect() without a pause: nanoseconds a call, a mean for each batch."""
        return self._run([str(self._program("connects")), "full", str(batches), str(calls)])

    def paced(self, rate: int, calls: int) -> list[float]:
        """connect() at `rate` calls a second: nanoseconds of each."""
        return self._run([str(self._program("connects")), "paced", str(rate), str(calls)])

    def sends(self, way: str, batches: int, calls: int) -> list[float]:
        """One datagram after the other: nanoseconds a call, a mean for each batch.

        `way`: "connected", where the socket knows where to; "addressed", to one place each time.
        """
        return self._run([str(self._program("sends")), way, str(batches), str(calls)])

    def lookups(self, calls: int) -> list[float]:
        """getaddrinfo() of a name that stands in /etc/hosts: nanoseconds of each."""
        hosts, switch = self.folder / "hosts", self.folder / "nsswitch.conf"
        hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
        switch.write_text("hosts: files\n")
        script = f'set -e; {_WITH_HOSTS}shift 2; exec "$@"'
        program = [str(self._program("lookups")), NAME, str(calls)]
        private = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
        return self._run([*private, str(hosts), str(switch), *program])

    def _program(self, name: str) -> Path:
        return compiled(f"{name}.c", self.folder)

    def _run(self, command: Sequence[str]) -> list[float]:
        pinned = ["taskset", "--cpu-list", str(self.core), *command]
        done = subprocess.run(pinned, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            give_up(f"the load generator {Path(command[0]).name} failed, as it said above")
        return sorted(float(line) for line in done.stdout.split())
