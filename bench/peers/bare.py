"""A peer: the least that a BCC tool does to attach the same programs; and where its time goes.

Prints a JSON object: the phases of its start in seconds, from the moment given as its argument
(seconds of CLOCK_MONOTONIC, when it was executed).
"""

from __future__ import annotations

import time

STARTED = time.monotonic()

import ctypes  # noqa: E402 - the interpreter's own start ends above
import json  # noqa: E402
import mmap  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

BPF = Path(__file__).parents[2] / "probes" / "bpf"
RING_SIZE = 16 << 20  # bytes, as sock-tui's
SYMBOL = b"getaddrinfo"


def main() -> None:
    """Go through the phases, print what each took, end."""
    phases = {"interpreter": STARTED - float(sys.argv[1])}
    last = STARTED

    def end_of(phase: str) -> None:
        nonlocal last
        now = time.monotonic()
        phases[phase] = now - last
        last = now

    import bcc

    from probes.kernel import tracefs
    from probes.kernel.requirements import libc_path

    # BCC's Python leaves the last argument out (iovisor/bcc issue 5236): with whatever lies on the
    # stack in its place, the kernel refuses everybody else's probe on the same function.
    attach_uprobe = bcc.lib.bpf_attach_uprobe
    attach_uprobe.argtypes = [*attach_uprobe.argtypes, ctypes.c_uint32]
    bcc.lib.bpf_attach_uprobe = lambda *arguments: attach_uprobe(*arguments, 0)
    end_of("import of BCC")
    os.environ["BCC_KERNEL_SOURCE"] = str(BPF / "abi")
    sys.path.insert(0, str(BPF.parents[1]))
    from probes.kernel.modules import MODULES, text

    pages = f"-DRING_PAGES={RING_SIZE // mmap.PAGESIZE}"
    page = f"-DSOCK_TUI_PAGE_SIZE={mmap.PAGESIZE}"
    bpf = bcc.BPF(
        text=text(MODULES),
        cflags=[f"-I{BPF}", "-DCONSTANT(index)=0ULL", pages, page],
    )
    end_of("compile")
    for name, kind in (
        (b"on_getaddrinfo", bcc.BPF.KPROBE),  # a uprobe's program is of a kprobe's kind
        (b"on_getaddrinfo_return", bcc.BPF.KPROBE),
        (b"on_sys_enter_connect", bcc.BPF.TRACEPOINT),
    ):
        bpf.load_func(name, kind)
    end_of("load and verify")
    libc = libc_path().encode()
    tracefs.provide()
    bpf.attach_uprobe(name=libc, sym=SYMBOL, fn_name=b"on_getaddrinfo")
    bpf.attach_uretprobe(name=libc, sym=SYMBOL, fn_name=b"on_getaddrinfo_return")
    bpf.attach_tracepoint(tp=b"syscalls:sys_enter_connect", fn_name=b"on_sys_enter_connect")
    take: Callable[[object, int, int], int] = lambda _context, _data, _size: 0  # noqa: E731
    bpf["events"].open_ring_buffer(take)
    end_of("attach")
    phases["attached"] = last - float(sys.argv[1])
    print(json.dumps(phases), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
