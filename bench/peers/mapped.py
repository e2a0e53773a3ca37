"""The limit: sock-tui's programs and ring buffer, attached as sock-tui does, read by a C program.

    mapped.py PROGRAM store|print PORT

PROGRAM is mapped.c, compiled. Ends on SIGINT, and then says on standard error how many connections
the C program saw, to PORT and others, and how many events the programs in the kernel could not
write.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from probes.hooks.kernel import Kernel
from probes.kernel.ring import RING_SIZE
from probes.kernel.task import Task
from probes.record import HookKind

_RING = re.compile(rf"map_type:\s*27\n(?:.*\n)*max_entries:\s*{RING_SIZE}\n")  # linux/bpf.h


def main() -> None:
    """Attach, hand the ring over, wait."""
    # Both get it from a terminal's control-c as well; the C program's end is the end of this one.
    signal.signal(signal.SIGINT, lambda *_: reader.send_signal(signal.SIGINT))
    program, way, port = sys.argv[1:]
    kernel = Kernel()
    kernel.attach(Task(HookKind.TRACEPOINT))
    fd = _ring()
    command = [program, str(fd), str(RING_SIZE), way, port]
    with subprocess.Popen(command, pass_fds=[fd]) as reader:
        status = reader.wait()
    print(f"lost {kernel.lost()}", file=sys.stderr, flush=True)
    kernel.close()
    sys.exit(status)


def _ring() -> int:
    """The descriptor of the one ring buffer that this process holds."""
    for entry in Path("/proc/self/fdinfo").iterdir():
        if _RING.search(entry.read_text()):
            return int(entry.name)
    sys.exit("mapped.py: the programs' ring buffer was not found among this process's maps")


if __name__ == "__main__":
    main()
