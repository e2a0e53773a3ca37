"""Who asked for which name, of one address."""

from __future__ import annotations

from typing import Final, NamedTuple

from probes.record import Host

_ASKERS: Final = 16  # of an address, the newest; looked through for relatives
_PLACES: Final = 64  # network namespaces in which an address has a name of its own
_THREADS: Final = 256  # of a process, for an address


class Asker(NamedTuple):
    """A process. `start`: tells it from others that had its pid.

    It is a process image's number without what execve() changes (see
    `probes.processes.image.Image`); where the kernel does not tell it, the executable's path as far
    as it is known.
    """

    pid: int
    start: int | str


class Own:
    """What a process asked for: `host` is the newest, that of thread `tid`.

    `threads`: each one's own, where there is more than one.
    """

    __slots__ = ("host", "threads", "tid")

    def __init__(self, host: Host, tid: int) -> None:
        self.host = host
        self.tid = tid
        self.threads: dict[int, Host] | None = None

    def ask(self, host: Host, tid: int) -> None:
        """Thread `tid` asked, and was told `host`."""
        if self.threads is None and tid != self.tid:
            self.threads = {self.tid: self.host}
        if self.threads is not None:
            self.threads.pop(tid, None)
            self.threads[tid] = host
            if len(self.threads) > _THREADS:
                del self.threads[next(iter(self.threads))]
        self.host, self.tid = host, tid


class Known:
    """Of an address: the newest name, since when it is that, and who asked, newest last.

    `since`: see `probes.naming.recent.Answer`. `kin`: what relatives of a process asked for, as far
    as that was looked for. `places`: the newest by network namespace, 0 where that is not known,
    for an address that is not the same machine everywhere.
    """

    __slots__ = ("askers", "host", "kin", "places", "since")

    def __init__(self) -> None:
        self.host: Host | None = None
        self.since = (0, 0)
        self.kin: dict[Asker, Host | None] = {}
        self.places: dict[int, Host] = {}
        self.askers: dict[Asker, None] = {}

    def asked_by(self, asker: Asker) -> None:
        """This one asked last."""
        self.askers.pop(asker, None)
        self.askers[asker] = None
        if len(self.askers) > _ASKERS:
            del self.askers[next(iter(self.askers))]

    def named_in(self, netns: int) -> None:
        """The newest name is that namespace's."""
        self.places.pop(netns, None)
        if self.host is not None:
            self.places[netns] = self.host
        if len(self.places) > _PLACES:
            del self.places[next(iter(self.places))]
