"""What a capture holds of root's rights, and gives up as soon as it can do without.

Thread by thread: the thread that attaches the probes gives up all but `CAPTURE` once it has, every
other one all there is, ahead of whatever it does. Together they belong to a user who is not root.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from typing import Final, NamedTuple

from probes.errors import SourceError
from probes.kernel import capabilities, seccomp
from probes.kernel.capabilities import Capability
from probes.kernel.requirements import kernel_version
from probes.rights.opener import Opener

CAPTURE: Final = {
    Capability.CAP_DAC_READ_SEARCH: "containers' libcs and names",
    Capability.CAP_SYS_PTRACE: "/proc of other users' processes",
    Capability.CAP_BPF: "the probes' maps, before Linux 5.19",
    Capability.CAP_CHECKPOINT_RESTORE: "files that processes have mapped",
}
"""What the capturing thread keeps, and for what."""

_PARTS: Final = {Capability.CAP_BPF, Capability.CAP_CHECKPOINT_RESTORE}
"""What CAP_SYS_ADMIN stood for as well before, and does still."""

_MAPS_BY_DESCRIPTOR: Final = (5, 19)
"""The kernel from which on whoever has a map's descriptor may use the map."""


class Identity(NamedTuple):
    """A user, by numbers: user id, group id, supplementary groups."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class Privileges:
    """Those of this process; made, and prepared, ahead of every other thread."""

    def __init__(self, identity: Identity | None, *, kept: bool = False) -> None:
        """`identity`: who this process becomes; None stays who it is. `kept`: give up nothing."""
        self.identity = identity
        self.opener: Opener | None = None
        """Opens what takes root later; None where this process does it by itself."""
        self._kept = kept

    def prepare(self, *, names: bool) -> None:
        """Have ready what takes root later. `names`: hostnames are watched for.

        Raises SourceError.
        """
        if names and not self._kept:
            try:
                self.opener = Opener()
            except OSError as error:
                raise SourceError(f"no process can be made: {error.strerror}") from error

    def attached(self) -> None:
        """The probes are attached: the calling thread gives up what only that took.

        The other threads are expected to have given up theirs, and can do still less from now on.

        Raises SourceError.
        """
        if self._kept:
            return
        self._give_up(capture(capabilities.permitted()))
        with suppress(OSError):  # a kernel without such filters
            seccomp.refuse()

    def give_up(self, besides: Collection[Capability] = ()) -> None:
        """Have the calling thread give up all of it. `besides`: what it keeps.

        Threads that it starts later hold no more than it does. Raises SourceError.
        """
        if not self._kept:
            self._give_up(besides)

    def close(self) -> None:
        """Nothing more will be opened. Safe to call twice."""
        if self.opener:
            self.opener.close()

    def _give_up(self, besides: Collection[int]) -> None:
        try:
            capabilities.gain_nothing_more()
            capabilities.bound_nothing()  # while it may
            if self.identity is not None and self.identity.uid != os.geteuid():
                capabilities.become(*self.identity)
            capabilities.keep(besides)
        except OSError as error:
            raise SourceError(
                f"root's rights cannot be given up: {error.strerror}. "
                "--keep-root goes on with them."
            ) from error


def capture(permitted: Collection[int]) -> frozenset[int]:
    """What the capturing thread keeps of what it is permitted.

    Where it was given CAP_SYS_ADMIN in place of the newer ones that were taken out of that, it
    needs that on. The newest came with Linux 5.9.
    """
    wanted = set(CAPTURE)
    if kernel_version() >= _MAPS_BY_DESCRIPTOR:
        wanted.remove(Capability.CAP_BPF)
    if wanted & _PARTS - set(permitted):
        wanted.add(Capability.CAP_SYS_ADMIN)
    return frozenset(permitted) & wanted
