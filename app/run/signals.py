"""Signals while a command runs: which of them it has already, and which are to be passed on."""

from __future__ import annotations

import signal
from typing import Final

WATCHED: Final = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD}
)
_BY_KERNEL: Final = 128  # SI_KERNEL: sigaction(2)


class Signals:
    """Takes signals in the one thread that asks for them; made before any other thread is.

    `was`: the signals that were blocked before, for the command.
    """

    def __init__(self) -> None:
        self.was = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)

    def next(self, seconds: float) -> tuple[signal.Signals, bool] | None:
        r"""The next one, within so long, and whether the command has it already.

        What the terminal sends (ctrl+c, ctrl+\, hanging up) it sends to all that stand in front,
        so to the command too; what somebody sends by kill(2) only this process gets. None for the
        end of a child, and where nothing came.
        """
        found = signal.sigtimedwait(WATCHED, seconds)
        # What Python gives where the time was up as SIGCONT came is whatever lay in memory
        # (Modules/signalmodule.c, signal_sigtimedwait_impl).
        if found is None or found.si_signo not in WATCHED - {signal.SIGCHLD}:
            return None
        return signal.Signals(found.si_signo), found.si_code == _BY_KERNEL

    def restore(self) -> None:
        """As before."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.was)
