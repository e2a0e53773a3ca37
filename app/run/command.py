"""The command: a process that waits until it is watched, and then becomes what was asked for."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from typing import Final, NoReturn

from app.run.caller import Caller

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
"""Exit statuses of shells for commands that cannot be run: POSIX, 2.8.2."""
BY_SIGNAL: Final = 128
"""What shells add to the number of the signal that ended a command."""

# Python ignores them; a command has them as they are by default: subprocess does the same.
_RESTORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_GO: Final = b"g"


class CommandError(Exception):
    """The command could not be run, and why. `status`: what a shell ends with then."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Command:
    """One command; made before any thread is, since its process is forked then.

    Its process does nothing until it is released: it can be put under watch first.
    """

    def __init__(
        self,
        words: Sequence[str],
        caller: Caller,
        *,
        mask: Set[int] | None = None,
        terminal: int | None = None,
    ) -> None:
        """`words`: the program, looked for along PATH, and its arguments.

        `mask`: the signals that it has blocked; None, those that are blocked now. `terminal`: a
        descriptor that is its standard output and error, in a session of its own that has no
        controlling terminal; its standard input is /dev/null then. None: all as this process's.
        """
        self.words = tuple(words)
        self._caller = caller
        self._mask = mask
        self._terminal = terminal
        self._status: int | None = None
        go_read, self._go = os.pipe()
        self._failure, failure_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._go)
            self._become(go_read, failure_write)
        os.close(go_read)
        os.close(failure_write)

    @property
    def status(self) -> int | None:
        """With what it ended, as a shell says it; None while it runs, as far as is known."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else BY_SIGNAL - code
        return self._status

    def release(self) -> None:
        """Let it run; returns when it does.

        Raises:
            CommandError: it cannot be run.
        """
        with suppress(BrokenPipeError):  # somebody has ended it meanwhile
            os.write(self._go, _GO)
        os.close(self._go)
        told = os.read(self._failure, 16)
        os.close(self._failure)
        if told:
            self._wait()
            raise _refusal(self.words[0], int(told))

    def abandon(self) -> None:
        """End it before it was released."""
        os.close(self._go)
        os.close(self._failure)
        self._wait()

    def signal(self, number: int) -> None:
        """Send it a signal, and all of its group where it has one of its own."""
        if self.status is None:
            if self._terminal is not None:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def _wait(self) -> None:
        os.waitpid(self.pid, 0)
        self._status = BY_SIGNAL

    def _become(self, go: int, failure: int) -> NoReturn:
        """In the new process: wait for the word, and execute. Nothing here may connect anywhere."""
        try:
            # Where this is all that is left of sock-tui, nobody watches.
            if os.read(go, 1) == _GO:
                for number in _RESTORED:
                    signal.signal(number, signal.SIG_DFL)
                if self._mask is not None:
                    signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
                if self._terminal is not None:
                    os.setsid()
                    null = os.open(os.devnull, os.O_RDONLY)
                    for source, target in ((null, 0), (self._terminal, 1), (self._terminal, 2)):
                        os.dup2(source, target)
                self._caller.become()
                _execute(self.words, self._caller.environ)
        except OSError as error:
            os.write(failure, str(error.errno or errno.EINVAL).encode())
        finally:
            os._exit(NOT_EXECUTABLE)


def _execute(words: Sequence[str], environ: Mapping[str, str]) -> None:
    try:
        os.execvpe(words[0], list(words), environ)  # noqa: S606 - what was asked for
    except OSError as error:
        path = shutil.which(words[0], path=environ.get("PATH"))
        if error.errno != errno.ENOEXEC or path is None:
            raise
        # A script without a first line that says what runs it: execvp(3).
        os.execve("/bin/sh", ["sh", path, *words[1:]], environ)  # noqa: S606


def _refusal(word: str, number: int) -> CommandError:
    if number in (errno.ENOENT, errno.ENOTDIR):
        return CommandError(NOT_FOUND, f"{word}: no such command")
    return CommandError(NOT_EXECUTABLE, f"{word}: cannot be run: {os.strerror(number)}")
