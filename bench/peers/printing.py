"""A peer: what BCC's own small tools do, on the hooks that sock-tui uses.

A perf buffer of the default size, a callback for each event, a line printed for each. Ends on
SIGINT and then says on standard error how many events BCC reported as lost.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import bcc

from probes.hooks.connect import TRACEPOINT
from probes.kernel import tracefs
from probes.kernel.requirements import libc_path

HERE = Path(__file__).parent
ABI = HERE.parents[1] / "probes" / "bpf" / "abi"  # no kernel headers are needed, as by sock-tui


def main() -> None:
    """Attach, say so, print until SIGINT."""
    tracefs.provide()
    os.environ["BCC_KERNEL_SOURCE"] = str(ABI)
    flags = [f"-DSOCK_TUI_PAGE_SIZE={os.sysconf('SC_PAGE_SIZE')}"]
    bpf = bcc.BPF(text=(HERE / "printing.c").read_text(), cflags=flags)
    libc = libc_path().encode()
    bpf.attach_uprobe(name=libc, sym=b"getaddrinfo", fn_name=b"on_lookup")
    bpf.attach_uretprobe(name=libc, sym=b"getaddrinfo", fn_name=b"on_lookup_return")
    bpf.attach_tracepoint(tp=TRACEPOINT.encode(), fn_name=b"on_connect")
    lost = 0

    def on_connect(_cpu: int, data: int, _size: int) -> None:
        event = bpf["connects"].event(data)
        family = socket.AF_INET if event.family == socket.AF_INET else socket.AF_INET6
        address = socket.inet_ntop(family, bytes(event.address)[: 4 if family == 2 else 16])
        name = event.comm.decode("utf-8", "replace")
        print(f"{event.pid:<7} {event.uid:<5} {name:<16} {address:<39} {event.port}", flush=True)

    def on_name(_cpu: int, data: int, _size: int) -> None:
        event = bpf["names"].event(data)
        name = event.comm.decode("utf-8", "replace")
        host = event.name.decode("utf-8", "replace")
        print(f"{event.pid:<7} {name:<16} {event.took_ns / 1e6:10.3f} {host}", flush=True)

    def on_lost(count: int) -> None:
        nonlocal lost
        lost += count

    bpf["connects"].open_perf_buffer(on_connect, lost_cb=on_lost)
    bpf["names"].open_perf_buffer(on_name, lost_cb=on_lost)
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGINT, end)
    print("capturing", file=sys.stderr, flush=True)
    while not ended:
        bpf.perf_buffer_poll(100)
    print(f"lost {lost}", file=sys.stderr, flush=True)
    os._exit(0)  # BCC's own tidying up may fail aloud once tracefs is gone


if __name__ == "__main__":
    main()
