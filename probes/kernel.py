"""The probes in the kernel: compile, attach, read, count what was lost. The one user of bcc."""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from probes import tracefs
from probes.diagnostics import Diagnostics
from probes.errors import SourceError
from probes.record import Hook, HookKind
from probes.requirements import check_kernel, check_privilege, import_bcc, libc_path
from probes.ring import RING_SIZE, MappedRing, Ring, can_map, frame

KPROBE: Final = "security_socket_connect"
TRACEPOINT: Final = "syscalls:sys_enter_connect"

_SOURCE: Final = Path(__file__).with_name("bpf")
_TRACEPOINT_BLIND_SPOTS: Final = ("io_uring", "32-bit programs")
_Result = TypeVar("_Result")


class _Table(Protocol):
    """The part of a BCC table that is used here."""

    map_fd: int

    def __getitem__(self, key: object) -> Sequence[int]: ...
    def __setitem__(self, key: object, leaf: object) -> None: ...
    def open_ring_buffer(self, callback: Callable[[object, int, int], int]) -> None: ...


class _Bpf(Protocol):
    """The part of bcc.BPF that is used here. Failures are plain Exceptions."""

    def __getitem__(self, key: str) -> _Table: ...
    def attach_kprobe(self, *, event: bytes, fn_name: bytes) -> None: ...
    def attach_tracepoint(self, *, tp: bytes, fn_name: bytes) -> None: ...
    def attach_uprobe(self, *, name: bytes, sym: bytes, fn_name: bytes) -> None: ...
    def attach_uretprobe(self, *, name: bytes, sym: bytes, fn_name: bytes) -> None: ...
    def ring_buffer_consume(self) -> None: ...
    def cleanup(self) -> None: ...


class Kernel:
    """The compiled programs and, once attached, the ring they write to.

    Made and used in one thread, since a private tracefs belongs to a thread.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        """Compile the programs: about a second, most of it outside the interpreter lock.

        Raises:
            SourceError: not enough privilege, no usable BCC, or a kernel that cannot run them.
        """
        check_kernel()
        check_privilege()
        self._diagnostics = diagnostics
        self._bpf = self._guard(
            _compile,
            "BCC could not load the probes",
            "The kernel must have BPF (CONFIG_BPF_SYSCALL) and not be locked down for it.",
        )
        self._ring: Ring | None = None

    def attach(self, wanted: HookKind | None, *, names: bool, include_self: bool) -> Hook:
        """Attach the programs and open the ring.

        `wanted`: None takes the kprobe, and the tracepoint where there are no kprobes. `names`:
        also watch getaddrinfo(). `include_self`: report this process's own connections too.

        Raises:
            SourceError: what was asked for cannot be attached here.
        """
        with suppress(OSError):
            # BCC looks into it to detach a probe as well. Who cannot do without says so later.
            tracefs.provide()
        if not include_self:
            self._bpf["own_tgid"][ctypes.c_int(0)] = ctypes.c_uint32(os.getpid())
        if names:
            libc = libc_path()
            self._guard(
                lambda: _attach_getaddrinfo(self._bpf, os.fsencode(libc)),
                f"getaddrinfo() in {libc} cannot be watched",
                "The kernel must have uprobes (CONFIG_UPROBE_EVENTS); "
                "start with --no-names to go without hostnames.",
            )
        hook = self._attach_connect(wanted)
        self._ring = self._guard(
            lambda: _open_ring(self._bpf),
            "the probes' ring buffer cannot be mapped",
            "Free some memory: it takes 16 MB.",
        )
        return hook

    def drain(self) -> bytes:
        """The next whole records of the ring; see `probes.ring.Ring`."""
        return self._ring.drain() if self._ring else b""

    def lost(self) -> int:
        """How many events the programs could not write since they were attached."""
        return sum(self._bpf["lost"][ctypes.c_int(0)])

    def close(self) -> None:
        """Detach everything. Safe to call twice."""
        if self._ring:
            self._ring.close()
            self._ring = None
        # BCC would do it again as the process ends, and fail aloud.
        atexit.unregister(self._bpf.cleanup)
        with suppress(Exception):
            # Fails where tracefs, which BCC looks into, is gone or was never there. The probes
            # themselves hang on descriptors, and the kernel removes them with this process.
            self._bpf.cleanup()

    def _attach_connect(self, wanted: HookKind | None) -> Hook:
        if wanted is not HookKind.TRACEPOINT:
            try:
                return self._guard(
                    lambda: _attach_kprobe(self._bpf),
                    f"{KPROBE} cannot be watched by a kprobe",
                    "The kernel must have kprobes (CONFIG_KPROBES); start with --hook tracepoint.",
                )
            except SourceError:
                if wanted is HookKind.KPROBE:
                    raise
        return self._guard(
            lambda: _attach_tracepoint(self._bpf),
            f"the tracepoint {TRACEPOINT} cannot be watched",
            "The kernel must have kprobes (CONFIG_KPROBES) or system call tracepoints "
            "(CONFIG_FTRACE_SYSCALLS).",
        )

    def _guard(self, action: Callable[[], _Result], what: str, remedy: str) -> _Result:
        self._diagnostics.read()
        try:
            return action()
        except SourceError:
            raise
        except Exception as error:  # BCC raises nothing more precise, from every call
            printed = [line.strip() for line in self._diagnostics.read().splitlines()]
            told = [line for line in printed if line and not line.startswith("HINT")]
            reason = next((line for line in told if "error:" in line), told[-1] if told else "")
            raise SourceError(f"{what}: {reason or error}. {remedy}") from error


def _compile() -> _Bpf:
    bcc = import_bcc()
    os.environ["BCC_KERNEL_SOURCE"] = str(_SOURCE / "abi")
    flags = [
        f"-I{_SOURCE}",
        f"-DRING_PAGES={RING_SIZE // mmap.PAGESIZE}",
        f"-DSOCK_TUI_PAGE_SIZE={mmap.PAGESIZE}",
    ]
    return cast(_Bpf, bcc.BPF(text=(_SOURCE / "sock_tui.c").read_text(), cflags=flags))


def _open_ring(bpf: _Bpf) -> Ring:
    return MappedRing(bpf["events"].map_fd, RING_SIZE) if can_map() else _CallbackRing(bpf)


def _attach_getaddrinfo(bpf: _Bpf, libc: bytes) -> None:
    symbol = b"getaddrinfo"
    bpf.attach_uretprobe(name=libc, sym=symbol, fn_name=b"on_getaddrinfo_return")
    bpf.attach_uprobe(name=libc, sym=symbol, fn_name=b"on_getaddrinfo")


def _attach_kprobe(bpf: _Bpf) -> Hook:
    bpf.attach_kprobe(event=KPROBE.encode(), fn_name=b"on_security_socket_connect")
    return Hook(HookKind.KPROBE, KPROBE)


def _attach_tracepoint(bpf: _Bpf) -> Hook:
    tracefs.provide()
    bpf.attach_tracepoint(tp=TRACEPOINT.encode(), fn_name=b"on_sys_enter_connect")
    return Hook(HookKind.TRACEPOINT, TRACEPOINT, _TRACEPOINT_BLIND_SPOTS)


class _CallbackRing:
    """The ring through libbpf's consumer, whose barriers serve every machine: 3 µs an event."""

    def __init__(self, bpf: _Bpf) -> None:
        self._bpf = bpf
        self._records: list[bytes] = []
        bpf["events"].open_ring_buffer(self._take)

    def _take(self, _context: object, data: int, size: int) -> int:
        self._records.append(frame(ctypes.string_at(data, size)))
        return 0

    def drain(self) -> bytes:
        self._bpf.ring_buffer_consume()
        records = b"".join(self._records)
        self._records.clear()
        return records

    def close(self) -> None:
        self._records.clear()
