"""DNS answers in every network namespace in use: this process's own, and those of containers.

A thread looks for namespaces and enters each, one after the other, to open sockets in it: a socket
stays in the namespace that it was opened in. It keeps the namespace alive as well, so it is closed
when no process is in there any more.
"""

from __future__ import annotations

import ctypes
import errno
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from probes.naming.answers import Answers, Heard

NAMESPACES_MAX: Final = 64
"""How many are listened in, besides our own: each of their packets passes our filter."""

_SCANS: Final = 2.0  # seconds from one look for new processes to the next
_WHOLE: Final = 10.0  # seconds until every process is looked at again: it may have moved
_ENDED: Final = (errno.ENOENT, errno.ESRCH)  # the process, or its place in the namespace
_CLONE_NEWNET: Final = 0x4000_0000
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Namespaces:
    """Sockets by namespace. `drain`, `dropped` and `seen` are for one thread."""

    def __init__(
        self,
        listen: Callable[[int, int], Answers] | None = None,
        root: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`listen(pid, netns)`: opens sockets in the namespace that a process is in.

        It raises OSError, with ESRCH where the process is in there no more. None: by entering the
        namespace, which takes root. `clock`: seconds.

        Raises OSError: such sockets are not to be had here at all.
        """
        self._root = os.fsencode(root)
        self._clock = clock
        self._home = os.stat(f"{os.fspath(root)}/self/ns/net").st_ino
        self._listen = listen or self._entering
        self._lock = threading.Lock()  # for the next four
        self._answers = {self._home: self._listen(os.getpid(), self._home)}
        self._poll = select.epoll()
        self._by_descriptor: dict[int, Answers] = {}
        self._dropped = 0
        self._register(self._answers[self._home])
        self._failed: set[int] = set()
        self._inside: dict[int, int] = {}  # pid: namespace
        self._whole_at = 0.0
        self._wanted: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._unheard = 0
        self._thread: threading.Thread | None = None

    @property
    def unheard(self) -> int:
        """In how many namespaces nobody listens: beyond `NAMESPACES_MAX`, or it is not possible."""
        return self._unheard

    def start(self) -> None:
        """Begin to look for other namespaces, in a thread."""
        self._thread = threading.Thread(target=self._work, name="namespaces", daemon=True)
        self._thread.start()

    def seen(self, processes: Iterable[tuple[int, int]]) -> None:
        """These processes, (pid, namespace), were seen to do something."""
        for pid, netns in processes:
            if netns and netns not in self._answers and netns not in self._failed:
                self._wanted.put((pid, netns))

    def drain(self) -> list[Heard]:
        """The answers that have come since; see `Answers.drain`."""
        found: list[Heard] = []
        with self._lock:
            # One call where nothing has come, however many sockets there are.
            ready = {self._by_descriptor[descriptor] for descriptor, _ in self._poll.poll(0)}
            for answers in ready:
                found += answers.drain()
        return found

    def dropped(self) -> int:
        """How many packets found no room since the start."""
        with self._lock:
            return self._dropped + sum(answers.dropped() for answers in self._answers.values())

    def close(self) -> None:
        """Let go of all sockets."""
        if self._thread:
            self._wanted.put(None)
            self._thread.join()
        # The kernel takes 17 ms to close one of their sockets, and hardly longer for many at once.
        closers = [threading.Thread(target=self._forget, args=[netns]) for netns in self._answers]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join()
        self._poll.close()

    def _work(self) -> None:
        while True:
            self._scan()
            with suppress(queue.Empty):
                while wanted := self._wanted.get(timeout=_SCANS):
                    self._open(*wanted)
                return

    def _scan(self) -> None:
        """Look at new processes, from time to time at all of them."""
        is_whole = self._clock() >= self._whole_at
        if is_whole:
            self._whole_at = self._clock() + _WHOLE
        known = {} if is_whole else self._inside
        try:
            running = [int(name) for name in os.listdir(self._root) if name.isdigit()]
        except OSError:  # no descriptor to be had, for example; it is tried again
            return
        self._inside = {pid: known.get(pid) or self._namespace(pid) for pid in running}
        in_use = {netns: pid for pid, netns in self._inside.items() if netns}
        if is_whole:
            self._failed &= in_use.keys()
            for netns in self._answers.keys() - in_use.keys() - {self._home}:
                self._forget(netns)
        for netns, pid in in_use.items():
            self._open(pid, netns)
        self._unheard = len(in_use.keys() - self._answers.keys())

    def _namespace(self, pid: int) -> int:
        try:
            return os.stat(b"%b/%d/ns/net" % (self._root, pid)).st_ino
        except OSError:  # it has ended
            return 0

    def _open(self, pid: int, netns: int) -> None:
        if netns in self._answers or netns in self._failed or len(self._answers) > NAMESPACES_MAX:
            return
        try:
            answers = self._listen(pid, netns)
        except OSError as error:
            if error.errno not in _ENDED:
                self._failed.add(netns)
            return
        with self._lock:
            self._answers[netns] = answers
            self._register(answers)

    def _entering(self, pid: int, netns: int) -> Answers:
        with entered(pid, netns, self._home, self._root):
            return Answers(netns)

    def _register(self, answers: Answers) -> None:
        for descriptor in answers.descriptors:
            self._by_descriptor[descriptor] = answers
            self._poll.register(descriptor, select.EPOLLIN)

    def _forget(self, netns: int) -> None:
        with self._lock:
            answers = self._answers.pop(netns)
            for descriptor in answers.descriptors:
                del self._by_descriptor[descriptor]
                self._poll.unregister(descriptor)
            self._dropped += answers.dropped()
        answers.close()


@contextmanager
def entered(pid: int, netns: int, home: int, root: bytes = b"/proc") -> Iterator[None]:
    """In this block the calling thread is in `netns`, where process `pid` is; then in `home` again.

    Both are inodes. Raises OSError: ESRCH where the process is not in there any more.
    """
    if netns == home:
        yield
        return
    back = os.open(b"%b/thread-self/ns/net" % root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(b"%b/%d/ns/net" % (root, pid), os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.fstat(there).st_ino != netns:
                raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(back)
    finally:
        os.close(back)


def _enter(namespace: int) -> None:
    """Move this thread, and no other, into a network namespace."""
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
