"""The probes that tell what became of a connect(): at its return, and at a socket's states."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Final

from probes.kernel import bpf_calls, perf_events, tracefs
from probes.kernel.layout import CONNECT_CALLS, CONNECT_FILE
from probes.kernel.loader import Loader
from probes.kernel.task import OUTCOMES

RETURN: Final = "syscalls:sys_exit_connect"
STATES: Final = "inet_sock_set_state"

_ON_RETURN: Final = "on_sys_exit_connect"
_ON_STATE: Final = "on_inet_sock_set_state"
_ON_CALL_RETURN: Final = "on_system_call_return"
_ON_FILE_RETURN: Final = "on_connect_file_return"


class Returns:
    """Counts the returns of connect() that no program saw, from how often each was left out.

    The kernel leaves a program out while another run of it is under way on the same processor: of a
    thread that lost the processor in the midst of it, where threads can. Two programs that see each
    return, one after the other, stand in for each other then. A call is unseen only where both were
    left out, and the second of them at once after the first.
    """

    def __init__(self, *, twice: bool) -> None:
        """`twice`: each return is seen by two programs."""
        self._twice = twice
        self._unseen = self._first = self._second = self._open = 0

    def unseen(self, first: int, second: int) -> int:
        """How many there were since the start; at most, since other calls are left out as well.

        `first`, `second`: how often the program that sees returns first, and the other one, were
        left out since the start. To be asked every so often: what was left out at one of them long
        before the other is not taken for the same call.
        """
        new_first, new_second = first - self._first, second - self._second
        self._first, self._second = first, second
        if not self._twice:
            self._unseen += new_first + new_second
            return self._unseen
        both = min(self._open + new_first, new_second)
        self._unseen += both
        self._open = max(new_first - both, 0)
        return self._unseen


def attach(loader: Loader) -> Callable[[], int]:
    """Watch outcomes, and have the programs that are loaded from now on tell of them.

    Returns what counts the calls whose return no program saw: see `Returns.unseen`.

    Raises:
        OSError: this kernel does not let it; the text says what it lacks.
    """
    if _ON_STATE not in loader.bytecode.programs:
        raise OSError(0, "the kernel has no type information (CONFIG_DEBUG_INFO_BTF)")
    on_state = loader.load(bpf_calls.RAW_TRACEPOINT_PROGRAM, _ON_STATE)
    loader.keep(bpf_calls.attach_raw_tracepoint(on_state, STATES))
    try:
        returns = Returns(twice=_attach_to_functions(loader))
    except (OSError, LookupError):
        # No type information, no kprobes, or no trampolines: costs every system call 30 ns.
        tracefs.provide()
        on_return = loader.load(bpf_calls.TRACEPOINT_PROGRAM, _ON_RETURN)
        loader.keep(perf_events.attach_tracepoint(on_return, RETURN))
        returns = Returns(twice=False)
    loader.filters |= OUTCOMES
    # Whatever of them could not be attached was never left out.
    second = _ON_CALL_RETURN, _ON_RETURN
    return lambda: returns.unseen(loader.skipped((_ON_FILE_RETURN,)), loader.skipped(second))


def _attach_to_functions(loader: Loader) -> bool:
    """Whether each connect() is seen twice.

    Raises LookupError where the kernel does not say where they are; OSError.
    """
    functions = loader.bytecode.functions
    calls = [functions[name] for name in CONNECT_CALLS if name in functions]
    wanted = [(_ON_CALL_RETURN, number) for number in calls]
    wanted.append((_ON_FILE_RETURN, functions[CONNECT_FILE]))
    if len(wanted) == 1:
        raise LookupError(CONNECT_CALLS)
    programs = [loader.load(bpf_calls.TRACING_PROGRAM, name, number) for name, number in wanted]
    for program in programs:
        loader.keep(bpf_calls.attach_traced(program))
    return _sees_connect(programs[-1])


def _sees_connect(program: int) -> bool:
    """Whether a connect() runs it: what it is attached to may be compiled into its caller."""
    try:
        counting = bpf_calls.count_runs()
    except OSError:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as nowhere:
            nowhere.connect_ex("")
        return bpf_calls.times_run(program) > 0
    finally:
        os.close(counting)
